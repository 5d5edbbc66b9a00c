//! The lock that allows one operation on the database at a time, on any number of servers.
//!
//! It consists of two locks. PostgreSQL's advisory lock ends with the transaction that holds it, so a crash leaves nothing
//! behind, and it works without Redis. It belongs to a transaction, because a pooler keeps a session after its client has
//! left. An advisory lock belongs to one database of the cluster, and roles may differ in the databases that they may connect
//! to. Each holder therefore looks for the same lock in all databases (`pg_locks`). The hub's own lock in Redis keeps the hub and Decant apart; it expires some time after its holder died.
//!
//! A task renews the lock in Redis and reads from the connection to PostgreSQL, so it notices at once that the connection
//! has ended. When either lock is lost, the operation must stop: [`LockGuard::lost`] is cancelled.

use std::time::Duration;

use api::database::{LockHolder, Operation};
use jiff::Timestamp;
use prometheus::IntGauge;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Connection, Executor, Postgres, Row, query, query_scalar};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{maintenance, session};
use crate::audit::Action;
use crate::dsn::Dsn;
use crate::metrics::gauge;
use crate::source::{database_message, remove_time_limits};

/// The key of the hub's own lock in Redis.
const KEY: &str = "database:backup:lock";

/// Counts the holders, so that each one has a greater number in the log than those before it.
const FENCE_KEY: &str = "database:backup:fence";

/// A Redis that takes longer is ignored, because PostgreSQL's lock alone can decide.
const REDIS_MAX: Duration = Duration::from_secs(2);

/// If PostgreSQL takes longer to answer over the lock's connection, the lock counts as lost.
const POSTGRES_MAX: Duration = Duration::from_secs(5);

/// How long the lock's session may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// How often a waiting operation looks whether the lock is free.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// The first half of the advisory lock's key, "Dcnt"; the second half is a hash of the database's name.
const ADVISORY_KEY: i32 = 0x4463_6e74;

/// The transaction of the lock writes nothing. Time limits of the role must not end it.
const BEGIN: &str = "begin read only";

/// Returns the name of the operation for display, without an article.
fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Export => "dump",
        Operation::Import => "restore",
        Operation::Cleanup => "log clean-up",
        Operation::Proof => "proof of a backup",
        Operation::Rollback => "rollback of a restore",
        Operation::Removal => "removal of a restore's database",
        Operation::LogRestore => "restore of archived log rows",
    }
}

/// Why the lock was not acquired.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another operation holds it.
    #[error("{}", conflict(.0.as_ref()))]
    Conflict(Option<LockHolder>),
    #[error("the database does not answer: {}", database_message(.0))]
    Database(#[from] sqlx::Error),
}

fn conflict(holder: Option<&LockHolder>) -> String {
    match holder {
        None => "Another backup operation is running; try again when it has ended".to_owned(),
        Some(LockHolder {
            operation,
            holder,
            since,
        }) => {
            let operation = operation.map_or("backup operation", name);
            let since = since.map_or_else(String::new, |since| format!(" since {since:.0}"));
            format!(
                "A {operation} by {holder} has been running{since}; only one backup operation may run at a time, so \
                 that the data stay consistent"
            )
        }
    }
}

/// The lock of one database.
#[derive(Clone)]
pub struct BackupLock {
    dsn: Dsn,
    redis: Option<ConnectionManager>,
    ttl: Duration,
    /// 1 while this process holds it, else 0.
    held: IntGauge,
}

/// The lock, held. Dropping the guard releases the lock in the background; [`release`](Self::release) waits for it.
#[derive(Debug)]
pub struct LockGuard {
    /// Cancelled when the lock is lost. The operation must stop at once then.
    pub lost: CancellationToken,
    checks: mpsc::Sender<oneshot::Sender<bool>>,
    release: oneshot::Sender<()>,
    renewer: JoinHandle<bool>,
}

impl LockGuard {
    /// Asks PostgreSQL and Redis whether the lock is still held. An operation asks immediately before its first change that
    /// cannot be undone.
    pub async fn is_held(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.checks.send(answer).await.is_ok() && answered.await.unwrap_or(false)
    }

    /// Releases the lock, and returns when another operation can take it. Returns `false` if Redis could not be asked to
    /// release it: Redis then keeps it until its time is up.
    pub async fn release(self) -> bool {
        let Self { release, renewer, .. } = self;
        drop(release);
        renewer.await.unwrap_or(false)
    }
}

