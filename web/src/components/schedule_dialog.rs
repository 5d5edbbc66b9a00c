//! The dialog that schedules an export or changes a schedule.

use api::schedules::ScheduledRequest;
use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::delivery_fields::DeliveryFields;
use super::dialog::open_while;
use super::schedule_fields::ScheduleFields;
use super::schedule_row::Runs;
use crate::navigation::Navigation;
use crate::route::{Route, SchedulesChoice};
use crate::schedule_form::ScheduleForm;

#[component]
pub fn ScheduleDialog(form: ScheduleForm) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_while(dialog, move || form.is_open());
    let content = move || match form.created.get() {
        Some(created) => view! { <Created created form/> }.into_any(),
        None => view! { <Form form/> }.into_any(),
    };
    view! {
        <dialog
            class="card wide-dialog"
            aria-labelledby="schedule-title"
            data-testid="schedule-dialog"
            node_ref=dialog
            on:close=move |_| form.close()
        >
            {move || form.is_open().then_some(content)}
        </dialog>
    }
}

#[component]
fn Form(form: ScheduleForm) -> impl IntoView {
    let (is_new, may_deliver) = untrack(|| (form.is_new(), form.may_deliver()));
    let may_be_incremental = untrack(|| form.may_be_incremental());
    let (title, yes) = match is_new {
        true => ("Schedule this export", "Create schedule"),
        false => ("Edit the schedule", "Save"),
    };
    let obstacle = Memo::new(move |_| form.draft.with(|draft| draft.obstacle()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        form.submit();
    };
    let problem = move || {
        form.problem.get().map(|problem| {
            view! {
                <p class="caution" role="alert" data-testid="schedule-problem">{format!("{}: {}", problem.title, problem.detail)}</p>
            }
        })
    };
    let note = is_new.then(|| {
        view! {
            <p class="faint">
                "Each run has the rows of its time, with the filters and options chosen here. Chosen days stay the same days."
            </p>
        }
    });
    view! {
        <form class="confirm" on:submit=submit>
            <h2 id="schedule-title">{title}</h2>
            {note}
            <ScheduleFields draft=form.draft may_be_incremental/>
            {may_deliver.then(|| view! { <DeliveryFields form=form.delivery name="schedule-delivery"/> })}
            {problem}
            <p class="faint" role="status" data-testid="schedule-obstacle">{move || obstacle.get()}</p>
            <div class="confirm-actions">
                <button type="button" data-testid="schedule-cancel" on:click=move |_| form.close()>"Cancel"</button>
                <button
                    type="submit"
                    class="primary"
                    aria-disabled=move || (obstacle.get().is_some() || form.is_sending()).then_some("true")
                    data-testid="schedule-save"
                >
                    {yes}
                </button>
            </div>
        </form>
    }
}

/// The next times of a new schedule, and the way to the list.
#[component]
fn Created(created: ScheduledRequest, form: ScheduleForm) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let zone = form.draft.with_untracked(|draft| draft.zone.clone());
    let to_list = move |_| {
        form.close();
        navigation.go(Route::Schedules(SchedulesChoice::default()));
    };
    view! {
        <div class="confirm" data-testid="schedule-created">
            <h2 id="schedule-title">"The schedule is active"</h2>
            <p>"Its next runs:"</p>
            <Runs runs=created.next_runs zone/>
            <div class="confirm-actions">
                <button type="button" data-testid="schedule-to-list" on:click=to_list>"Show schedules"</button>
                <button type="button" class="primary" data-testid="schedule-done" on:click=move |_| form.close()>"Done"</button>
            </div>
        </div>
    }
}
