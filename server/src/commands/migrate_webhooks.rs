//! `decant migrate-webhooks`: moves a hub's webhooks from its old settings to targets.

use std::io::{self, IsTerminal};

use api::webhooks::{
    OldWebhook, OldWebhooks, WebhookMigrationRequest, WebhookMigrationResult, WebhookProvider,
};
use clap::Args;
use sqlx::PgConnection;

use super::confirmation::Confirmation;
use super::connection::{Connection, check_hub};
use super::operator::OPERATOR;
use super::outcome::Outcome;
use super::standard_streams::{print, report};
use super::terminal::printable;
use crate::config::Settings;
use crate::hub_tables::HubTables;
use crate::webhooks::migration;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The provider of a webhook, by the id in the list: `5f0c9a3e=custom`. Providers are wechat, feishu, dingtalk, telegram and
    /// custom. Repeat it for several webhooks.
    #[arg(long, value_name = "ID=PROVIDER", value_parser = provider)]
    provider: Vec<(String, WebhookProvider)>,
    /// Make no target for the webhook with this id: its notifications end. Repeat it for several webhooks.
    #[arg(long, value_name = "ID")]
    skip: Vec<String>,
    /// Print what would be made. Without a terminal this is the default; `--yes` makes it.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

/// Reads `ID=PROVIDER`. The word is the one of the API.
fn provider(text: &str) -> Result<(String, WebhookProvider), String> {
    let (id, provider) = text.split_once('=').ok_or("write ID=PROVIDER")?;
    Ok((id.to_owned(), provider.parse()?))
}

pub async fn run(settings: Settings, arguments: Arguments) -> Outcome {
    check_hub(&settings)?;
    let connection = Connection::open(&settings).await?;
    let outcome = async {
        let mut session = connection.source.for_query().await?;
        migrate(&mut session, &settings.hub_tables, arguments).await
    };
    let outcome = outcome.await;
    connection.close(outcome).await
}

async fn migrate(session: &mut PgConnection, hub_tables: &HubTables, arguments: Arguments) -> Outcome {
    let OldWebhooks {
        webhooks,
        already_migrated,
    } = migration::read(session, hub_tables).await?;
    for webhook in &webhooks {
        print(line(webhook))?;
    }
    if already_migrated {
        report("The hub uses its webhook targets already; there is nothing to do.");
        return Ok(());
    }
    let mut request = WebhookMigrationRequest {
        providers: arguments.provider.into_iter().collect(),
        skip: arguments.skip.into_iter().collect(),
        dry_run: true,
    };
    let planned = migration::migrate(session, hub_tables, &request, OPERATOR).await?;
    report_skipped(&planned);
    let expected = numbers(&planned);
    if arguments.dry_run || !(arguments.yes || io::stdin().is_terminal()) {
        report(format_args!(
            "A migration would make {expected}; nothing was changed. `--yes` makes them."
        ));
        return Ok(());
    }
    if !arguments.yes {
        Confirmation {
            change: "a migration changes the hub's settings",
            question: &format!("This makes {expected}. Type `migrate` to continue: "),
            expected: "migrate",
            refusal: "nothing was changed",
        }
        .ask()?;
    }
    request.dry_run = false;
    let result = migration::migrate(session, hub_tables, &request, OPERATOR).await?;
    let made = numbers(&result);
    match result.success {
        true => report(format_args!("Made {made}. The hub uses its targets now.")),
        false => report(format_args!(
            "Made {made}. The hub uses its old settings until each webhook has a provider (`--provider`) or is left out (`--skip`)."
        )),
    }
    Ok(())
}

fn report_skipped(result: &WebhookMigrationResult) {
    for skipped in &result.skipped {
        let text = format!(
            "The webhook {} of {} has no target: {}.",
            skipped.id, skipped.host, skipped.reason
        );
        report(printable(&text));
    }
}

/// Returns a line of the list. The address holds a secret, so only its host is shown.
fn line(webhook: &OldWebhook) -> String {
    let provider = match webhook.detected_provider {
        Some(provider) => provider.word(),
        None => "unknown provider",
    };
    let types = webhook.notification_types.join(", ");
    let host = printable(&webhook.host).to_string();
    format!("{}  {host}  {provider}  {types}", webhook.id)
}

/// Returns the numbers of targets and bindings in words.
fn numbers(result: &WebhookMigrationResult) -> String {
    let plural = |count: u64, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let targets = plural(result.created_targets, "target");
    let bindings = plural(result.created_bindings, "binding");
    format!("{targets} and {bindings}")
}