impl BackupLock {
    /// The lock of this database. `ttl` is how long Redis keeps the lock of a holder that has crashed.
    ///
    /// # Panics
    /// Never: only a configuration that asks for push messages is refused.
    #[must_use]
    pub fn new(dsn: Dsn, redis: Option<Client>, ttl: Duration) -> Self {
        let connect = |client| {
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(0)
                .set_response_timeout(Some(REDIS_MAX))
                .set_connection_timeout(Some(REDIS_MAX));
            ConnectionManager::new_lazy_with_config(client, config)
                .expect("a configuration without push messages is accepted")
        };
        Self {
            dsn,
            redis: redis.map(connect),
            ttl,
            held: gauge(
                "decant_lock_held",
                "1 while this process holds the lock of dumps, restores and clean-ups, else 0.",
            ),
        }
    }

    /// Returns whether this process holds the lock, as a metric.
    #[must_use]
    pub fn metric(&self) -> IntGauge {
        self.held.clone()
    }

    /// Acquires the lock, without waiting for another holder.
    ///
    /// # Errors
    /// [`LockError::Conflict`] with the holder; [`LockError::Database`].
    pub async fn acquire(&self, operation: Operation, caller: &str) -> Result<LockGuard, LockError> {
        let mut postgres = self.acquire_in_postgres(operation, caller).await?;
        let holder = LockHolder {
            operation: Some(operation),
            holder: caller.to_owned(),
            since: Some(Timestamp::now()),
        };
        let id = Uuid::new_v4();
        let value = serde_json::json!({ "id": id.to_string(), "operation": operation, "holder": caller, "since": holder.since });
        let mut in_redis = RedisLock {
            connection: self.redis.clone(),
            value: value.to_string(),
            ttl: self.ttl,
        };
        let fence = match in_redis.acquire().await {
            Ok(fence) => fence,
            Err(conflict) => {
                let _ = postgres.execute("rollback").await;
                tracing::warn!(
                    action = Action::BackupLockConflict.name(),
                    operation = operation.word(),
                    caller
                );
                return Err(conflict);
            }
        };
        tracing::info!(action = Action::BackupLockAcquired.name(), operation = operation.word(), caller, %id, fence);
        let lost = CancellationToken::new();
        let (release, released) = oneshot::channel();
        let (checks, asked) = mpsc::channel(1);
        let renewer = LockRenewer {
            postgres,
            redis: in_redis,
            lost: lost.clone(),
            id,
            _held: Held::new(self.held.clone()),
        };
        Ok(LockGuard {
            lost,
            checks,
            release,
            renewer: tokio::spawn(renewer.run(released, asked)),
        })
    }

