//! A sign and a word for the state of an export, so that the colour is not needed.

use api::exports::ExportStatus;
use leptos::prelude::*;

use crate::wording;

#[component]
pub fn StatusBadge(status: ExportStatus) -> impl IntoView {
    let (class, sign) = match status {
        ExportStatus::Completed => ("outcome outcome-completed", "M2.5 7.5l3 3 6-7"),
        ExportStatus::Failed => ("outcome outcome-failed", "M3 3l8 8M11 3l-8 8"),
        ExportStatus::Cancelled => (
            "outcome",
            "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM3.2 10.8l7.6-7.6",
        ),
        ExportStatus::Processing => (
            "outcome outcome-running",
            "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM7 1.5v11M8.5 4h2.6M8.5 7h3.5M8.5 10h2.6",
        ),
        ExportStatus::Queued => ("outcome", "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11z"),
        ExportStatus::Scheduled => (
            "outcome",
            "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM7 4v3.2l2.2 1.6",
        ),
        ExportStatus::Expired => ("outcome", "M3 7h8"),
    };
    view! {
        <span class=class>
            <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><path d=sign/></svg>
            {wording::background::status(status)}
        </span>
    }
}
