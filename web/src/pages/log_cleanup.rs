//! The log clean-up, for administrators: choose, count, confirm.

use api::cleanup::{CleanupPreview, CleanupRequest};
use api::database::DatabaseStatus;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use super::database::follow;
use crate::auth::Auth;
use crate::client;
use crate::components::confirm::{ConfirmDialog, Confirmer, Question};
use crate::components::notice::Notice;
use crate::load::Load;
use crate::log_cleanup::run::Cleaner;
use crate::log_cleanup::{Age, ConditionFields, FieldError};
use crate::route::AdminPage;
use crate::{browser, wording};

#[component]
pub fn LogCleanupPage() -> impl IntoView {
    let title = AdminPage::LogCleanup.title();
    let cleaner = expect_context::<Cleaner>();
    let status = Load::new(|| Some(client::database_status()));
    follow(move || cleaner.is_under_way(), status);
    // The tray shows more of the visitor's own clean-up than the status.
    let is_idle = Memo::new(move |_| !cleaner.is_under_way());
    let confirmer = Confirmer::new();
    let form = CleanupForm::new();
    view! {
        <div class="heading">
            <h1>{title}</h1>
        </div>
        <p class="faint">
            "Deletes old rows of " <code>"message_request"</code>
            ", the hub's request log. The usage ledger stays unchanged."
        </p>
        {move || is_idle.get().then(|| status.value()).flatten().map(|status| view! { <LastCleanup status/> })}
        <ConditionsForm form/>
        {move || form.problem.get().map(|problem| view! { <Notice problem on_retry=move || form.count()/> })}
        {move || form.counted.get().map(|counted| view! { <Confirmation counted form confirmer/> })}
        <ConfirmDialog confirmer/>
    }
}

#[component]
fn LastCleanup(status: DatabaseStatus) -> impl IntoView {
    let lock = status.lock.map(|lock| {
        let since = lock.since.map(browser::moment);
        view! { <p data-testid="cleanup-lock">{wording::database::lock_holder(&lock, since.as_deref())}</p> }
    });
    let last = status.last_cleanup.map(|last| {
        let began = browser::moment(last.began);
        let text = format!(
            "Last clean-up: {began}, by {}: {}.",
            last.caller,
            wording::database::cleanup_outcome(&last)
        );
        view! { <p class="faint" data-testid="last-cleanup">{text}</p> }
    });
    view! { {lock} {last} }
}

/// The conditions of the form and the rows that they match.
#[derive(Clone, Copy)]
struct CleanupForm {
    age: RwSignal<Age>,
    own_day: RwSignal<String>,
    from_day: RwSignal<String>,
    typed: RwSignal<ConditionFields>,
    mistake: RwSignal<Option<FieldError>>,
    is_counting: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    counted: RwSignal<Option<CountedRows>>,
    auth: Auth,
}

#[derive(Clone)]
struct CountedRows {
    conditions: CleanupRequest,
    preview: CleanupPreview,
}

impl CleanupForm {
    fn new() -> Self {
        let form = Self {
            age: RwSignal::new(Age::FIRST),
            own_day: RwSignal::default(),
            from_day: RwSignal::default(),
            typed: RwSignal::default(),
            mistake: RwSignal::new(None),
            is_counting: RwSignal::new(false),
            problem: RwSignal::new(None),
            counted: RwSignal::new(None),
            auth: expect_context::<Auth>(),
        };
        // A number counted for other conditions must not be confirmed.
        Effect::new(move |_| {
            form.age.track();
            form.own_day.track();
            form.from_day.track();
            form.typed.track();
            form.mistake.set(None);
            form.problem.set(None);
            form.counted.set(None);
        });
        form
    }

    fn conditions(self) -> Result<CleanupRequest, FieldError> {
        let day = |field, text: &str| {
            browser::start_of_day(text).ok_or(FieldError {
                field,
                problem: "Choose a day.",
            })
        };
        let before = match self.age.get_untracked() {
            Age::Days(days) => browser::days_ago(days),
            Age::OwnDay => day("own-day", &self.own_day.get_untracked())?,
        };
        let from = self.from_day.get_untracked();
        let from = (!from.is_empty()).then(|| day("from-day", &from)).transpose()?;
        self.typed
            .with_untracked(|typed| typed.conditions(&before, from.as_deref()))
    }

