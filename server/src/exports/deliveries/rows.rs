//! New deliveries, which wait for the end of their export.

use api::alerts::Alert;
use api::deliveries::{DeliveryKind, DeliveryStatus};
use api::webhook_events::DeliveryEvent;
use sqlx::{PgConnection, query, query_scalar};
use url::Url;
use uuid::Uuid;

use super::destinations::Destinations;
use super::record::NewDelivery;
use crate::state::json::write;

/// Inserts deliveries, which are the members of a JSON array.
const INSERT: &str = "insert into decant.export_deliveries \
         (id, export_id, schedule_id, alert, kind, target, secret, on_failure, event, status) \
     select n.id, n.export_id, n.schedule_id, n.alert, n.kind, n.target, n.secret, n.on_failure, n.event, n.status \
     from jsonb_to_recordset($1::jsonb) as n \
         (id uuid, export_id uuid, schedule_id bigint, alert jsonb, kind text, target text, secret text, on_failure boolean, event text, \
          status text)";

/// Queues the deliveries of the export `$1`, which has ended, or ends them with it.
const RELEASE: &str = "with released as ( \
         select d.id, e.status, e.status = 'completed' or e.status = 'failed' and d.on_failure as is_sent \
         from decant.export_deliveries d join decant.data_exports e on e.id = d.export_id \
         where e.id = $1::uuid and d.status = 'waiting' and e.status in ('completed', 'failed', 'cancelled', 'expired')) \
     update decant.export_deliveries d set \
         status = case when r.is_sent then 'queued' else 'cancelled' end, not_before = now(), \
         event = case r.status when 'completed' then 'export.completed' when 'failed' then 'export.failed' end, \
         last_error = case when not r.is_sent then 'The export has no file: it is ' || r.status end, \
         ended_at = case when not r.is_sent then now() end \
     from released r where d.id = r.id";

/// The export or the schedule that a delivery is about.
#[derive(Clone, Copy)]
enum Of {
    Export(Uuid),
    Schedule(i64),
}

/// Records the deliveries of new exports.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn insert<'a>(
    transaction: &mut PgConnection,
    exports: impl Iterator<Item = (Uuid, &'a Destinations)>,
) -> sqlx::Result<()> {
    let rows: Vec<_> = exports
        .flat_map(|(export, to)| deliveries(Of::Export(export), to))
        .collect();
    insert_rows(transaction, &rows).await
}

/// Queues the deliveries of an export that has ended. One without a file has none, but some recipients hear of its failure.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn release(transaction: &mut PgConnection, export: Uuid) -> sqlx::Result<()> {
    query(RELEASE)
        .bind(export.to_string())
        .execute(transaction)
        .await?;
    Ok(())
}

/// Queues a message to all recipients of a schedule that it has stopped.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn tell_of_stop(
    transaction: &mut PgConnection,
    schedule: i64,
) -> sqlx::Result<()> {
    let found: Option<Option<String>> =
        query_scalar("select delivery::text from decant.export_schedules where id = $1")
            .bind(schedule)
            .fetch_optional(&mut *transaction)
            .await?;
    // The recipients in a record of another version cannot be read, so they get no message.
    let to: Option<Destinations> = found.flatten().and_then(|to| serde_json::from_str(&to).ok());
    let rows = to
        .map(|to| deliveries(Of::Schedule(schedule), &to))
        .unwrap_or_default();
    insert_rows(transaction, &rows).await
}

/// Queues a request to the operator's webhook for each of these alerts.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn tell_of_alerts(
    transaction: &mut PgConnection,
    alerts: &[Alert],
    webhook: &Url,
) -> sqlx::Result<()> {
    let rows: Vec<_> = alerts
        .iter()
        .map(|alert| NewDelivery {
            id: Uuid::now_v7(),
            export_id: None,
            schedule_id: None,
            alert: Some(alert.clone()),
            kind: DeliveryKind::Webhook,
            target: webhook.to_string(),
            secret: None,
            on_failure: true,
            event: Some(DeliveryEvent::Alert),
            status: DeliveryStatus::Queued,
        })
        .collect();
    insert_rows(transaction, &rows).await
}

async fn insert_rows(transaction: &mut PgConnection, rows: &[NewDelivery]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    query(INSERT).bind(write(&rows)?).execute(transaction).await?;
    Ok(())
}

fn deliveries(of: Of, to: &Destinations) -> Vec<NewDelivery> {
    let delivery = |kind, target: &String| {
        let (export_id, schedule_id, event, status) = match of {
            Of::Export(export) => (Some(export), None, None, DeliveryStatus::Waiting),
            Of::Schedule(schedule) => (
                None,
                Some(schedule),
                Some(DeliveryEvent::ScheduleStopped),
                DeliveryStatus::Queued,
            ),
        };
        let is_webhook = kind == DeliveryKind::Webhook;
        NewDelivery {
            id: Uuid::now_v7(),
            export_id,
            schedule_id,
            alert: None,
            kind,
            target: target.clone(),
            secret: to.secret.clone().filter(|_| is_webhook),
            on_failure: is_webhook || to.notify,
            event,
            status,
        }
    };
    let emails = to
        .email
        .iter()
        .map(|address| delivery(DeliveryKind::Email, address));
    let webhooks = to.webhook.iter().map(|url| delivery(DeliveryKind::Webhook, url));
    emails.chain(webhooks).collect()
}
