//! What is to become of a whole dump: the visitor looks, chooses, and means it.

use leptos::prelude::*;
use wasm_export::browser::contents::DumpContents;

use super::archive_contents::ArchiveContents;
use super::confirm::{Confirmer, Question};
use crate::restore::chosen::ChosenFile;
use crate::restore::run::{Dump, Restorer};
use crate::restore::{Manner, Plan};

/// What is in a whole dump, and what the visitor can do with it.
#[component]
pub fn RestorePlan(
    contents: DumpContents,
    chosen: ChosenFile,
    database: Signal<Option<String>>,
    confirmer: Confirmer,
) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let name = chosen.name();
    let start = move |plan| {
        if let Some(file) = chosen.file() {
            restorer.start(&Dump::File(file), plan);
        }
    };
    view! {
        <div class="run-head">
            <p role="status" data-testid="archive-whole">
                <strong>{name.clone()}</strong> " is whole: all that its table of contents promises is in it."
            </p>
            <button type="button" data-testid="archive-forget" on:click=move |_| chosen.forget()>"Another file"</button>
        </div>
        <ArchiveContents contents/>
        <PlanChoice name database confirmer start=Callback::new(start)/>
    }
}

/// How the dump of this name is to be restored; `start` is called when the visitor means it.
#[component]
pub fn PlanChoice(
    name: String,
    database: Signal<Option<String>>,
    confirmer: Confirmer,
    start: Callback<Plan>,
) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let plan = RwSignal::new(Plan::default());
    let group = format!("manner-{name}");
    let manners = Manner::ALL
        .iter()
        .map(|&manner| view! { <MannerChoice manner plan group=group.clone()/> });
    let ask = move |_| {
        if let Some(database) = database.get_untracked() {
            confirmer.ask(question(&name, plan.get_untracked(), database, start));
        }
    };
    view! {
        <fieldset class="modes">
            <legend class="faint">"What becomes of the database"</legend>
            {manners.collect_view()}
        </fieldset>
        <fieldset class="modes">
            <legend class="faint">"What of the dump"</legend>
            <label>
                <input
                    type="checkbox"
                    data-testid="restore-skip-logs"
                    prop:checked=move || plan.get().skip_logs
                    on:change=move |event| plan.update(|plan| plan.skip_logs = event_target_checked(&event))
                />
                "Leave out the log of requests"
                <span class="faint">
                    "The rows of message_request. Where the dump replaces the database, the log is empty then."
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
fn MannerChoice(manner: Manner, plan: RwSignal<Plan>, group: String) -> impl IntoView {
    view! {
        <label>
            <input
                type="radio"
                name=group
                data-testid=format!("restore-{}", manner.word())
                prop:checked=move || plan.get().manner == manner
                on:change=move |_| plan.update(|plan| plan.manner = manner)
            />
            {manner.title()}
            <span class="faint">{manner.description()}</span>
        </label>
    }
}

/// What is asked before a restore: to replace a database, its name.
fn question(file: &str, plan: Plan, database: String, start: Callback<Plan>) -> Question {
    let without_logs = if plan.skip_logs {
        " The rows of message_request are left out."
    } else {
        ""
    };
    let then = Callback::new(move |()| start.run(plan));
    match plan.manner {
        Manner::Clean => Question {
            title: format!("Replace {database}?"),
            text: format!(
                "{file} takes the place of the database {database}: what was written since the dump is no longer in it. \
                 The database as it is now is kept beside it.{without_logs}"
            ),
            word: Some(database),
            yes: "Replace",
            then,
        },
        Manner::Merge => Question {
            title: format!("Add to {database}?"),
            text: format!(
                "What is in {file} and not in the database {database} is inserted there.{without_logs}"
            ),
            word: None,
            yes: "Add what is missing",
            then,
        },
    }
}
