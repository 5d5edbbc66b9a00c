//! Webhooks of a hub: from one address for each kind of notification to targets with bindings.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

crate::examples! {
    OldWebhooks = "old_webhooks",
    WebhookMigrationRequest = "webhook_migration_request",
    WebhookMigrationResult = "webhook_migration_result",
}

/// The service that a webhook belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum WebhookProvider {
    Wechat,
    Feishu,
    Dingtalk,
    Telegram,
    Custom,
}

impl WebhookProvider {
    pub const ALL: &[Self] = &[
        Self::Wechat,
        Self::Feishu,
        Self::Dingtalk,
        Self::Telegram,
        Self::Custom,
    ];

    /// Returns the word of the API and of the hub's column `provider_type`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Feishu => "feishu",
            Self::Dingtalk => "dingtalk",
            Self::Telegram => "telegram",
            Self::Custom => "custom",
        }
    }

    /// Returns the name that the hub gives to the first target of the provider.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Wechat => "WeChat Work",
            Self::Feishu => "Feishu",
            Self::Dingtalk => "DingTalk",
            Self::Telegram => "Telegram",
            Self::Custom => "Custom Webhook",
        }
    }
}

impl FromStr for WebhookProvider {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let provider = Self::ALL.iter().find(|provider| provider.word() == word);
        provider.copied().ok_or_else(|| {
            let words = Self::ALL.iter().map(|provider| provider.word());
            format!("it is none of {}", words.collect::<Vec<_>>().join(", "))
        })
    }
}

/// The webhooks in the old settings. Their addresses hold secrets, so an answer names the host only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OldWebhooks {
    pub webhooks: Vec<OldWebhook>,
    /// The hub uses its targets already, so a migration does nothing.
    pub already_migrated: bool,
}

/// An address that the old settings hold for one or more kinds of notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OldWebhook {
    /// The first eight hexadecimal digits of the address's SHA-256.
    pub id: String,
    /// Empty if the text is no address.
    pub host: String,
    /// Names of the hub: `circuit_breaker`, `daily_leaderboard`, `cost_alert`, `cache_hit_rate_alert`.
    pub notification_types: Vec<String>,
    /// `null` if the host is of none of them.
    pub detected_provider: Option<WebhookProvider>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookMigrationRequest {
    /// By the webhook's id. It goes before the detected provider.
    #[serde(default)]
    pub providers: BTreeMap<String, WebhookProvider>,
    /// Ids of webhooks that get no target, whatever their provider. Their notifications end.
    #[serde(default)]
    pub skip: BTreeSet<String>,
    /// Whether the answer is what a migration would do.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WebhookMigrationResult {
    /// Whether the hub uses its targets after the migration. It does not while a webhook needs a provider: its notifications would end.
    pub success: bool,
    pub created_targets: u64,
    pub created_bindings: u64,
    pub skipped: Vec<SkippedWebhook>,
}

/// A webhook that has no target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SkippedWebhook {
    pub id: String,
    pub host: String,
    /// A sentence with the remedy.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_is_read_as_it_is_written_and_others_are_not_known() {
        for provider in WebhookProvider::ALL {
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.word());
            assert_eq!(provider.word().parse(), Ok(*provider));
        }
        let unknown = "slack".parse::<WebhookProvider>().unwrap_err();
        assert!(unknown.contains("telegram"), "{unknown}");
    }
}
