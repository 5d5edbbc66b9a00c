//! Webhooks of a hub: from one address for each kind of notification to targets with bindings.

use std::collections::BTreeMap;

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

/// The provider of a webhook, as the caller chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum WebhookChoice {
    Wechat,
    Feishu,
    Dingtalk,
    Telegram,
    Custom,
    /// It gets no target, and its notifications end.
    Skip,
}

/// The webhooks in the old settings. Their addresses hold secrets, so an answer names the host only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub providers: BTreeMap<String, WebhookChoice>,
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
