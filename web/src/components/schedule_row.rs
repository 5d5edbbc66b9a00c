//! A schedule in the list.

use std::collections::BTreeMap;

use api::schedules::Schedule;
use leptos::prelude::*;

use super::schedule_actions::ScheduleActionButtons;
use super::status_badge::ScheduleBadge;
use crate::browser;
use crate::delivery_draft::recipients;
use crate::navigation::RouteLink;
use crate::route::Route;
use crate::schedule_actions::ScheduleActions;
use crate::schedules_view::SchedulesView;
use crate::wording::export::format_of_word;
use crate::wording::export_limits::hours;
use crate::wording::{deliveries, moment_in, schedules as wording};

#[component]
pub fn ScheduleRow(
    id: u64,
    view: SchedulesView,
    actions: ScheduleActions,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let schedule = Memo::new(move |_| view.schedule(id));
    let of_schedule =
        move |text: fn(&Schedule) -> String| move || schedule.with(|schedule| schedule.as_ref().map(text));
    let about = move || {
        schedule.with(|schedule| {
            let schedule = schedule.as_ref()?;
            let title = titles.with(|titles| titles.get(&schedule.dataset).cloned());
            let title = title.unwrap_or_else(|| schedule.dataset.clone());
            let format = format_of_word(&schedule.format);
            let recurrence = wording::recurrence(&schedule.recurrence);
            let recipients = deliveries::recipients(recipients(&schedule.parameters).len());
            let by = format!("by {}", schedule.created_by);
            let facts = [
                Some(format!("{title}, {format}")),
                Some(recurrence),
                Some(by),
                recipients,
            ];
            Some(facts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
        })
    };
    let status =
        Memo::new(move |_| schedule.with(|schedule| schedule.as_ref().map(|schedule| schedule.status)));
    let badge = move || status.get().map(|status| view! { <ScheduleBadge status/> });
    let last = Memo::new(move |_| {
        schedule.with(|schedule| {
            let schedule = schedule.as_ref()?;
            let text = wording::last_run(schedule.last_run_at, browser::moment);
            Some((text, schedule.last_export_id.clone()))
        })
    });
    let last = move || {
        last.get().map(|(text, id)| match id {
            Some(id) => {
                let to = Route::BackgroundExport { id };
                view! { <RouteLink to testid="last-export">{text}</RouteLink> }.into_any()
            }
            None => text.into_any(),
        })
    };
    let failures = move || {
        let failures = schedule.with(|schedule| wording::failures(schedule.as_ref()?));
        failures.map(|text| view! { <p class="text-bad" data-testid="schedule-failures">{text}</p> })
    };
    view! {
        <li class="stored-export" data-testid=format!("schedule-{id}")>
            <p class="stored-name"><strong>{of_schedule(|schedule| schedule.name.clone())}</strong></p>
            <p class="faint stored-about">{about}</p>
            <div class="stored-state">
                <p>{badge} " " <span class="run-facts">{of_schedule(wording::next_run)}</span></p>
                <p class="faint schedule-last">{last}</p>
                {failures}
            </div>
            <div class="stored-actions"><ScheduleActionButtons schedule actions/></div>
            <details class="schedule-details">
                <summary data-testid=format!("details-{id}")>"Next runs and settings"</summary>
                <Details schedule/>
            </details>
        </li>
    }
}

#[component]
fn Details(schedule: Memo<Option<Schedule>>) -> impl IntoView {
    let fields = move || {
        schedule.get().map(|schedule| {
            let Schedule { zone, next_runs, .. } = &schedule;
            let fields = [
                ("First time", moment_in(schedule.scheduled_at, zone)),
                ("Recurrence", schedule.recurrence.clone()),
                (
                    "Rows of each run",
                    wording::rows_of_run(schedule.incremental).to_owned(),
                ),
                ("Missed runs", wording::missed(schedule.missed).to_owned()),
                ("Each file is kept", hours(schedule.retention_hours)),
                ("Created", browser::moment(schedule.created_at)),
            ];
            let fields = fields.map(|(label, value)| view! { <dt>{label}</dt> <dd>{value}</dd> });
            let recipients = recipients(&schedule.parameters);
            let recipients = (!recipients.is_empty()).then(|| {
                view! { <dt>"Delivered to"</dt> <dd class="path">{recipients.join(", ")}</dd> }
            });
            view! {
                <dt>"Next runs"</dt>
                <dd><Runs runs=next_runs.clone() zone=zone.clone()/></dd>
                {recipients}
                {fields.into_iter().collect_view()}
            }
        })
    };
    view! { <dl class="contents">{fields}</dl> }
}

/// The next times of a schedule, by the clock of its zone.
#[component]
pub fn Runs(runs: Vec<api::Timestamp>, zone: String) -> impl IntoView {
    if runs.is_empty() {
        return "None".into_any();
    }
    let runs = runs
        .into_iter()
        .map(|run| view! { <li>{moment_in(run, &zone)}</li> });
    view! { <ol class="runs" data-testid="next-runs">{runs.collect_view()}</ol> }.into_any()
}
