//! A sign and a word for the state of an export, so that the colour is not needed.

use api::exports::ExportStatus;
use api::schedules::ScheduleStatus;
use leptos::prelude::*;

use crate::wording;

const CLOCK: &str = "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM7 4v3.2l2.2 1.6";

const CROSS: &str = "M3 3l8 8M11 3l-8 8";

#[component]
pub fn StatusBadge(status: ExportStatus) -> impl IntoView {
    let (class, sign) = match status {
        ExportStatus::Completed => ("outcome outcome-completed", "M2.5 7.5l3 3 6-7"),
        ExportStatus::Failed => ("outcome outcome-failed", CROSS),
        ExportStatus::Cancelled => (
            "outcome",
            "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM3.2 10.8l7.6-7.6",
        ),
        ExportStatus::Processing => (
            "outcome outcome-running",
            "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM7 1.5v11M8.5 4h2.6M8.5 7h3.5M8.5 10h2.6",
        ),
        ExportStatus::Queued => ("outcome", "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11z"),
        ExportStatus::Scheduled => ("outcome", CLOCK),
        ExportStatus::Expired => ("outcome", "M3 7h8"),
    };
    let word = wording::background::status(status);
    view! { <Badge class sign word/> }
}

/// The same for the state of a schedule.
#[component]
pub fn ScheduleBadge(status: ScheduleStatus) -> impl IntoView {
    let (class, sign) = match status {
        ScheduleStatus::Active => ("outcome outcome-running", CLOCK),
        ScheduleStatus::Paused => ("outcome", "M4.5 2.5v9M9.5 2.5v9"),
        ScheduleStatus::Ended => ("outcome", "M3 7h8"),
        ScheduleStatus::Error => ("outcome outcome-failed", CROSS),
    };
    let word = wording::schedules::status(status);
    view! { <Badge class sign word/> }
}

#[component]
fn Badge(
    class: &'static str,
    /// The path of an SVG of 14 × 14.
    sign: &'static str,
    word: &'static str,
) -> impl IntoView {
    view! {
        <span class=class>
            <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><path d=sign/></svg>
            {word}
        </span>
    }
}
