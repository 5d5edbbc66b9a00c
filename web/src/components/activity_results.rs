//! The results of the last operations.

use leptos::prelude::*;

use crate::activity::tray::{ActivityTray, ListedResult};
use crate::activity::{OperationResult, Outcome};

#[component]
pub fn ActivityResults() -> impl IntoView {
    let tray = expect_context::<ActivityTray>();
    view! {
        <ul class="activity-list">
            <For
                each=move || tray.results()
                key=|listed| listed.id
                children=|listed| view! { <ResultItem listed/> }
            />
        </ul>
    }
}

#[component]
fn ResultItem(listed: ListedResult) -> impl IntoView {
    let tray = expect_context::<ActivityTray>();
    let ListedResult { id, result } = listed;
    let OperationResult {
        kind,
        name,
        outcome,
        details,
        archive,
    } = result;
    // A test finds a complete file; a failure has its own name until the visitor closes it.
    let state = match outcome {
        Outcome::Completed => "done",
        Outcome::Cancelled => "cancelled-result",
        Outcome::Failed => "failed-result",
    };
    let word = kind.word();
    let archive = archive.map(|archive| view! { <p data-testid="cleanup-archive">{archive}</p> });
    view! {
        <li data-testid=format!("{word}-{state}")>
            <div class="result">
                <p class="result-name">{name.clone()}</p>
                <button
                    type="button"
                    class="quiet icon"
                    aria-label=format!("Remove {name} from the list")
                    data-testid=format!("{word}-close")
                    on:click=move |_| tray.remove_result(id)
                >
                    "×"
                </button>
                <p class="result-details"><Badge outcome/> " " {details}</p>
                {archive}
            </div>
        </li>
    }
}

/// A sign and a word, so that the colour is not needed.
#[component]
fn Badge(outcome: Outcome) -> impl IntoView {
    let (class, sign) = match outcome {
        Outcome::Completed => ("outcome outcome-completed", "M2.5 7.5l3 3 6-7"),
        Outcome::Cancelled => (
            "outcome",
            "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM3.2 10.8l7.6-7.6",
        ),
        Outcome::Failed => ("outcome outcome-failed", "M3 3l8 8M11 3l-8 8"),
    };
    view! {
        <span class=class>
            <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><path d=sign/></svg>
            {outcome.title()}
        </span>
    }
}
