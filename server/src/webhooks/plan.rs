//! Which targets and bindings the old settings need and the hub does not have.

use std::collections::BTreeSet;

use api::webhooks::{
    OldWebhook, SkippedWebhook, WebhookMigrationRequest as Request, WebhookProvider as Provider,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::WebhookError;
use super::address::{TelegramChat, host, provider};
use crate::hex::to_hex;

/// The kinds of notifications. Their columns in the old settings are `<kind>_enabled` and `<kind>_webhook`; an older hub lacks
/// the last one.
const NOTIFICATION_TYPES: [&str; 4] = [
    "circuit_breaker",
    "daily_leaderboard",
    "cost_alert",
    "cache_hit_rate_alert",
];

/// Hexadecimal digits of a webhook's id.
const ID_DIGITS: usize = 8;

/// A row of `notification_settings`, by column.
pub type SettingsRow = Map<String, Value>;

/// A row of `webhook_targets`, as far as a migration needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub name: String,
    pub provider_type: Provider,
    pub webhook_url: Option<String>,
    pub telegram_bot_token: Option<String>,
    pub telegram_chat_id: Option<String>,
}

/// The targets and bindings that the hub has already.
#[derive(Debug, Default)]
pub struct Existing {
    pub targets: Vec<(i32, Target)>,
    /// Kinds of notifications with the id of their target.
    pub bindings: BTreeSet<(String, i32)>,
}

/// A target, and the notifications that go to it.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Create {
        target: Target,
        notification_types: Vec<String>,
    },
    Bind {
        target: i32,
        notification_types: Vec<String>,
    },
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub skipped: Vec<SkippedWebhook>,
    /// Whether a skipped webhook still needs a choice. The hub must use its old settings until then.
    pub is_incomplete: bool,
}

/// Returns the webhooks of the notifications that are enabled, each address once, with the address itself.
#[must_use]
pub fn old_webhooks(settings: &SettingsRow) -> Vec<(String, OldWebhook)> {
    let mut webhooks: Vec<(String, OldWebhook)> = Vec::new();
    for kind in NOTIFICATION_TYPES {
        let is_enabled = settings.get(&format!("{kind}_enabled")) == Some(&Value::Bool(true));
        let address = settings.get(&format!("{kind}_webhook")).and_then(Value::as_str);
        let address = address.unwrap_or_default().trim();
        if !is_enabled || address.is_empty() {
            continue;
        }
        match webhooks.iter_mut().find(|(known, _)| known == address) {
            Some((_, webhook)) => webhook.notification_types.push(kind.to_owned()),
            None => {
                let host = host(address);
                let webhook = OldWebhook {
                    id: id(address),
                    detected_provider: provider(&host),
                    host,
                    notification_types: vec![kind.to_owned()],
                };
                webhooks.push((address.to_owned(), webhook));
            }
        }
    }
    webhooks
}

impl Plan {
    /// Plans a target for each address and a binding for each of its notifications, unless they exist.
    ///
    /// # Errors
    /// [`WebhookError::UnknownWebhook`].
    pub fn new(settings: &SettingsRow, existing: &Existing, request: &Request) -> Result<Self, WebhookError> {
        let webhooks = old_webhooks(settings);
        let is_unknown = |id: &&String| webhooks.iter().all(|(_, webhook)| webhook.id != **id);
        if let Some(named) = request.providers.keys().find(is_unknown) {
            return Err(unknown("providers", named, &webhooks));
        }
        if let Some(named) = request.skip.iter().find(is_unknown) {
            return Err(unknown("skip", named, &webhooks));
        }
        let mut plan = Self::default();
        let mut names: BTreeSet<String> = existing
            .targets
            .iter()
            .map(|(_, target)| target.name.clone())
            .collect();
        for (address, webhook) in webhooks {
            if request.skip.contains(&webhook.id) {
                plan.skip(webhook, "it is skipped on request, and its notifications end");
                continue;
            }
            let chosen = request.providers.get(&webhook.id).copied();
            let Some(provider) = chosen.or(webhook.detected_provider) else {
                plan.is_incomplete = true;
                plan.skip(
                    webhook,
                    "its host is of no known service; choose a provider, or skip it",
                );
                continue;
            };
            let Some(mut target) = target(provider, &address) else {
                plan.is_incomplete = true;
                plan.skip(
                    webhook,
                    "its address lacks the token of the bot or `chat_id`; add it in the hub, or skip it",
                );
                continue;
            };
            let known = existing.targets.iter().find(|(_, known)| is_same(known, &target));
            match (known, plan.created(&target)) {
                (Some((id, _)), _) => plan.bind(*id, webhook.notification_types, &existing.bindings),
                (None, Some(notification_types)) => notification_types.extend(webhook.notification_types),
                (None, None) => {
                    target.name = free_name(&target.name, &names);
                    names.insert(target.name.clone());
                    plan.steps.push(Step::Create {
                        target,
                        notification_types: webhook.notification_types,
                    });
                }
            }
        }
        Ok(plan)
    }

