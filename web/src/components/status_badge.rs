//! A sign and a word for the state of an export, so that the colour is not needed.

use api::deliveries::DeliveryStatus;
use api::exports::ExportStatus;
use api::schedules::ScheduleStatus;
use leptos::prelude::*;

use crate::wording;

const CLOCK: &str = "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM7 4v3.2l2.2 1.6";

const CROSS: &str = "M3 3l8 8M11 3l-8 8";

const TICK: &str = "M2.5 7.5l3 3 6-7";

const CIRCLE: &str = "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11z";

const CROSSED_CIRCLE: &str = "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM3.2 10.8l7.6-7.6";

const HALF_CIRCLE: &str = "M7 1.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM7 1.5v11M8.5 4h2.6M8.5 7h3.5M8.5 10h2.6";

#[component]
pub fn StatusBadge(status: ExportStatus) -> impl IntoView {
    let (class, sign) = match status {
        ExportStatus::Completed => ("outcome outcome-completed", TICK),
        ExportStatus::Failed => ("outcome outcome-failed", CROSS),
        ExportStatus::Cancelled => ("outcome", CROSSED_CIRCLE),
        ExportStatus::Processing => ("outcome outcome-running", HALF_CIRCLE),
        ExportStatus::Queued => ("outcome", CIRCLE),
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

/// The same for the state of a delivery.
#[component]
pub fn DeliveryBadge(status: DeliveryStatus) -> impl IntoView {
    let (class, sign) = match status {
        DeliveryStatus::Waiting | DeliveryStatus::Queued => ("outcome", CIRCLE),
        DeliveryStatus::Sending => ("outcome outcome-running", HALF_CIRCLE),
        DeliveryStatus::Delivered => ("outcome outcome-completed", TICK),
        DeliveryStatus::Failed => ("outcome outcome-failed", CROSS),
        DeliveryStatus::Cancelled => ("outcome", CROSSED_CIRCLE),
    };
    let word = wording::deliveries::status(status);
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
