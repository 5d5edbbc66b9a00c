//! The options of a restore, and the question before it.

use api::restore::{RestoreMode, RestoreRequest};
use leptos::prelude::*;
use wasm_export::browser::contents::DumpContents;

use super::dump_contents::DumpContentsView;
use crate::confirmer::{Confirmer, Question};
use crate::hub::Hub;
use crate::restore::chosen_file::ChosenFile;
use crate::restore::run::Restorer;
use crate::restore::source::RestoreSource;
use crate::restore::{DEFAULT_REQUEST, MODES, mode};
use crate::wording;

/// The contents of a complete dump, and its restore.
#[component]
pub fn CheckedFile(
    contents: DumpContents,
    chosen: ChosenFile,
    database: Signal<Option<String>>,
    confirmer: Confirmer,
) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let name = chosen.name();
    let start = move |options| {
        if let Some(file) = chosen.file() {
            restorer.start(&RestoreSource::File(file), options);
        }
    };
    view! {
        <div class="run-head">
            <p role="status" data-testid="archive-whole">
                <strong>{name.clone()}</strong> " is complete: it contains everything that its table of contents lists."
            </p>
            <button type="button" data-testid="archive-forget" on:click=move |_| chosen.forget()>"Choose another file"</button>
        </div>
        <DumpContentsView contents/>
        <RestoreOptionsForm name database confirmer start=Callback::new(start)/>
    }
}

/// Calls `start` after the visitor has confirmed.
#[component]
pub fn RestoreOptionsForm(
    name: String,
    database: Signal<Option<String>>,
    confirmer: Confirmer,
    start: Callback<RestoreRequest>,
) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let options = RwSignal::new(DEFAULT_REQUEST);
    let group = format!("restore-mode-{name}");
    let modes = MODES
        .iter()
        .map(|&choice| view! { <ModeChoice choice options group=group.clone()/> });
    let hub = expect_context::<Hub>();
    let ask = move |_| {
        if let Some(database) = database.get_untracked() {
            confirmer.ask(question(&name, options.get_untracked(), database, start));
        }
    };
    view! {
        <fieldset class="modes">
            <legend class="faint">"Restore mode"</legend>
            {modes.collect_view()}
        </fieldset>
        <fieldset class="modes">
            <legend class="faint">"Contents"</legend>
            {move || hub.exists().then(|| view! { <SkipLogs options/> })}
            <label>
                <input
                    type="checkbox"
                    data-testid="restore-allow-missing-tables"
                    prop:checked=move || options.get().allow_missing_tables
                    on:change=move |event| {
                        options.update(|options| options.allow_missing_tables = event_target_checked(&event));
                    }
                />
                "Remove tables that the dump lacks"
                <span class="faint">
                    "Replace mode refuses a dump without tables that the database has, unless this is checked."
                </span>
            </label>
        </fieldset>
        <div class="dump-actions">
            <button
                type="button"
                class="primary"
                data-testid="restore-start"
                disabled=move || database.with(Option::is_none) || restorer.is_under_way()
                on:click=ask
            >
                "Restore…"
            </button>
        </div>
    }
}

/// Only a hub has this log.
#[component]
fn SkipLogs(options: RwSignal<RestoreRequest>) -> impl IntoView {
    view! {
        <label>
            <input
                type="checkbox"
                data-testid="restore-skip-logs"
                prop:checked=move || options.get().skip_logs
                on:change=move |event| options.update(|options| options.skip_logs = event_target_checked(&event))
            />
            "Skip the request log"
            <span class="faint">
                "Rows of message_request are not restored. In replace mode, the log is empty afterwards."
            </span>
        </label>
    }
}

#[component]
fn ModeChoice(choice: RestoreMode, options: RwSignal<RestoreRequest>, group: String) -> impl IntoView {
    view! {
        <label>
            <input
                type="radio"
                name=group
                data-testid=format!("restore-{}", test_id(choice))
                prop:checked=move || mode(options.get()) == choice
                on:change=move |_| options.update(|options| options.clean_first = choice == RestoreMode::Clean)
            />
            {wording::restore::mode_title(choice)}
            <span class="faint">{wording::restore::mode_description(choice)}</span>
        </label>
    }
}

fn test_id(mode: RestoreMode) -> &'static str {
    match mode {
        RestoreMode::Clean => "clean",
        RestoreMode::Merge => "merge",
    }
}

/// Replacing a database requires its name to be typed.
fn question(
    file: &str,
    options: RestoreRequest,
    database: String,
    start: Callback<RestoreRequest>,
) -> Question {
    let without_logs = if options.skip_logs {
        " The rows of message_request are skipped."
    } else {
        ""
    };
    let then = Callback::new(move |()| start.run(options));
    match mode(options) {
        RestoreMode::Clean => Question {
            title: format!("Replace {database}?"),
            text: format!(
                "{file} replaces the database {database}. Everything written since the dump is missing afterwards. \
                 The current database is kept as a previous database.{without_logs}"
            ),
            word: Some(database),
            yes: "Replace the database".to_owned(),
            then,
        },
        RestoreMode::Merge => Question {
            title: format!("Merge into {database}?"),
            text: format!(
                "Rows of {file} that are missing in the database {database} are inserted.{without_logs}"
            ),
            word: None,
            yes: "Merge missing rows".to_owned(),
            then,
        },
    }
}
