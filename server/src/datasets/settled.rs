//! The time before which no row of a dataset comes any more, so that an export of the rows before it is complete for ever.
//!
//! The time of a row is the start of the transaction that inserts it, and the row shows when that transaction commits. So a time is
//! settled once every transaction that began before it has ended. `pg_stat_activity` has the starts of those that run.
//!
//! - The time is asked before the transactions, and a snapshot that is taken after both has all rows before it.
//! - A transaction has its start a moment before it shows. `settled_after_seconds` covers that. So does `query_start`, which shows first.
//! - Prepared transactions do not show their starts. They are asked after the others, because one of these may become one.
//! - The time is a whole second, so that a column with fewer digits than PostgreSQL's clock rounds no later time to an earlier one.

use jiff::Timestamp;
use sqlx::{PgConnection, query_as, query_scalar};

use super::definition::Incremental;

/// Why this session does not see every transaction that writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unseen {
    #[error(
        "the database is a standby, which does not show the transactions that write; name the primary in its place"
    )]
    Standby,
    #[error("the role {0} does not see the transactions of other roles; run GRANT pg_read_all_stats TO {0};")]
    NoRight(String),
    #[error(
        "the database subscribes to tables of another server, whose rows come with the times of that server"
    )]
    Subscription,
    #[error("other servers of this Citus cluster write rows, too, and their transactions do not show here")]
    Citus,
}

/// Why no time is settled now.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    #[error(transparent)]
    Unseen(#[from] Unseen),
    #[error(
        "A prepared transaction is open, which does not show when it began; end it with COMMIT PREPARED or ROLLBACK PREPARED \
         (pg_prepared_xacts)"
    )]
    Prepared,
    #[error("A session hides when its transaction began (track_activities is off)")]
    Hidden,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Returns whether this server recovers, whether the role sees all sessions, whether rows come from another server, and the role.
const CHECK: &str = "select pg_catalog.pg_is_in_recovery(), \
         pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage'), \
         exists (select from pg_catalog.pg_subscription_rel), \
         exists (select from pg_catalog.pg_extension where extname operator(pg_catalog.=) 'citus'), \
         pg_catalog.quote_ident(current_user)";

/// Returns the time, and the number of sessions that do not show when their transactions began. `$1` is a number of seconds. This
/// session writes nothing. Neither do processes of autovacuum and those that send changes to other servers.
const SETTLED: &str = "select pg_catalog.to_json(pg_catalog.date_trunc('second', least( \
             pg_catalog.statement_timestamp() operator(pg_catalog.-) pg_catalog.make_interval(0, 0, 0, 0, 0, 0, $1), \
             pg_catalog.min(coalesce(a.xact_start, \
                 case when a.state operator(pg_catalog.=) 'active' then a.query_start end))))) \
             operator(pg_catalog.#>>) '{}', \
         pg_catalog.count(*) filter (where a.backend_type is null or a.state operator(pg_catalog.=) 'disabled') \
     from pg_catalog.pg_stat_activity a \
     where a.datname operator(pg_catalog.=) pg_catalog.current_database() \
     and a.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid() \
     and coalesce(a.backend_type, '') operator(pg_catalog.<>) all ('{autovacuum worker,walsender}')";

const IS_PREPARED: &str = "select exists (select from pg_catalog.pg_prepared_xacts \
     where database operator(pg_catalog.=) pg_catalog.current_database())";

/// Checks that this session sees every transaction that writes.
///
/// # Errors
/// [`Unsettled::Unseen`], [`Unsettled::Database`].
pub async fn check_visible(connection: &mut PgConnection) -> Result<(), Unsettled> {
    let (is_standby, sees_all, subscribes, is_citus, role): (bool, bool, bool, bool, String) =
        query_as(CHECK).fetch_one(connection).await?;
    if is_standby {
        return Err(Unseen::Standby.into());
    }
    if !sees_all {
        return Err(Unseen::NoRight(role).into());
    }
    if subscribes {
        return Err(Unseen::Subscription.into());
    }
    match is_citus {
        true => Err(Unseen::Citus.into()),
        false => Ok(()),
    }
}

/// Returns the time before which all rows show that ever will, to snapshots that are taken from now on.
///
/// # Errors
/// [`Unsettled`]
pub async fn settled_before(
    connection: &mut PgConnection,
    incremental: &Incremental,
) -> Result<Timestamp, Unsettled> {
    check_visible(connection).await?;
    let (settled, hidden): (String, i64) = query_as(SETTLED)
        .bind(f64::from(incremental.settled_after_seconds))
        .fetch_one(&mut *connection)
        .await?;
    let is_prepared: bool = query_scalar(IS_PREPARED).fetch_one(connection).await?;
    if is_prepared {
        return Err(Unsettled::Prepared);
    }
    if hidden > 0 {
        return Err(Unsettled::Hidden);
    }
    let settled = settled.parse::<Timestamp>();
    settled.map_err(|error| sqlx::Error::Decode(error.into()).into())
}