    #[must_use]
    pub fn created_targets(&self) -> u64 {
        let created = self
            .steps
            .iter()
            .filter(|step| matches!(step, Step::Create { .. }));
        created.count() as u64
    }

    #[must_use]
    pub fn created_bindings(&self) -> u64 {
        let bindings = self.steps.iter().map(|step| match step {
            Step::Create {
                notification_types, ..
            }
            | Step::Bind {
                notification_types, ..
            } => notification_types.len() as u64,
        });
        bindings.sum()
    }

    /// Returns the notifications of a target that is planned already: two addresses may name one chat.
    fn created(&mut self, wanted: &Target) -> Option<&mut Vec<String>> {
        self.steps.iter_mut().find_map(|step| match step {
            Step::Create {
                target,
                notification_types,
            } if is_same(target, wanted) => Some(notification_types),
            _ => None,
        })
    }

    fn bind(&mut self, target: i32, mut notification_types: Vec<String>, bindings: &BTreeSet<(String, i32)>) {
        notification_types.retain(|kind| !bindings.contains(&(kind.clone(), target)));
        if !notification_types.is_empty() {
            self.steps.push(Step::Bind {
                target,
                notification_types,
            });
        }
    }

    fn skip(&mut self, webhook: OldWebhook, reason: &str) {
        self.skipped.push(SkippedWebhook {
            id: webhook.id,
            host: webhook.host,
            reason: reason.to_owned(),
        });
    }
}

fn unknown(field: &'static str, named: &str, webhooks: &[(String, OldWebhook)]) -> WebhookError {
    let known: Vec<&str> = webhooks.iter().map(|(_, webhook)| webhook.id.as_str()).collect();
    WebhookError::UnknownWebhook {
        field,
        named: named.to_owned(),
        known: match known.is_empty() {
            true => "none".to_owned(),
            false => known.join(", "),
        },
    }
}

/// Returns the target with the name that the hub gives to the first of its provider. `None`: a part of the address is missing.
fn target(provider: Provider, address: &str) -> Option<Target> {
    let (webhook_url, chat) = match provider {
        Provider::Telegram => (None, Some(TelegramChat::parse(address)?)),
        _ => (Some(address.to_owned()), None),
    };
    let (telegram_bot_token, telegram_chat_id) = chat.map(|chat| (chat.bot_token, chat.chat_id)).unzip();
    Some(Target {
        name: provider.title().to_owned(),
        provider_type: provider,
        webhook_url,
        telegram_bot_token,
        telegram_chat_id,
    })
}

/// Returns whether both send to the same place.
fn is_same(one: &Target, other: &Target) -> bool {
    let place = |target: &Target| {
        (
            target.provider_type,
            target.webhook_url.as_deref().map(str::trim).map(str::to_owned),
            target.telegram_bot_token.clone(),
            target.telegram_chat_id.clone(),
        )
    };
    place(one) == place(other)
}

/// Returns the name, or the name with the first free number.
fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{name} ({number})"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

