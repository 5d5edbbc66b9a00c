//! The conditions of a log clean-up.

use leptos::prelude::*;

use super::switch::Switch;
use crate::log_cleanup::form::CleanupForm;
use crate::log_cleanup::run::Cleaner;
use crate::log_cleanup::{Age, ConditionFields};

#[component]
pub fn ConditionsForm(form: CleanupForm) -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    let is_busy = move || cleaner.is_under_way() || form.is_counting.get();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        form.count();
    };
    let own_day = move || {
        (form.age.get() == Age::OwnDay)
            .then(|| view! { <DayField id="own-day" label="Created before" value=form.own_day form/> })
    };
    view! {
        <section class="card" aria-labelledby="cleanup-title">
            <form class="card-form" on:submit=submit>
                <h2 id="cleanup-title">"Rows to delete"</h2>
                <fieldset class="choices" disabled=is_busy>
                    <legend class="faint">"Older than"</legend>
                    {Age::ALL.iter().map(|&age| view! { <AgeChoice age form/> }).collect_view()}
                </fieldset>
                {own_day}
                <details class="filters">
                    <summary data-testid="cleanup-more">"More conditions"</summary>
                    <fieldset class="options" disabled=is_busy>
                        <DayField id="from-day" label="Created on or after" value=form.from_day form/>
                        <TypedField id="users" label="User IDs" form get=|typed| &mut typed.users/>
                        <TypedField id="providers" label="Provider IDs" form get=|typed| &mut typed.providers/>
                        <TypedField id="status-codes" label="Status codes (429, 500 or 500-599)" form get=|typed| &mut typed.status_codes/>
                        <Switch
                            id="cleanup-blocked"
                            label="Blocked requests only"
                            is_on=Signal::derive(move || form.typed.with(|typed| typed.only_blocked))
                            on_change=move |is_on| form.typed.update(|typed| typed.only_blocked = is_on)
                        />
                    </fieldset>
                </details>
                <div class="dump-actions">
                    <button type="submit" data-testid="cleanup-count" disabled=is_busy>
                        {move || if form.is_counting.get() { "Counting…" } else { "Count rows" }}
                    </button>
                </div>
            </form>
        </section>
    }
}

#[component]
fn AgeChoice(age: Age, form: CleanupForm) -> impl IntoView {
    view! {
        <label>
            <input
                type="radio"
                name="age"
                data-testid=age.testid()
                prop:checked=move || form.age.get() == age
                on:change=move |_| form.age.set(age)
            />
            {age.title()}
        </label>
    }
}

#[component]
fn DayField(
    id: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    form: CleanupForm,
) -> impl IntoView {
    let problem = form.mistake_in(id);
    view! {
        <div class="field day-field">
            <label for=id>{label}</label>
            <input
                id=id
                type="date"
                data-testid=format!("cleanup-{id}")
                aria-invalid=move || problem().map(|_| "true")
                aria-describedby=format!("{id}-problem")
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            />
            <p class="field-problem" id=format!("{id}-problem") role="alert" data-testid=format!("cleanup-{id}-problem")>{problem}</p>
        </div>
    }
}

#[component]
fn TypedField(
    id: &'static str,
    label: &'static str,
    form: CleanupForm,
    get: fn(&mut ConditionFields) -> &mut String,
) -> impl IntoView {
    let problem = form.mistake_in(id);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type="text"
                autocomplete="off"
                data-testid=format!("cleanup-{id}")
                aria-invalid=move || problem().map(|_| "true")
                aria-describedby=format!("{id}-problem")
                prop:value=move || get(&mut form.typed.get()).clone()
                on:input=move |event| form.typed.update(|typed| *get(typed) = event_target_value(&event))
            />
            <p class="field-problem" id=format!("{id}-problem") role="alert" data-testid=format!("cleanup-{id}-problem")>{problem}</p>
        </div>
    }
}
