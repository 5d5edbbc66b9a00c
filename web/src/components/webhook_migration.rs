//! The webhooks in the hub's old settings, and their move to targets.

use std::collections::BTreeMap;

use api::webhooks::{OldWebhook, OldWebhooks, WebhookMigrationRequest, WebhookProvider};
use leptos::prelude::*;

use super::notice::Notice;
use crate::action::Action;
use crate::client;
use crate::confirmer::{Confirmer, Question};
use crate::hub::Hub;
use crate::load::Load;
use crate::wording::webhooks::{migrated, notification_type};

/// The option of a webhook that gets no target.
const SKIP: &str = "skip";

/// Chosen options by the webhook's id: a provider's word, [`SKIP`], or nothing yet.
type Choices = RwSignal<BTreeMap<String, String>>;

#[derive(Clone, Copy)]
struct Migration {
    webhooks: Load<OldWebhooks>,
    choices: Choices,
    action: Action,
}

impl Migration {
    fn request(self) -> WebhookMigrationRequest {
        let mut request = WebhookMigrationRequest::default();
        for (id, choice) in self.choices.get_untracked() {
            match choice.parse() {
                Ok(provider) => drop(request.providers.insert(id, provider)),
                Err(_) if choice == SKIP => drop(request.skip.insert(id)),
                // The server says which webhooks lack a provider.
                Err(_) => {}
            }
        }
        request
    }

    fn run(self) {
        let request = self.request();
        let moving = async move { Ok(migrated(&client::migrate_webhooks(&request).await?)) };
        self.action.run("The webhooks were not moved", moving, move || {
            // The list is drawn again, without what was chosen.
            self.choices.set(BTreeMap::new());
            self.webhooks.retry();
        });
    }
}

/// Shows nothing unless the hub has targets and still uses its old settings.
#[component]
pub fn WebhookMigration(confirmer: Confirmer) -> impl IntoView {
    let hub = expect_context::<Hub>();
    let migration = Migration {
        webhooks: Load::new(move || hub.exists().then(client::old_webhooks)),
        choices: RwSignal::new(BTreeMap::new()),
        action: Action::new(),
    };
    move || {
        if let Some(problem) = migration.webhooks.problem() {
            // The status of the database names one that does not answer.
            return (problem.code != "database_unavailable")
                .then(|| view! { <Notice problem on_retry=move || migration.webhooks.retry()/> }.into_any());
        }
        let OldWebhooks {
            webhooks,
            already_migrated,
        } = migration.webhooks.value()?;
        (!already_migrated && !webhooks.is_empty())
            .then(|| view! { <Panel migration webhooks confirmer/> }.into_any())
    }
}

#[component]
fn Panel(migration: Migration, webhooks: Vec<OldWebhook>, confirmer: Confirmer) -> impl IntoView {
    let items = webhooks
        .into_iter()
        .map(|webhook| view! { <WebhookItem migration webhook/> });
    let ask = move |_| {
        confirmer.ask(Question {
            title: "Move the webhooks?".to_owned(),
            text: "The hub gets targets and bindings of them and uses these instead of its old settings, which stay.".to_owned(),
            word: None,
            yes: "Move webhooks".to_owned(),
            then: Callback::new(move |()| migration.run()),
        });
    };
    view! {
        <section class="card stack" aria-labelledby="webhooks-title" data-testid="webhooks">
            <h2 id="webhooks-title">"Webhooks"</h2>
            <p class="faint">
                "The hub still sends notifications to the addresses of its old settings. Targets can be changed one by one."
            </p>
            <ul class="items">{items.collect_view()}</ul>
            <div class="dump-actions">
                <button
                    type="button"
                    data-testid="webhooks-move"
                    disabled=move || migration.action.is_running()
                    on:click=ask
                >
                    "Move webhooks"
                </button>
            </div>
        </section>
    }
}

#[component]
fn WebhookItem(migration: Migration, webhook: OldWebhook) -> impl IntoView {
    let OldWebhook {
        id,
        host,
        notification_types,
        detected_provider,
    } = webhook;
    let types: Vec<_> = notification_types
        .iter()
        .map(|kind| notification_type(kind))
        .collect();
    let detected = detected_provider.map(WebhookProvider::word);
    let providers = WebhookProvider::ALL.iter().map(|provider| {
        let word = provider.word();
        view! { <option value=word selected=detected == Some(word)>{provider.title()}</option> }
    });
    let none = detected
        .is_none()
        .then(|| view! { <option value="">"Choose…"</option> });
    let testid = format!("webhook-{id}");
    let choose = move |event| {
        let choice = event_target_value(&event);
        migration
            .choices
            .update(|choices| drop(choices.insert(id.clone(), choice)));
    };
    view! {
        <li data-testid="webhook">
            <p><strong>{host.clone()}</strong> <span class="faint">{types.join(", ")}</span></p>
            <div class="dump-actions">
                <select aria-label=format!("Provider of {host}") data-testid=testid on:change=choose>
                    {none}
                    {providers.collect_view()}
                    <option value=SKIP>"Leave out: its notifications end"</option>
                </select>
            </div>
        </li>
    }
}
