//! The start of a restore: the visitor chooses a file, and the page checks it.

use std::mem::{Discriminant, discriminant};

use leptos::html::Section;
use leptos::prelude::*;
use wasm_export::rows::Problem;

use super::drop_zone::DropZone;
use super::focus::{Scroll, take_focus_if_lost};
use super::restore_options::CheckedFile;
use crate::confirmer::Confirmer;
use crate::restore::chosen_file::{ChosenFile, FileState};
use crate::restore::run::{RestoreState, Restorer};
use crate::throughput::percent;
use crate::wording;

/// `database` is the name of the live database, `None` while it does not answer.
#[component]
pub fn RestoreForm(database: Signal<Option<String>>, confirmer: Confirmer) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let chosen = ChosenFile::new();
    // After a successful restore the form is empty again.
    Effect::new(move || {
        if matches!(restorer.state(), RestoreState::Done { .. }) {
            chosen.forget();
        }
    });
    // Only a change of this memo renders the panel again; progress arrives ten times a second.
    let kind = Memo::new(move |_| discriminant(&chosen.get()));
    let shown = move || {
        let _ = kind.get();
        match untrack(|| chosen.get()) {
            FileState::Empty => view! { <DropZone on_file=move |file| chosen.choose(file)/> }.into_any(),
            FileState::Reading { .. } => view! { <Reading chosen/> }.into_any(),
            FileState::Invalid(problem) => view! { <Refused problem chosen/> }.into_any(),
            FileState::Complete(contents) => {
                view! { <CheckedFile contents chosen database confirmer/> }.into_any()
            }
        }
    };
    let panel = NodeRef::<Section>::new();
    take_lost_focus(panel, kind);
    view! {
        // Hidden and not removed during a restore, so that the visitor can try the same file again
        // afterwards.
        <section
            class="card stack"
            aria-labelledby="restore-title"
            tabindex="-1"
            data-testid="restore"
            node_ref=panel
            hidden=move || restorer.is_under_way()
        >
            <h2 id="restore-title">"Restore"</h2>
            <p class="faint">
                "Restores a dump. First the server checks the file, dumps the current database for safety and restores the \
                 file into a staging database. A restore succeeds completely or changes nothing."
            </p>
            {shown}
        </section>
    }
}

/// Gives the panel the focus when its content changes and removes the focused element.
fn take_lost_focus(panel: NodeRef<Section>, kind: Memo<Discriminant<FileState>>) {
    Effect::new(move |before: Option<()>| {
        let _ = kind.get();
        if before.is_some() {
            take_focus_if_lost(panel, Scroll::Prevented);
        }
    });
}

#[component]
fn Reading(chosen: ChosenFile) -> impl IntoView {
    let (name, size) = (chosen.name(), chosen.size());
    let bytes = move || match chosen.get() {
        FileState::Reading { bytes } => bytes,
        _ => size,
    };
    let done = move || percent(bytes(), Some(size));
    let of = wording::bytes(size);
    view! {
        <div class="stack" role="group" aria-label="Checking the file" data-testid="archive-reading">
            <div class="run-head">
                <p role="status"><strong>"Checking " {name}</strong></p>
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
            <p class="faint">{move || format!("{} of {of} read in this browser. Nothing is uploaded yet.", wording::bytes(bytes()))}</p>
        </div>
    }
}

#[component]
fn Refused(problem: Problem, chosen: ChosenFile) -> impl IntoView {
    view! {
        <div class="caution" role="alert" data-testid="archive-refused">
            <p class="notice-title">{chosen.name()} ": " {problem.title}</p>
            <p>{problem.detail} " Nothing was uploaded."</p>
        </div>
        <DropZone on_file=move |file| chosen.choose(file)/>
    }
}
