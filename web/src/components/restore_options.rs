//! The options of a restore, and the question before it.

use leptos::prelude::*;
use wasm_export::browser::contents::DumpContents;

use super::confirm::{Confirmer, Question};
use super::dump_contents::DumpContentsView;
use crate::restore::chosen_file::ChosenFile;
use crate::restore::run::Restorer;
use crate::restore::source::RestoreSource;
use crate::restore::{RestoreMode, RestoreOptions};

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
    start: Callback<RestoreOptions>,
) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let options = RwSignal::new(RestoreOptions::default());
    let group = format!("restore-mode-{name}");
    let modes = RestoreMode::ALL
        .iter()
        .map(|&mode| view! { <ModeChoice mode options group=group.clone()/> });
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

#[component]
fn ModeChoice(mode: RestoreMode, options: RwSignal<RestoreOptions>, group: String) -> impl IntoView {
    view! {
        <label>
            <input
                type="radio"
                name=group
                data-testid=format!("restore-{}", mode.word())
                prop:checked=move || options.get().mode == mode
                on:change=move |_| options.update(|options| options.mode = mode)
            />
            {mode.title()}
            <span class="faint">{mode.description()}</span>
        </label>
    }
}

/// Replacing a database requires its name to be typed.
fn question(
    file: &str,
    options: RestoreOptions,
    database: String,
    start: Callback<RestoreOptions>,
) -> Question {
    let without_logs = if options.skip_logs {
        " The rows of message_request are skipped."
    } else {
        ""
    };
    let then = Callback::new(move |()| start.run(options));
    match options.mode {
        RestoreMode::Replace => Question {
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
