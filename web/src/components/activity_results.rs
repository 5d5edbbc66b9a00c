//! The results of the last operations.

use api::exports::ExportStatus;
use leptos::prelude::*;

use super::status_badge::StatusBadge;
use crate::activity::tray::{ActivityTray, ListedResult};
use crate::activity::{OperationResult, Outcome};
use crate::client;
use crate::navigation::RouteLink;
use crate::route::Route;

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
        export,
    } = result;
    // A test finds a complete file; a failure has its own name until the visitor closes it.
    let state = match outcome {
        Outcome::Completed => "done",
        Outcome::Cancelled => "cancelled-result",
        Outcome::Failed => "failed-result",
    };
    let word = kind.word();
    let archive = archive.map(|archive| view! { <p data-testid="cleanup-archive">{archive}</p> });
    let is_stored = outcome == Outcome::Completed;
    let links = export.map(|id| view! { <ExportLinks id is_stored/> });
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
            {links}
        </li>
    }
}

/// Leads to a background export, and to its file if there is one.
#[component]
fn ExportLinks(id: String, is_stored: bool) -> impl IntoView {
    let file = is_stored.then(|| {
        let url = client::export_download_url(&id);
        view! { <a class="button" href=url download="" data-testid="background-download">"Download"</a> }
    });
    view! {
        <div class="run-actions">
            {file}
            <RouteLink to=Route::BackgroundExport { id } testid="background-open">"Details"</RouteLink>
        </div>
    }
}

#[component]
fn Badge(outcome: Outcome) -> impl IntoView {
    let status = match outcome {
        Outcome::Completed => ExportStatus::Completed,
        Outcome::Cancelled => ExportStatus::Cancelled,
        Outcome::Failed => ExportStatus::Failed,
    };
    view! { <StatusBadge status/> }
}
