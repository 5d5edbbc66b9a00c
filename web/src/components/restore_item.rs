//! The visitor's restore in the activity tray while it runs. The page Database shows its log and its result.

use leptos::prelude::*;

use super::run_bar::RunBar;
use crate::navigation::RouteLink;
use crate::restore::run::{RestoreState, Restorer};
use crate::route::Route;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Uploading,
    Restoring,
}

#[component]
pub fn RestoreItem() -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let phase = Memo::new(move |_| match restorer.state() {
        RestoreState::Sending { .. } => Some(Phase::Uploading),
        RestoreState::Working { .. } => Some(Phase::Restoring),
        _ => None,
    });
    move || {
        let phase = phase.get()?;
        let verb = match phase {
            Phase::Uploading => "Uploading ",
            Phase::Restoring => "Restoring ",
        };
        let cancel = (phase == Phase::Uploading).then(|| {
            view! {
                <button
                    type="button"
                    aria-label="Cancel the upload"
                    data-testid="activity-restore-cancel"
                    on:click=move |_| restorer.cancel()
                >
                    "Cancel"
                </button>
            }
        });
        Some(view! {
            <li>
                <section class="run" aria-label="Restore" data-testid="activity-restore">
                    <div class="run-head">
                        <p class="run-title">{verb} {restorer.file_name()}</p>
                        {cancel}
                    </div>
                    <RunBar label="Progress of the restore" percent=Signal::derive(move || restorer.percent())/>
                    <p class="run-facts"><RouteLink to=Route::Database>"Open the log"</RouteLink></p>
                </section>
            </li>
        })
    }
}