    /// Waits until no operation holds the lock. Another one may acquire it before the caller does.
    pub async fn wait_until_free(&self) {
        while !matches!(self.holder().await, Ok(None)) {
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Returns the holder of the lock; `None` if it is free.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn holder(&self) -> sqlx::Result<Option<LockHolder>> {
        let mut connection = match maintenance::connect(&self.dsn, "decant").await? {
            Some(connection) => connection,
            None => session::open(&self.dsn, "decant").await?,
        };
        let holder = holder_in_postgres(&mut connection, self.dsn.database()).await?;
        let _ = connection.close().await;
        if holder.is_some() {
            return Ok(holder);
        }
        let mut in_redis = RedisLock {
            connection: self.redis.clone(),
            value: String::new(),
            ttl: self.ttl,
        };
        Ok(in_redis.holder().await)
    }

    /// Returns a session whose transaction holds the advisory lock. Its name shows the operation and the caller to other
    /// servers.
    async fn acquire_in_postgres(&self, operation: Operation, caller: &str) -> Result<PgListener, LockError> {
        let mut session = self.open_session(&session_name(operation, caller)).await?;
        session.execute(BEGIN).await?;
        let taken: bool =
            query_scalar("select pg_catalog.pg_try_advisory_xact_lock($1, pg_catalog.hashtext($2))")
                .bind(ADVISORY_KEY)
                .bind(self.dsn.database())
                .fetch_one(&mut session)
                .await?;
        // A role that may connect to other databases holds the lock in another one. Of two holders, the later one sees the other.
        let holder = holder_in_postgres(&mut session, self.dsn.database()).await?;
        if taken && holder.is_none() {
            return Ok(session);
        }
        session.execute("rollback").await?;
        tracing::warn!(
            action = Action::BackupLockConflict.name(),
            operation = operation.word(),
            caller
        );
        Err(LockError::Conflict(holder))
    }

    /// Opens the session of the lock. Only sqlx's listener reads from its connection while no query runs.
    async fn open_session(&self, name: &str) -> sqlx::Result<PgListener> {
        for candidate in maintenance::candidates(&self.dsn) {
            match listener(&candidate, name).await {
                Err(error) if maintenance::is_closed(&error) => {}
                session => return session,
            }
        }
        listener(&self.dsn, name).await
    }
}

async fn listener(dsn: &Dsn, name: &str) -> sqlx::Result<PgListener> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(CONNECT_MAX)
        .after_connect(|connection, _| Box::pin(remove_time_limits(connection)))
        .connect_lazy_with(dsn.options().clone().application_name(name));
    let mut session = PgListener::connect_with(&pool).await?;
    // A new connection would not hold the lock.
    session.eager_reconnect(false);
    Ok(session)
}

/// Returns the `application_name` of the lock's session, at most 63 bytes of ASCII as PostgreSQL keeps them.
fn session_name(operation: Operation, caller: &str) -> String {
    let mut name = format!("decant {}: {caller}", operation.word());
    name.retain(|character| character.is_ascii_graphic() || character == ' ');
    name.truncate(63);
    name
}

/// Returns the holder of the lock in any database of the cluster, without this session.
async fn holder_in_postgres(
    connection: impl Executor<'_, Database = Postgres>,
    database: &str,
) -> sqlx::Result<Option<LockHolder>> {
    let row = query(
        "select a.application_name as name, a.usename::pg_catalog.text as role, a.pid, \
         a.usename operator(pg_catalog.=) current_user as is_own_role, \
         (extract(epoch from a.backend_start) operator(pg_catalog.*) 1000000)::bigint as since \
         from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) l.pid \
         where l.locktype operator(pg_catalog.=) 'advisory' and l.granted and l.objsubid operator(pg_catalog.=) 2 \
         and l.classid operator(pg_catalog.=) $1::bigint::pg_catalog.oid and l.objid operator(pg_catalog.=) \
             (pg_catalog.hashtext($2)::bigint operator(pg_catalog.&) 4294967295)::pg_catalog.oid \
         and l.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()",
    )
    .bind(i64::from(ADVISORY_KEY))
    .bind(database)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let name: Option<String> = row.try_get("name")?;
    let since: Option<i64> = row.try_get("since")?;
    let name = name.unwrap_or_default();
    let (operation, mut holder) = match name
        .strip_prefix("decant ")
        .and_then(|name| name.split_once(": "))
    {
        Some((operation, holder)) => (Operation::from_word(operation), holder.to_owned()),
        None => (None, "another program".to_owned()),
    };
    // Any role that may connect to this database can take the lock, and can name its session as it likes.
    if !row.try_get::<Option<bool>, _>("is_own_role")?.unwrap_or_default() {
        let (role, pid): (Option<String>, i32) = (row.try_get("role")?, row.try_get("pid")?);
        let role = role.unwrap_or_default();
        holder = format!(
            "{holder}, in a session of the role {role} (if it is no Decant, end it with pg_terminate_backend({pid})),"
        );
    }
    Ok(Some(LockHolder {
        operation,
        holder,
        since: since.and_then(|since| Timestamp::from_microsecond(since).ok()),
    }))
}

/// The lock in Redis. Without a Redis it does nothing.
struct RedisLock {
    connection: Option<ConnectionManager>,
    /// An id of this lock, and its holder.
    value: String,
    ttl: Duration,
}

impl RedisLock {
    /// Acquires the lock, and returns the number of this holder. A Redis that does not answer leaves the decision to
    /// PostgreSQL.
    async fn acquire(&mut self) -> Result<Option<u64>, LockError> {
        let Some(redis) = &mut self.connection else {
            return Ok(None);
        };
        let script = Script::new(
            "if redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2]) then return redis.call('incr', KEYS[2]) end \
             return 0",
        );
        let taken: Result<u64, RedisError> = script
            .key(KEY)
            .key(FENCE_KEY)
            .arg(&self.value)
            .arg(milliseconds(self.ttl))
            .invoke_async(redis)
            .await;
        match taken {
            Ok(0) => Err(LockError::Conflict(self.holder().await)),
            Ok(fence) => Ok(Some(fence)),
            Err(error) => {
                tracing::warn!(action = Action::BackupLockFallbackToPostgres.name(), %error);
                Ok(None)
            }
        }
    }

