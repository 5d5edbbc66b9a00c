//! The visitor's clean-up in the activity tray, while it runs or after it has stopped.

use api::cleanup::CleanupProgress;
use leptos::prelude::*;

use super::run_bar::RunBar;
use crate::activity::Outcome;
use crate::log_cleanup::run::{Cleaner, CleanupState};
use crate::wording;

#[component]
pub fn CleanupItem() -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    // Only a change of this memo renders the item again, not each progress event.
    let settled = Memo::new(move |_| match cleaner.state() {
        CleanupState::Running(_) => None,
        settled => Some(settled),
    });
    move || {
        let (title, text, outcome) = match settled.get() {
            None => return view! { <li><Running/></li> }.into_any(),
            Some(CleanupState::Idle | CleanupState::Running(_)) => return ().into_any(),
            Some(CleanupState::Cancelled) => {
                let text = "The server finishes the current batch. The page Log clean-up then shows how many rows \
                            were deleted.";
                (
                    "Clean-up cancelled".to_owned(),
                    text.to_owned(),
                    Outcome::Cancelled,
                )
            }
            Some(CleanupState::Failed(problem)) => {
                let title = format!("The clean-up stopped: {}", problem.title);
                (title, problem.detail, Outcome::Failed)
            }
            Some(CleanupState::Stopped(failure)) => {
                let deleted = match failure.deleted {
                    0 => "Nothing was deleted.".to_owned(),
                    deleted => format!("Deleted: {}.", wording::rows(deleted)),
                };
                let text = format!("{}. {deleted}", failure.message.trim_end_matches('.'));
                ("The clean-up stopped".to_owned(), text, Outcome::Failed)
            }
        };
        view! { <li><Stopped title text outcome/></li> }.into_any()
    }
}

#[component]
fn Running() -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    let progress = Memo::new(move |_| match cleaner.state() {
        CleanupState::Running(progress) => progress,
        _ => CleanupProgress::default(),
    });
    let deleted = move || wording::rows(progress.with(|progress| progress.deleted));
    let total = move || {
        format!(
            " of {} deleted",
            wording::rows(progress.with(|progress| progress.total))
        )
    };
    view! {
        <section class="run" aria-label="Log clean-up" data-testid="cleanup-running">
            <div class="run-head">
                <p class="run-title">{move || progress.with(|progress| wording::cleanup::phase(progress.phase))}</p>
                <button
                    type="button"
                    aria-label="Cancel the clean-up"
                    data-testid="cleanup-cancel"
                    on:click=move |_| cleaner.cancel()
                >
                    "Cancel"
                </button>
            </div>
            <RunBar label="Progress of the clean-up" percent=Signal::derive(move || cleaner.percent())/>
            <p class="run-facts"><span data-testid="cleanup-deleted">{deleted}</span> {total}</p>
        </section>
    }
}

#[component]
fn Stopped(title: String, text: String, outcome: Outcome) -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    let details = text.clone();
    view! {
        <section class="run run-failed" aria-label="Log clean-up" data-testid="cleanup-stopped">
            <p class="run-title">{title}</p>
            <p>{text}</p>
            <div class="run-actions">
                <button
                    type="button"
                    aria-label="Close the clean-up"
                    on:click=move |_| cleaner.forget(outcome, details.clone())
                >
                    "Close"
                </button>
            </div>
        </section>
    }
}
