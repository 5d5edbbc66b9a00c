//! Where a restore begins: a file is chosen and looked into, the visitor says what is to become of it.

use std::mem::discriminant;

use leptos::prelude::*;
use wasm_export::browser::contents::DumpContents;
use wasm_export::rows::Problem;

use super::archive_contents::ArchiveContents;
use super::confirm::{Confirmer, Question};
use super::drop_zone::DropZone;
use crate::pace::percent;
use crate::restore::chosen::{Chosen, ChosenFile};
use crate::restore::run::{RestoreState, Restorer};
use crate::restore::{Manner, Plan};
use crate::wording;

/// A dump put back into the database of this name; without a name, it does not answer.
#[component]
pub fn RestoreForm(database: Signal<Option<String>>, confirmer: Confirmer) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let chosen = ChosenFile::new();
    // What has been restored need not be there to be restored once more.
    Effect::new(move || {
        if matches!(restorer.state(), RestoreState::Done { .. }) {
            chosen.forget();
        }
    });
    // Reading tells ten times a second how far it is; only this keeps the panel itself in place.
    let kind = Memo::new(move |_| discriminant(&chosen.get()));
    let shown = move || {
        let _ = kind.get();
        match untrack(|| chosen.get()) {
            Chosen::Nothing => view! { <DropZone on_file=move |file| chosen.choose(file)/> }.into_any(),
            Chosen::Reading { .. } => view! { <Reading chosen/> }.into_any(),
            Chosen::Refused(problem) => view! { <Refused problem chosen/> }.into_any(),
            Chosen::Whole(contents) => view! { <Whole contents chosen database confirmer/> }.into_any(),
        }
    };
    view! {
        // In the place of what is under way: nothing else can begin meanwhile, but may be tried again afterwards.
        <section
            class="card stack"
            aria-labelledby="restore-title"
            data-testid="restore"
            hidden=move || restorer.is_under_way()
        >
            <h2 id="restore-title">"Restore"</h2>
            <p class="faint">
                "A dump put back. Before anything is touched, the server reads the file to its end, dumps the database for \
                 safety, and tries the dump in a database aside: it is restored as a whole or not at all."
            </p>
            {shown}
        </section>
    }
}

#[component]
fn Reading(chosen: ChosenFile) -> impl IntoView {
    let (name, size) = (chosen.name(), chosen.size());
    let bytes = move || match chosen.get() {
        Chosen::Reading { bytes } => bytes,
        _ => size,
    };
    let done = move || percent(bytes(), Some(size));
    let of = wording::bytes(size);
    view! {
        <div class="stack" role="group" aria-label="Looking into the file" data-testid="archive-reading">
            <div class="run-head">
                <p role="status"><strong>"Looking into " {name}</strong></p>
                <button type="button" data-testid="archive-cancel" on:click=move |_| chosen.forget()>"Cancel"</button>
            </div>
            <div class="run-bar">
                <progress
                    aria-label="Reading"
                    max="100"
                    value=move || done().map(|percent| percent.to_string())
                ></progress>
                <span class="run-percent">{move || done().map(|percent| format!("{percent} %"))}</span>
            </div>
            <p class="faint">{move || format!("{} of {of} read, here and not on the server.", wording::bytes(bytes()))}</p>
        </div>
    }
}

#[component]
fn Refused(problem: Problem, chosen: ChosenFile) -> impl IntoView {
    view! {
        <div class="caution" role="alert" data-testid="archive-refused">
            <p class="notice-title">{chosen.name()} ": " {problem.title}</p>
            <p>{problem.detail} " Nothing was sent."</p>
        </div>
        <DropZone on_file=move |file| chosen.choose(file)/>
    }
}

#[component]
fn Whole(
    contents: DumpContents,
    chosen: ChosenFile,
    database: Signal<Option<String>>,
    confirmer: Confirmer,
) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let plan = RwSignal::new(Plan::default());
    let ask = move |_| {
        let Some(database) = database.get_untracked() else {
            return;
        };
        confirmer.ask(question(
            &chosen.name(),
            plan.get_untracked(),
            database,
            move |plan| {
                if let Some(file) = chosen.file() {
                    restorer.start(&file, plan);
                }
            },
        ));
    };
    view! {
        <div class="run-head">
            <p role="status" data-testid="archive-whole">
                <strong>{chosen.name()}</strong> " is whole: all that its table of contents promises is in it."
            </p>
            <button type="button" data-testid="archive-forget" on:click=move |_| chosen.forget()>"Another file"</button>
        </div>
        <ArchiveContents contents/>
        <fieldset class="modes">
            <legend class="faint">"What becomes of the database"</legend>
            {Manner::ALL.iter().map(|&manner| view! { <MannerChoice manner plan/> }).collect_view()}
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
                disabled=move || database.with(Option::is_none)
                on:click=ask
            >
                "Restore…"
            </button>
        </div>
    }
}

#[component]
fn MannerChoice(manner: Manner, plan: RwSignal<Plan>) -> impl IntoView {
    view! {
        <label>
            <input
                type="radio"
                name="manner"
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
fn question(
    file: &str,
    plan: Plan,
    database: String,
    start: impl Fn(Plan) + Send + Sync + 'static,
) -> Question {
    let without_logs = if plan.skip_logs {
        " The rows of message_request are left out."
    } else {
        ""
    };
    let then = Callback::new(move |()| start(plan));
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
