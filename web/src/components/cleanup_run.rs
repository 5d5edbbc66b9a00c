//! The panel of the visitor's clean-up.

use api::cleanup::{ArchiveManifest, CleanupProgress, CleanupResult};
use leptos::prelude::*;

use crate::log_cleanup::run::{Cleaner, CleanupState};
use crate::wording;

#[component]
pub fn CleanupRun() -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    // Only a change of this memo renders the panel again, not each progress event.
    let settled = Memo::new(move |_| match cleaner.state() {
        CleanupState::Running(_) => None,
        settled => Some(settled),
    });
    move || match settled.get() {
        None => view! { <Running/> }.into_any(),
        Some(CleanupState::Cancelled) => {
            let text = "The server finishes the current batch. The status above then shows how many rows were deleted.";
            view! { <Stopped title="Clean-up cancelled".to_owned() text=text.to_owned()/> }.into_any()
        }
        Some(CleanupState::Failed(problem)) => {
            let title = format!("The clean-up stopped: {}", problem.title);
            view! { <Stopped title text=problem.detail/> }.into_any()
        }
        Some(CleanupState::Stopped(failure)) => {
            let deleted = match failure.deleted {
                0 => "Nothing was deleted.".to_owned(),
                deleted => format!("Deleted: {}.", wording::rows(deleted)),
            };
            let text = format!("{}. {deleted}", failure.message.trim_end_matches('.'));
            view! { <Stopped title="The clean-up stopped".to_owned() text/> }.into_any()
        }
        Some(CleanupState::Finished(result)) => view! { <Done result/> }.into_any(),
        Some(_) => ().into_any(),
    }
}

#[component]
fn Running() -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    let progress = Memo::new(move |_| match cleaner.state() {
        CleanupState::Running(progress) => progress,
        _ => CleanupProgress::default(),
    });
    let percent = move || progress.with(|progress| progress.percent);
    view! {
        <section class="card run" aria-label="Clean-up" data-testid="cleanup-running">
            <div class="run-head">
                <p class="run-title" role="status">{move || progress.with(|progress| wording::cleanup::phase(progress.phase))}</p>
                <button type="button" data-testid="cleanup-cancel" on:click=move |_| cleaner.cancel()>"Cancel"</button>
            </div>
            <div class="run-bar">
                <progress aria-label="Clean-up progress" max="100" value=percent></progress>
                <span class="run-percent">{percent} " %"</span>
            </div>
            <dl class="figures">
                <div><dt>"To delete"</dt><dd>{move || wording::rows(progress.with(|progress| progress.total))}</dd></div>
                <div><dt>"Deleted"</dt><dd data-testid="cleanup-deleted">{move || wording::rows(progress.with(|progress| progress.deleted))}</dd></div>
                <div><dt>"Batches"</dt><dd>{move || wording::count(progress.with(|progress| progress.batches))}</dd></div>
            </dl>
        </section>
    }
}

#[component]
fn Stopped(title: String, text: String) -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    view! {
        <section class="card run run-failed" aria-label="Clean-up" data-testid="cleanup-stopped">
            <p class="run-title">{title}</p>
            <p>{text}</p>
            <div class="run-actions">
                <button type="button" on:click=move |_| cleaner.forget()>"Close"</button>
            </div>
        </section>
    }
}

#[component]
fn Done(result: CleanupResult) -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    let sentence = wording::cleanup::result(&result);
    let archive = result.archive.map(|archive| {
        let ArchiveManifest {
            file, rows, bytes, ..
        } = archive;
        let size = format!("{}, {}", wording::rows(rows), wording::bytes(bytes));
        view! {
            <p data-testid="cleanup-archive">
                "Archive on the server: " <code>{file}</code> {format!(" ({size}). Restore it with ")}
                <code>"decant cleanup restore"</code> "."
            </p>
        }
    });
    view! {
        <section class="card run run-done" aria-label="Clean-up" data-testid="cleanup-done">
            <div class="run-head">
                <p>{sentence}</p>
                <button type="button" class="quiet" on:click=move |_| cleaner.forget()>"Close"</button>
            </div>
            {archive}
        </section>
    }
}