    async fn holder(&mut self) -> Option<LockHolder> {
        let redis = self.connection.as_mut()?;
        let value: Option<String> = redis::cmd("GET").arg(KEY).query_async(redis).await.ok()?;
        let value = value?;
        Some(serde_json::from_str(&value).unwrap_or_else(|_| LockHolder {
            operation: None,
            holder: "another program".to_owned(),
            since: None,
        }))
    }

    /// Extends the lock by its lifetime. Returns `false` when another holder has it.
    async fn renew(&mut self) -> bool {
        let Some(redis) = &mut self.connection else {
            return true;
        };
        // Sets it also when it is missing: a restarted Redis has lost it.
        let script = Script::new(
            "local held = redis.call('get', KEYS[1]) \
             if not held or held == ARGV[1] then redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2]) return 1 end \
             return 0",
        );
        let renewed: Result<u64, RedisError> = script
            .key(KEY)
            .arg(&self.value)
            .arg(milliseconds(self.ttl))
            .invoke_async(redis)
            .await;
        match renewed {
            Ok(renewed) => renewed == 1,
            Err(error) => {
                tracing::warn!(action = Action::BackupLockFallbackToPostgres.name(), %error);
                true
            }
        }
    }

    /// Releases the lock unless another holder has it.
    async fn release(&mut self) -> Result<(), RedisError> {
        let Some(redis) = &mut self.connection else {
            return Ok(());
        };
        let script = Script::new(
            "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0",
        );
        script.key(KEY).arg(&self.value).invoke_async(redis).await
    }
}

/// Renews a lock until it is released or lost.
struct LockRenewer {
    postgres: PgListener,
    redis: RedisLock,
    lost: CancellationToken,
    id: Uuid,
    _held: Held,
}

/// Shows in the metrics that the lock is held, until it is dropped.
struct Held(IntGauge);

impl Held {
    fn new(gauge: IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl LockRenewer {
    /// Returns whether Redis has released the lock.
    async fn run(
        mut self,
        mut released: oneshot::Receiver<()>,
        mut asked: mpsc::Receiver<oneshot::Sender<bool>>,
    ) -> bool {
        // Three times in its lifetime, so that a single failed renewal does not lose it.
        let mut renewals = interval(self.redis.ttl / 3);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewals.tick().await;
        loop {
            let is_held = tokio::select! {
                _ = &mut released => break,
                _ = renewals.tick() => self.is_still_held().await,
                Some(answer) = asked.recv() => {
                    let is_held = self.is_still_held().await;
                    // The operation may have ended meanwhile.
                    let _ = answer.send(is_held);
                    is_held
                }
                // The session listens to no channel, so only its end is received.
                ended = self.postgres.try_recv() => matches!(ended, Ok(Some(_))),
            };
            if !is_held {
                tracing::error!(action = Action::BackupLockLost.name(), id = %self.id);
                self.lost.cancel();
                break;
            }
        }
        let released = self.redis.release().await;
        match &released {
            Ok(()) => tracing::info!(action = Action::BackupLockReleased.name(), id = %self.id),
            Err(error) => {
                tracing::warn!(action = Action::BackupLockReleaseFailed.name(), id = %self.id, %error)
            }
        }
        // PostgreSQL releases the lock with the connection, too, if this times out.
        if !self.lost.is_cancelled() {
            let _ = timeout(POSTGRES_MAX, self.postgres.execute("rollback")).await;
        }
        released.is_ok()
    }

    async fn is_still_held(&mut self) -> bool {
        let query = query("select 1").execute(&mut self.postgres);
        matches!(timeout(POSTGRES_MAX, query).await, Ok(Ok(_))) && self.redis.renew().await
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_after_its_holder_in_63_bytes() {
        assert_eq!(session_name(Operation::Export, "Alice"), "decant export: Alice");
        let long = session_name(Operation::Import, &"x".repeat(100));
        assert_eq!(long.len(), 63);
        assert_eq!(session_name(Operation::Export, "Zoë\n"), "decant export: Zo");
    }

    #[test]
    fn a_conflict_names_the_holder() {
        let holder = LockHolder {
            operation: Some(Operation::Import),
            holder: "Alice".to_owned(),
            since: "2026-01-28T12:00:00.5Z".parse().ok(),
        };
        let text = LockError::Conflict(Some(holder)).to_string();
        assert!(
            text.starts_with("A restore by Alice has been running since 2026-01-28T12:00:00Z;"),
            "{text}"
        );
    }
}
