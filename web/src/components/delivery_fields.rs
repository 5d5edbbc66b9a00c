//! The fields of the recipients of a file: addresses of e-mail, and a webhook.

use api::deliveries::DeliveryLimits;
use leptos::html::Details;
use leptos::prelude::*;

use super::switch::Switch;
use crate::background::BackgroundExports;
use crate::browser;
use crate::delivery_draft::{DeliveryDraft, DeliveryField};
use crate::delivery_form::DeliveryForm;
use crate::wording::deliveries as wording;

/// Shows nothing until the limits have come, and where the server cannot keep a background export. The visitor may be one who may not
/// have files delivered: the server then refuses them.
#[component]
pub fn DeliveryFields(
    form: DeliveryForm,
    /// Begins the ids and test ids of the fields, so that a page may have two forms.
    name: &'static str,
) -> impl IntoView {
    let background = expect_context::<BackgroundExports>();
    let limits = background.limits();
    let known = Memo::new(move |_| {
        let is_known = limits.problem().is_none();
        limits.with(|limits| limits.filter(|_| is_known).map(|limits| limits.delivery.clone()))
    });
    let begins_open = untrack(|| form.draft.with(DeliveryDraft::has_recipients));
    let details = NodeRef::<Details>::new();
    Effect::new(move || {
        if let Some(details) = details.get().filter(|_| form.has_problem()) {
            details.set_open(true);
        }
    });
    move || {
        known.get().map(|limits| {
            let summary = wording::summary(limits.email);
            view! {
                <details class="advanced" open=begins_open node_ref=details>
                    <summary data-testid=format!("{name}-toggle")>{summary}</summary>
                    <div class="delivery-fields"><Fields form name limits/></div>
                </details>
            }
        })
    }
}

#[component]
fn Fields(form: DeliveryForm, name: &'static str, limits: DeliveryLimits) -> impl IntoView {
    let has_email = Memo::new(move |_| form.draft.with(DeliveryDraft::has_email));
    let has_webhook = Memo::new(move |_| form.draft.with(DeliveryDraft::has_webhook));
    let notify = move || {
        has_email.get().then(|| {
            view! {
                <Switch
                    id=format!("{name}-notify")
                    label=DeliveryField::Notify.label()
                    is_on=Signal::derive(move || form.draft.with(|draft| draft.notify))
                    on_change=move |is_on| form.change(|draft| draft.notify = is_on)
                />
                <FieldProblem form field=DeliveryField::Notify id=format!("{name}-notify-problem")/>
            }
        })
    };
    let hint = wording::domains(limits.email_domains.as_deref());
    let email = limits.email.then(|| {
        view! {
            <TextField form field=DeliveryField::Email id=format!("{name}-email")
                placeholder="alice@example.com, bob@example.com" input_mode="email" hint
                get=|draft| draft.email.clone() set=|draft, text| draft.email = text/>
            {notify}
        }
    });
    let before = untrack(|| form.draft.with(|draft| draft.before.clone()));
    let before = before.map(|webhook| {
        view! { <p class="caution" data-testid=format!("{name}-before")>{wording::webhook_before(&webhook)}</p> }
    });
    let is_required = limits.webhook_secret_required;
    let secret = move || {
        has_webhook
            .get()
            .then(|| view! { <SecretField form name is_required/> })
    };
    view! {
        {before}
        {email}
        <TextField form field=DeliveryField::Webhook id=format!("{name}-webhook")
            placeholder="https://hooks.example.com/decant" input_mode="url" hint=wording::WEBHOOK_HINT
            get=|draft| draft.webhook.clone() set=|draft, text| draft.webhook = text/>
        {secret}
    }
}

#[component]
fn TextField(
    form: DeliveryForm,
    field: DeliveryField,
    /// Its test id, too.
    id: String,
    placeholder: &'static str,
    input_mode: &'static str,
    #[prop(into)] hint: String,
    get: fn(&DeliveryDraft) -> String,
    set: fn(&mut DeliveryDraft, String),
) -> impl IntoView {
    let (hint_id, problem_id) = (format!("{id}-hint"), format!("{id}-problem"));
    let described_by = format!("{hint_id} {problem_id}");
    view! {
        <div class="field">
            <label for=id.clone()>{field.label()}</label>
            <input
                id=id.clone()
                type="text"
                inputmode=input_mode
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=placeholder
                aria-describedby=described_by
                aria-invalid=move || form.problem(field).map(|_| "true")
                data-testid=id
                prop:value=move || form.draft.with(get)
                on:input=move |event| form.change(|draft| set(draft, event_target_value(&event)))
            />
            <p class="faint" id=hint_id>{hint}</p>
            <FieldProblem form field id=problem_id/>
        </div>
    }
}

/// The secret can be read, so that the visitor can take it to the receiver. The server never shows it again.
#[component]
fn SecretField(
    form: DeliveryForm,
    name: &'static str,
    /// The server has no secret of its own.
    is_required: bool,
) -> impl IntoView {
    let id = format!("{name}-secret");
    let (hint_id, problem_id) = (format!("{id}-hint"), format!("{id}-problem"));
    let described_by = format!("{hint_id} {problem_id}");
    let generate = move |_| {
        if let Some(secret) = browser::secret() {
            form.change(|draft| draft.secret = secret);
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{DeliveryField::Secret.label()}</label>
            <div class="delivery-secret">
                <input
                    id=id.clone()
                    type="text"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder=wording::secret_placeholder(is_required)
                    aria-describedby=described_by
                    aria-invalid=move || form.problem(DeliveryField::Secret).map(|_| "true")
                    data-testid=id
                    prop:value=move || form.draft.with(|draft| draft.secret.clone())
                    on:input=move |event| form.change(|draft| draft.secret = event_target_value(&event))
                />
                <button type="button" data-testid=format!("{name}-generate") on:click=generate>"Generate"</button>
            </div>
            <p class="faint" id=hint_id>{wording::SECRET_HINT}</p>
            <FieldProblem form field=DeliveryField::Secret id=problem_id/>
        </div>
    }
}

/// The words of the server. Its test id is its id.
#[component]
fn FieldProblem(form: DeliveryForm, field: DeliveryField, id: String) -> impl IntoView {
    let test_id = id.clone();
    view! {
        <p class="field-problem" id=id role="alert" data-testid=test_id>{move || form.problem(field)}</p>
    }
}
