//! The fields of a schedule: name, times, zone, missed runs, how long files are kept.

use api::schedules::MissedRuns;
use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::draft_field::DraftField;
use super::zone_select::ZoneSelect;
use crate::schedule_draft::{Repeats, ScheduleDraft};
use crate::wording::schedules as wording;

#[component]
pub fn ScheduleFields(draft: RwSignal<ScheduleDraft>, may_be_incremental: bool) -> impl IntoView {
    let repeats = Memo::new(move |_| draft.with(|draft| draft.repeats));
    let zone = Signal::derive(move || draft.with(|draft| draft.zone.clone()));
    let pattern = move || {
        (repeats.get() == Repeats::Pattern).then(|| {
            view! {
                <DraftField draft id="schedule-pattern" label="Time or pattern" placeholder="02:30 or 0 2 * * MON"
                    get=|draft| draft.pattern.clone() set=|draft, text| draft.pattern = text/>
            }
        })
    };
    view! {
        <DraftField draft id="schedule-name" label="Name" placeholder="Named after the dataset"
            get=|draft| draft.name.clone() set=|draft, text| draft.name = text/>
        <div class="options">
            <div class="field">
                <label for="schedule-repeats">"Repeats"</label>
                <select
                    id="schedule-repeats"
                    data-testid="schedule-repeats"
                    on:change=move |event| {
                        let word = event_target_value(&event);
                        draft.update(|draft| draft.repeats = Repeats::from_recurrence(&word));
                    }
                >
                    {Repeats::ALL.map(|one| view! {
                        <option value=one.word() prop:selected=move || repeats.get() == one>{wording::repeats(one)}</option>
                    }).into_iter().collect_view()}
                </select>
            </div>
            {pattern}
            <FirstField draft repeats/>
            <div class="field">
                <span class="label">"Time zone"</span>
                <ZoneSelect zone testid="schedule-zone" on_choose=move |zone| draft.update(|draft| draft.zone = zone)/>
            </div>
        </div>
        <div class="options">
            {may_be_incremental.then(|| view! { <RowsField draft/> })}
            <MissedField draft/>
            <DraftField draft id="schedule-retention" label="Keep each file, days" placeholder="Usual time"
                get=|draft| draft.retention_days.clone() set=|draft, text| draft.retention_days = text/>
        </div>
    }
}

#[component]
fn FirstField(draft: RwSignal<ScheduleDraft>, repeats: Memo<Repeats>) -> impl IntoView {
    let input = move |event| {
        let input = event_target::<HtmlInputElement>(&event);
        // An incomplete time has an empty value.
        if !input.validity().bad_input() {
            draft.update(|draft| draft.first = input.value());
        }
    };
    view! {
        <div class="field">
            <label for="schedule-first">{move || wording::first_label(repeats.get())}</label>
            <input
                id="schedule-first"
                type="datetime-local"
                data-testid="schedule-first"
                prop:value=move || draft.with(|draft| draft.first.clone())
                on:input=input
            />
        </div>
    }
}

/// The rows of each run.
#[component]
fn RowsField(draft: RwSignal<ScheduleDraft>) -> impl IntoView {
    let choose = move |event| {
        let is_incremental = event_target_value(&event) == "new";
        draft.update(|draft| draft.is_incremental = is_incremental);
    };
    let option = move |is_incremental: bool, word: &'static str| {
        let is_chosen = move || draft.with(|draft| draft.is_incremental == is_incremental);
        view! { <option value=word prop:selected=is_chosen>{wording::rows_of_run(is_incremental)}</option> }
    };
    view! {
        <div class="field">
            <label for="schedule-rows">"Rows of each run"</label>
            <select id="schedule-rows" data-testid="schedule-rows" on:change=choose>
                {option(false, "all")}
                {option(true, "new")}
            </select>
        </div>
    }
}

#[component]
fn MissedField(draft: RwSignal<ScheduleDraft>) -> impl IntoView {
    let choose = move |event| {
        let missed = match event_target_value(&event).as_str() {
            "skip" => MissedRuns::Skip,
            _ => MissedRuns::Once,
        };
        draft.update(|draft| draft.missed = missed);
    };
    let option = move |missed: MissedRuns, word: &'static str| {
        let is_chosen = move || draft.with(|draft| draft.missed == missed);
        view! { <option value=word prop:selected=is_chosen>{wording::missed(missed)}</option> }
    };
    view! {
        <div class="field">
            <label for="schedule-missed">"Missed runs"</label>
            <select id="schedule-missed" data-testid="schedule-missed" on:change=choose>
                {option(MissedRuns::Once, "once")}
                {option(MissedRuns::Skip, "skip")}
            </select>
        </div>
    }
}
