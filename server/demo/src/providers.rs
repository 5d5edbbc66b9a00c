//! The providers and their models.

use super::calendar::DAY_MICROSECONDS;
use super::copy_text::CopyText;
use super::dice::Dice;

/// A row of `providers`. Its id is its position, from 1.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    /// `provider_type` of the hub: the protocol.
    pub(crate) kind: &'static str,
    pub(crate) family: Family,
    /// The factor of its prices, in ten-thousandths.
    pub(crate) multiplier: u64,
    vendor_id: i64,
    is_enabled: bool,
    is_deleted: bool,
}

/// Models that the same providers serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Claude,
    Gpt,
    Gemini,
}

/// A model and its price.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    /// US cents for a million input tokens.
    pub(crate) input_cents: u64,
    /// US cents for a million output tokens.
    pub(crate) output_cents: u64,
}

const fn provider(
    name: &'static str,
    kind: &'static str,
    family: Family,
    multiplier: u64,
    vendor_id: i64,
) -> Provider {
    Provider {
        name,
        kind,
        family,
        multiplier,
        vendor_id,
        is_enabled: true,
        is_deleted: false,
    }
}

pub(crate) static PROVIDERS: [Provider; 12] = [
    provider("Anthropic direct", "claude", Family::Claude, 10_000, 1),
    provider("Anthropic, \"EU\"", "claude", Family::Claude, 10_500, 1),
    provider("relay-blue", "claude-auth", Family::Claude, 8_333, 2),
    provider("relay;green", "claude", Family::Claude, 6_500, 2),
    provider("智谱 GLM", "claude", Family::Claude, 1_517, 3),
    provider("OpenAI", "codex", Family::Gpt, 10_000, 4),
    provider("Azure\n(Sweden Central)", "codex", Family::Gpt, 11_000, 5),
    provider("=cmd|' /C calc'!A0", "openai-compatible", Family::Gpt, 9_999, 2),
    provider("Google", "gemini", Family::Gemini, 10_000, 6),
    provider("gemini-cli pool", "gemini-cli", Family::Gemini, 0, 6),
    Provider {
        is_deleted: true,
        ..provider("old relay", "claude", Family::Claude, 7_000, 2)
    },
    Provider {
        is_enabled: false,
        ..provider("-backup-", "codex", Family::Gpt, 12_345, 5)
    },
];

const fn model(name: &'static str, family: Family, input_cents: u64, output_cents: u64) -> Model {
    Model {
        name,
        family,
        input_cents,
        output_cents,
    }
}

pub(crate) static MODELS: [Model; 12] = [
    model("claude-sonnet-4-5-20250929", Family::Claude, 300, 1500),
    model("claude-sonnet-4-5-20250929", Family::Claude, 300, 1500),
    model("claude-opus-4-5-20251101", Family::Claude, 500, 2500),
    model("claude-opus-4-5-20251101", Family::Claude, 500, 2500),
    model("claude-haiku-4-5-20251001", Family::Claude, 100, 500),
    model("claude-3-5-haiku-20241022", Family::Claude, 80, 400),
    model("gpt-5.1-codex", Family::Gpt, 125, 1000),
    model("gpt-5.1-codex", Family::Gpt, 125, 1000),
    model("gpt-5-mini", Family::Gpt, 25, 200),
    model("gemini-2.5-pro", Family::Gemini, 125, 1000),
    model("gemini-2.5-flash", Family::Gemini, 30, 250),
    model("gemini-3-pro-preview", Family::Gemini, 200, 1200),
];

/// Returns the names of all models, separated by commas.
pub(crate) fn model_names() -> String {
    let mut names: Vec<_> = MODELS.iter().map(|model| model.name).collect();
    // A popular model stands there twice in succession.
    names.dedup();
    names.join(", ")
}

const VENDORS: [(&str, &str); 6] = [
    ("anthropic.example", "Anthropic"),
    ("relay.example", "Relay, Inc."),
    ("bigmodel.example", "智谱"),
    ("openai.example", "OpenAI"),
    ("azure.example", "Azure"),
    ("google.example", "Google"),
];

pub(crate) const VENDOR_COLUMNS: &str =
    "id, website_domain, display_name, website_url, created_at, updated_at";

pub(crate) fn write_vendors(rows: &mut CopyText, until: i64) -> u64 {
    let created = until - 190 * DAY_MICROSECONDS;
    for (id, (domain, name)) in (1..).zip(VENDORS) {
        rows.number(id)
            .plain(domain)
            .text(name)
            .written(format_args!("https://{domain}"));
        rows.time(created).time(created).end_row();
    }
    VENDORS.len() as u64
}

pub(crate) const PROVIDER_COLUMNS: &str = "id, name, url, key, provider_vendor_id, is_enabled, weight, priority, \
     cost_multiplier, group_tag, provider_type, custom_headers, created_at, updated_at, deleted_at";

/// Writes every row of `providers` and returns how many.
pub(crate) fn write_providers(rows: &mut CopyText, until: i64) -> u64 {
    let mut dice = Dice::new(12);
    let created = until - 180 * DAY_MICROSECONDS;
    for (id, provider) in (1..).zip(&PROVIDERS) {
        let vendor = VENDORS[provider.vendor_id as usize - 1].0;
        rows.number(id)
            .text(provider.name)
            .written(format_args!("https://api.{vendor}"));
        rows.written(format_args!("sk-upstream-demo-{:016x}", dice.number()))
            .number(provider.vendor_id);
        rows.boolean(provider.is_enabled)
            .number(1 + id % 5)
            .number(id / 4);
        rows.written(format_args!(
            "{}.{:04}",
            provider.multiplier / 10_000,
            provider.multiplier % 10_000
        ));
        rows.or_null((id % 3 == 0).then_some("eu,\"premium\""), CopyText::text)
            .plain(provider.kind);
        rows.or_null(
            (id % 4 == 0).then_some(r#"{"X-Secret": "demo"}"#),
            CopyText::plain,
        );
        rows.time(created).time(created);
        rows.or_null(
            provider.is_deleted.then_some(until - 15 * DAY_MICROSECONDS),
            CopyText::time,
        )
        .end_row();
    }
    PROVIDERS.len() as u64
}