fn id(address: &str) -> String {
    to_hex(&Sha256::digest(address))[..ID_DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(value: Value) -> SettingsRow {
        value.as_object().cloned().unwrap()
    }

    fn example() -> SettingsRow {
        settings(json!({
            "circuit_breaker_enabled": true, "circuit_breaker_webhook": " https://open.feishu.cn/hook/1 ",
            "daily_leaderboard_enabled": true, "daily_leaderboard_webhook": "https://hooks.example.com/a",
            "cost_alert_enabled": true, "cost_alert_webhook": "https://open.feishu.cn/hook/1",
            "cache_hit_rate_alert_enabled": false, "cache_hit_rate_alert_webhook": "https://off.example.com/",
        }))
    }

    fn as_custom(id: &str) -> Request {
        Request {
            providers: [(id.to_owned(), Provider::Custom)].into(),
            ..Request::default()
        }
    }

    fn left_out(id: &str) -> Request {
        Request {
            skip: [id.to_owned()].into(),
            ..Request::default()
        }
    }

    #[test]
    fn each_address_of_an_enabled_notification_is_one_webhook() {
        let webhooks = old_webhooks(&example());
        let found: Vec<_> = webhooks
            .iter()
            .map(|(address, webhook)| (address.as_str(), webhook.notification_types.join(" ")))
            .collect();
        assert_eq!(
            found,
            [
                (
                    "https://open.feishu.cn/hook/1",
                    "circuit_breaker cost_alert".to_owned()
                ),
                ("https://hooks.example.com/a", "daily_leaderboard".to_owned()),
            ]
        );
        assert_eq!(webhooks[0].1.detected_provider, Some(Provider::Feishu));
        assert_eq!(webhooks[1].1.detected_provider, None);
        assert_eq!(
            old_webhooks(&settings(
                json!({ "cost_alert_enabled": true, "cost_alert_webhook": "  " })
            )),
            []
        );
    }

    #[test]
    fn a_webhook_without_a_provider_keeps_the_old_settings_in_use() {
        let plan = Plan::new(&example(), &Existing::default(), &Request::default()).unwrap();
        assert!(plan.is_incomplete);
        assert_eq!((plan.created_targets(), plan.created_bindings()), (1, 2));
        assert_eq!(plan.skipped.len(), 1);
        let id = &plan.skipped[0].id;
        for (request, targets) in [(as_custom(id), 2), (left_out(id), 1)] {
            let plan = Plan::new(&example(), &Existing::default(), &request).unwrap();
            assert!(!plan.is_incomplete, "{request:?}");
            assert_eq!(plan.created_targets(), targets, "{request:?}");
        }
        for wrong in [as_custom("00000000"), left_out("00000000")] {
            let wrong = Plan::new(&example(), &Existing::default(), &wrong);
            assert!(wrong.unwrap_err().to_string().contains(id.as_str()));
        }
    }

    #[test]
    fn what_exists_is_used_again() {
        let feishu = Target {
            name: "Ours".to_owned(),
            provider_type: Provider::Feishu,
            webhook_url: Some("https://open.feishu.cn/hook/1".to_owned()),
            telegram_bot_token: None,
            telegram_chat_id: None,
        };
        let custom = Target {
            name: "Custom Webhook".to_owned(),
            provider_type: Provider::Custom,
            webhook_url: Some("https://other.example.com/".to_owned()),
            ..feishu.clone()
        };
        let existing = Existing {
            targets: vec![(7, feishu), (8, custom)],
            bindings: [("cost_alert".to_owned(), 7)].into(),
        };
        let id = id("https://hooks.example.com/a");
        let plan = Plan::new(&example(), &existing, &as_custom(&id)).unwrap();
        let [
            Step::Bind {
                target: 7,
                notification_types,
            },
            Step::Create { target, .. },
        ] = &plan.steps[..]
        else {
            panic!("{plan:?}");
        };
        assert_eq!(notification_types, &["circuit_breaker"]);
        assert_eq!(target.name, "Custom Webhook (2)");
    }

    #[test]
    fn an_address_of_telegram_needs_its_chat() {
        let at =
            |address: &str| settings(json!({ "cost_alert_enabled": true, "cost_alert_webhook": address }));
        let plan =
            |address: &str| Plan::new(&at(address), &Existing::default(), &Request::default()).unwrap();
        let whole = plan("https://api.telegram.org/bot1:a/sendMessage?chat_id=2");
        let [Step::Create { target, .. }] = &whole.steps[..] else {
            panic!("{whole:?}");
        };
        assert_eq!(target.webhook_url, None);
        assert_eq!(target.telegram_bot_token.as_deref(), Some("1:a"));
        assert_eq!(target.telegram_chat_id.as_deref(), Some("2"));
        let without = plan("https://api.telegram.org/bot1:a/sendMessage");
        assert!(without.is_incomplete && without.steps.is_empty());
        assert!(without.skipped[0].reason.contains("chat_id"));
        assert!(
            !without.skipped[0].reason.contains("1:a"),
            "a reason shows no secret"
        );
    }
}
