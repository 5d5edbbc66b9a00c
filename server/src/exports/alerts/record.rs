//! The alerts of now, in the table `export_alerts`.

use api::alerts::Alert;
use sqlx::{PgConnection, query_scalar};

use super::measure::Finding;
use crate::state::json::{read, write};

/// Key of the advisory lock, so that one server at a time compares: `dcnt` in ASCII, and a number.
const LOCK: i64 = 0x6463_6e74_0000_0006;

/// Keeps the findings that are new, and returns them.
const BEGIN: &str = "with begun as ( \
         insert into decant.export_alerts (kind, message) \
         select f.kind, f.message from jsonb_to_recordset($1::jsonb) as f (kind text, message text) \
         on conflict (kind) do nothing returning kind, message, since) \
     select coalesce(json_agg(json_build_object('kind', kind, 'status', 'began', 'message', message, 'since', since)), '[]')::text \
     from begun";

/// Removes the alerts of other kinds than `$1`, and returns them.
const END: &str = "with gone as (delete from decant.export_alerts where not kind = any ($1) returning kind, message, since) \
     select coalesce(json_agg(json_build_object('kind', kind, 'status', 'over', 'message', message, 'since', since)), '[]')::text \
     from gone";

/// Returns whether this transaction is the one that compares now.
pub(super) async fn lock(transaction: &mut PgConnection) -> sqlx::Result<bool> {
    query_scalar("select pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(transaction)
        .await
}

/// Records what is wrong now. Returns the alerts that have begun, and those that are over.
pub(super) async fn replace(
    transaction: &mut PgConnection,
    findings: &[Finding],
) -> sqlx::Result<Vec<Alert>> {
    let kinds: Vec<_> = findings
        .iter()
        .map(|finding| finding.kind.word().to_owned())
        .collect();
    let over: String = query_scalar(END).bind(kinds).fetch_one(&mut *transaction).await?;
    let begun: String = query_scalar(BEGIN)
        .bind(write(&findings)?)
        .fetch_one(transaction)
        .await?;
    let (mut alerts, begun): (Vec<Alert>, Vec<Alert>) = (read(&over)?, read(&begun)?);
    alerts.extend(begun);
    Ok(alerts)
}
