//! Takes the next delivery for a worker, and records how an attempt ended.

use std::time::Duration;

use api::deliveries::DeliveryKind;
use sqlx::{Connection, PgConnection, query, query_as, query_scalar};

use crate::audit::Action;
use crate::exports::deliveries::record::DeliveryRecord;
use crate::exports::store::{LogKind, log};
use crate::schedule::CALLER;
use crate::state::json::read;
use crate::state::{Purpose, State, StateError};

/// The most attempts of one delivery.
const ATTEMPTS_MAX: u16 = 5;

/// The pauses between attempts, as multiples of the first one: 1, 5, 30 and 360 minutes.
const PAUSES: [u32; 4] = [1, 5, 30, 360];

/// The most deliveries that one round takes back from lost workers.
const BATCH_MAX: i64 = 500;

/// Takes the delivery that waits longest. `$1` are the seconds of its lease, `$2` the kinds that this process can send.
const CLAIM: &str = "with next as ( \
         select id from decant.export_deliveries where status = 'queued' and not_before <= now() and kind = any ($2) \
         order by not_before, id for update skip locked limit 1) \
     update decant.export_deliveries d set status = 'sending', attempts = attempts + 1, lease_fence = lease_fence + 1, \
         lease_until = now() + make_interval(secs => $1) \
     from next where d.id = next.id returning row_to_json(d)::text";

/// Why a worker loses a delivery.
const LOST: &str = "The worker gave no sign of life";

/// Gives deliveries whose lease has ended to the next worker. `$1` are the most attempts, `$3` is the reason.
const TAKE_BACK: &str = "update decant.export_deliveries d set \
         status = case when attempts >= $1 then 'failed' else 'queued' end, not_before = now(), lease_until = null, \
         lease_fence = lease_fence + 1, last_error = $3, \
         ended_at = case when attempts >= $1 then now() end \
     from (select id from decant.export_deliveries where status = 'sending' and lease_until < now() \
           order by lease_until limit $2 for update skip locked) lost where d.id = lost.id \
     returning d.id::text, d.status = 'failed'";

/// Records the end of the attempt `$2`. `$5` are the seconds until the next one.
const END: &str = "update decant.export_deliveries set status = $3, last_error = $4, lease_until = null, \
         not_before = now() + make_interval(secs => $5), ended_at = case when $3 <> 'queued' then now() end \
     where id = $1::uuid and lease_fence = $2 and status = 'sending' returning id::text";

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// A later attempt may succeed.
    Retry(String),
    Failed(String),
    /// There is nothing to deliver any more, or the person has lost the right to it.
    Cancelled(String),
    /// The worker stops. The attempt goes on elsewhere.
    GivenBack,
}

/// The deliveries that wait, for workers.
#[derive(Clone)]
pub(super) struct Outbox {
    pub state: State,
    pub lease: Duration,
    pub retry_after: Duration,
}

impl Outbox {
    /// Takes the next delivery of one of these kinds, or `None`: none may be sent now. A round without any costs one statement.
    pub async fn claim(&self, kinds: &[DeliveryKind]) -> Result<Option<DeliveryRecord>, StateError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let (is_due, is_lost): (bool, bool) = query_as(
            "select exists (select from decant.export_deliveries where status = 'queued' and not_before <= now()), \
             exists (select from decant.export_deliveries where status = 'sending' and lease_until < now())",
        )
        .fetch_one(&mut *connection)
        .await?;
        if is_lost {
            take_back(&mut connection).await?;
        }
        if !is_due && !is_lost {
            return Ok(None);
        }
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.word().to_owned()).collect();
        let claimed: Option<String> = query_scalar(CLAIM)
            .bind(self.lease.as_secs_f64())
            .bind(kinds)
            .fetch_optional(&mut *connection)
            .await?;
        Ok(claimed.map(|claimed| read(&claimed)).transpose()?)
    }

    /// Renews the lease of a delivery. Returns `false` if another worker has it, or its export was deleted.
    pub async fn renew(&self, delivery: &DeliveryRecord) -> Result<bool, StateError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let renewed = query(
            "update decant.export_deliveries set lease_until = now() + make_interval(secs => $3) \
             where id = $1::uuid and lease_fence = $2 and status = 'sending'",
        )
        .bind(delivery.id.to_string())
        .bind(delivery.lease_fence)
        .bind(self.lease.as_secs_f64())
        .execute(&mut *connection)
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Records how an attempt ended. Returns what became of the delivery, which has failed after its last attempt; `None` if the
    /// lease was lost.
    pub async fn end(
        &self,
        delivery: &DeliveryRecord,
        outcome: Outcome,
    ) -> Result<Option<Outcome>, StateError> {
        let outcome = match outcome {
            Outcome::Retry(reason) if delivery.attempts >= ATTEMPTS_MAX => Outcome::Failed(reason),
            outcome => outcome,
        };
        let (status, reason, pause) = match &outcome {
            Outcome::Delivered => ("delivered", None, Duration::ZERO),
            Outcome::Retry(reason) => ("queued", Some(reason), self.pause_after(delivery.attempts)),
            Outcome::Failed(reason) => ("failed", Some(reason), Duration::ZERO),
            Outcome::Cancelled(reason) => ("cancelled", Some(reason), Duration::ZERO),
            Outcome::GivenBack => ("queued", None, Duration::ZERO),
        };
        let mut connection = self.state.connection(Purpose::Work).await?;
        let mut transaction = connection.begin().await?;
        let ended: Option<String> = query_scalar(END)
            .bind(delivery.id.to_string())
            .bind(delivery.lease_fence)
            .bind(status)
            .bind(reason)
            .bind(pause.as_secs_f64())
            .fetch_optional(&mut *transaction)
            .await?;
        if ended.is_none() {
            return Ok(None);
        }
        if let Some(export) = delivery.export_id {
            let to = delivery.public_target();
            let (kind, message) = match &outcome {
                Outcome::Delivered => (LogKind::Delivered, format!("Delivered to {to}")),
                Outcome::Retry(reason) => (
                    LogKind::NotDelivered,
                    format!(
                        "Not delivered to {to}: {reason}. Tried again in {} s",
                        pause.as_secs()
                    ),
                ),
                Outcome::Failed(reason) | Outcome::Cancelled(reason) => {
                    (LogKind::NotDelivered, format!("Not delivered to {to}: {reason}"))
                }
                Outcome::GivenBack => (
                    LogKind::NotDelivered,
                    format!("Not delivered to {to} yet: the worker stops, and another one begins again"),
                ),
            };
            log(&mut transaction, export, kind, &message).await?;
        }
        transaction.commit().await?;
        Ok(Some(outcome))
    }

    fn pause_after(&self, attempts: u16) -> Duration {
        let at = usize::from(attempts.saturating_sub(1)).min(PAUSES.len() - 1);
        self.retry_after * PAUSES[at]
    }
}

/// Gives deliveries of lost workers to the next ones. One that was the last attempt has failed.
async fn take_back(connection: &mut PgConnection) -> sqlx::Result<()> {
    let lost: Vec<(String, bool)> = query_as(TAKE_BACK)
        .bind(i32::from(ATTEMPTS_MAX))
        .bind(BATCH_MAX)
        .bind(LOST)
        .fetch_all(connection)
        .await?;
    for (delivery, is_failed) in lost {
        match is_failed {
            true => {
                tracing::warn!(
                    action = Action::ExportDeliveryFailed.name(),
                    caller = CALLER,
                    delivery,
                    reason = LOST
                );
            }
            false => tracing::warn!(delivery, reason = LOST, "a delivery is tried again"),
        }
    }
    Ok(())
}