    fn count(self) {
        self.counted.set(None);
        self.problem.set(None);
        let conditions = match self.conditions() {
            Ok(conditions) => conditions,
            Err(mistake) => return self.mistake.set(Some(mistake)),
        };
        self.mistake.set(None);
        self.is_counting.set(true);
        spawn_local(async move {
            // `try_set`, because the visitor may have left the page and with it these signals.
            match client::preview_cleanup(&conditions).await {
                Ok(preview) => drop(self.counted.try_set(Some(CountedRows { conditions, preview }))),
                Err(problem) => {
                    self.auth.check_expiry(&problem);
                    self.problem.try_set(Some(problem));
                }
            }
            self.is_counting.try_set(false);
        });
    }

    fn mistake_in(self, field: &'static str) -> impl Fn() -> Option<&'static str> + Copy {
        move || {
            let mistake = self.mistake.get().filter(|mistake| mistake.field == field);
            mistake.map(|mistake| mistake.problem)
        }
    }
}

#[component]
fn ConditionsForm(form: CleanupForm) -> impl IntoView {
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
                        <div class="field switch-field">
                            <label for="cleanup-blocked">"Blocked requests only"</label>
                            <input
                                id="cleanup-blocked"
                                type="checkbox"
                                role="switch"
                                data-testid="cleanup-blocked"
                                prop:checked=move || form.typed.with(|typed| typed.only_blocked)
                                on:change=move |event| form.typed.update(|typed| typed.only_blocked = event_target_checked(&event))
                            />
                        </div>
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

#[component]
fn Confirmation(counted: CountedRows, form: CleanupForm, confirmer: Confirmer) -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    let CountedRows { conditions, preview } = counted;
    let archive_first = RwSignal::new(true);
    let without_statistics = RwSignal::new(false);
    let sentence = wording::cleanup::preview(&preview, browser::moment);
    let loses_statistics = !preview.keeps_statistics && preview.rows > 0;
    let rows = wording::rows(preview.rows);
    let ask = {
        let rows = rows.clone();
        move |_| {
            let request = CleanupRequest {
                archive_first: Some(archive_first.get_untracked()),
                without_statistics: Some(without_statistics.get_untracked()),
                ..conditions.clone()
            };
            let text = match archive_first.get_untracked() {
                true => {
                    "The rows are written to an archive on the server first. The archive can be restored."
                }
                false => "No archive is written. This cannot be undone.",
            };
            confirmer.ask(Question {
                title: format!("Delete {rows}?"),
                text: text.to_owned(),
                word: Some(wording::count(preview.rows)),
                yes: format!("Delete {rows}"),
                then: Callback::new(move |()| {
                    form.counted.set(None);
                    cleaner.start(request.clone());
                }),
            });
        }
    };
    let statistics = loses_statistics.then(|| {
        view! {
            <p class="caution">
                "The hub's " <code>"usage_ledger"</code>
                " is missing or lacks some of these rows. The statistics of those rows are deleted with them."
            </p>
            <Switch id="cleanup-without-statistics" label="Delete anyway" value=without_statistics/>
        }
    });
    let is_blocked = move || cleaner.is_under_way() || (loses_statistics && !without_statistics.get());
    let deletion = (preview.rows > 0).then(|| {
        view! {
            <Switch id="cleanup-archive-first" label="Archive the rows first" value=archive_first/>
            {statistics}
            <div class="dump-actions">
                <button type="button" class="primary" data-testid="cleanup-start" disabled=is_blocked on:click=ask>
                    {format!("Delete {rows}…")}
                </button>
            </div>
        }
    });
    view! {
        <section class="card stack" aria-label="Rows that match">
            <p data-testid="cleanup-preview" role="status">{sentence}</p>
            {deletion}
        </section>
    }
}

#[component]
fn Switch(id: &'static str, label: &'static str, value: RwSignal<bool>) -> impl IntoView {
    view! {
        <div class="field switch-field">
            <label for=id>{label}</label>
            <input
                id=id
                type="checkbox"
                role="switch"
                data-testid=id
                prop:checked=value
                on:change=move |event| value.set(event_target_checked(&event))
            />
        </div>
    }
}
