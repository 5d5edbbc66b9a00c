//! The button of a schedule that fits its state, and a menu with its other actions.

use api::schedules::{Schedule, ScheduleStatus};
use leptos::prelude::*;

use super::popup_menu::{MenuButton, MenuItem, MenuPopup, PopupMenu};
use crate::schedule_actions::ScheduleActions;
use crate::schedule_form::ScheduleForm;

#[component]
pub fn ScheduleActionButtons(schedule: Memo<Option<Schedule>>, actions: ScheduleActions) -> impl IntoView {
    let form = expect_context::<ScheduleForm>();
    // A new list does not render the buttons again, so that they keep the focus.
    let shown = Memo::new(move |_| {
        schedule.with(|schedule| {
            let schedule = schedule.as_ref()?;
            Some((schedule.id, schedule.status, schedule.name.clone()))
        })
    });
    let act = move |act: fn(ScheduleActions, &Schedule)| {
        if let Some(schedule) = schedule.get_untracked()
            && !untrack(|| actions.is_running())
        {
            act(actions, &schedule);
        }
    };
    let edit = move || {
        if let Some(schedule) = schedule.get_untracked() {
            form.change(&schedule);
        }
    };
    move || {
        let (id, status, name) = shown.get()?;
        let (label, testid) = match status {
            ScheduleStatus::Active => ("Pause", format!("pause-{id}")),
            ScheduleStatus::Paused | ScheduleStatus::Error => ("Resume", format!("resume-{id}")),
            ScheduleStatus::Ended => ("Set time", format!("edit-{id}")),
        };
        let choose = move |_| match status {
            ScheduleStatus::Active => act(ScheduleActions::pause),
            ScheduleStatus::Paused | ScheduleStatus::Error => act(ScheduleActions::resume),
            ScheduleStatus::Ended => edit(),
        };
        let menu = PopupMenu::new();
        let is_busy = Signal::derive(move || actions.is_running());
        let note = Signal::stored(name.clone());
        Some(view! {
            <button
                type="button"
                aria-label=format!("{label} {name}")
                aria-disabled=move || is_busy.get().then_some("true")
                data-testid=testid
                on:click=choose
            >
                {label}
            </button>
            <span class="more">
                <MenuButton menu label=format!("More actions for {name}") class="quiet icon dots" testid=format!("more-{id}")/>
                <MenuPopup menu label="Actions" id="schedule-actions" note>
                    <MenuItem menu testid="run-now" name="Run now" hint="the rows of now" is_disabled=is_busy
                        on_choose=move || act(ScheduleActions::start)/>
                    <MenuItem menu testid="edit" name="Edit…" on_choose=edit/>
                    <MenuItem menu testid="delete" name="Delete…" is_disabled=is_busy
                        on_choose=move || act(ScheduleActions::ask_to_delete)/>
                </MenuPopup>
            </span>
        })
    }
}
