//! One dump, restore or clean-up at a time, on however many servers.
//!
//! Two locks together. An advisory lock of PostgreSQL, which ends with the connection that holds it, so a crash leaves
//! nothing behind; it is what keeps two out when Redis is gone. And the hub's own lock in Redis, so that the hub and
//! Decant keep out of each other's way; it ends by itself a while after its holder did.
//!
//! A task of its own keeps both: it renews the one and looks after the other. When either is lost, so is the right to
//! go on, and [`Held::lost`] says so.

use std::time::Duration;

use jiff::Timestamp;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, Row, query, query_scalar};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::audit::Action;
use crate::dsn::Dsn;

/// The lock's name in Redis: the hub's own.
const KEY: &str = "database:backup:lock";

/// Counts the holders, so that a later one is known from an earlier.
const FENCE_KEY: &str = "database:backup:fence";

/// How long Redis may take. A paused one must not hold up what PostgreSQL alone can decide.
const REDIS_MAX: Duration = Duration::from_secs(2);

/// How long PostgreSQL may take to say that the lock's connection still lives.
const PROOF_MAX: Duration = Duration::from_secs(5);

/// The first half of the advisory lock's key, "Dcnt"; the second is a hash of the database's name.
const ADVISORY: i32 = 0x4463_6e74;

/// The database that every cluster has: a lock held there stands in nobody's way when another database is renamed.
const MAINTENANCE: &str = "postgres";

/// What the lock is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// A dump.
    Export,
    /// A restore.
    Import,
    /// A clean-up of logs.
    Cleanup,
    /// A backup is restored beside the live database, for proof.
    Proof,
}

impl Operation {
    /// The word for people and in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
            Self::Cleanup => "cleanup",
            Self::Proof => "proof",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Export, Self::Import, Self::Cleanup, Self::Proof]
            .into_iter()
            .find(|operation| operation.word() == word)
    }
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// What for; `None`: a program other than Decant holds it.
    pub operation: Option<Operation>,
    /// The caller's name.
    pub holder: String,
    /// Since when, if that is known.
    pub since: Option<Timestamp>,
}

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has it.
    #[error("{}", held_by(.0.as_ref()))]
    Conflict(Option<Holder>),
    /// The database does not answer.
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
}

fn held_by(holder: Option<&Holder>) -> String {
    match holder {
        None => "Another backup operation is running; try again when it has ended".to_owned(),
        Some(Holder {
            operation,
            holder,
            since,
        }) => {
            let operation = operation.map_or("backup operation", |operation| match operation {
                Operation::Export => "dump",
                Operation::Import => "restore",
                Operation::Cleanup => "log clean-up",
                Operation::Proof => "proof of a backup",
            });
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
}

/// The lock, held. Dropping it releases it; [`release`](Self::release) also waits for that.
#[derive(Debug)]
pub struct Held {
    /// Cancelled when the lock has been lost: whoever holds it must stop at once.
    pub lost: CancellationToken,
    /// Higher than that of every holder before; `None` where no Redis counts.
    pub fence: Option<u64>,
    release: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

impl Held {
    /// Gives the lock back.
    pub async fn release(self) {
        let Self { release, keeper, .. } = self;
        drop(release);
        // It ends by itself soon after, whether we wait or not.
        let _ = keeper.await;
    }
}

impl BackupLock {
    /// The lock of this database; `ttl` is how long Redis keeps it for a holder that has crashed.
    ///
    /// # Panics
    /// Never: only a configuration that asks for push messages is refused.
    #[must_use]
    pub fn of(dsn: Dsn, redis: Option<Client>, ttl: Duration) -> Self {
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
        }
    }

    /// Takes the lock, or says who has it. Nobody waits for it.
    ///
    /// # Errors
    /// [`LockError`].
    pub async fn acquire(&self, operation: Operation, caller: &str) -> Result<Held, LockError> {
        let postgres = self.take_in_postgres(operation, caller).await?;
        let holder = Holder {
            operation: Some(operation),
            holder: caller.to_owned(),
            since: Some(Timestamp::now()),
        };
        let id = Uuid::new_v4();
        let value = serde_json::json!({ "id": id.to_string(), "operation": operation, "holder": caller, "since": holder.since });
        let mut in_redis = InRedis {
            connection: self.redis.clone(),
            value: value.to_string(),
            ttl: self.ttl,
        };
        let fence = match in_redis.take().await {
            Ok(fence) => fence,
            Err(conflict) => {
                let _ = postgres.close().await;
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
        let keeper = Keeper {
            postgres,
            redis: in_redis,
            lost: lost.clone(),
            id,
        };
        Ok(Held {
            lost,
            fence,
            release,
            keeper: tokio::spawn(keeper.keep(released)),
        })
    }

    /// Who holds the lock now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn holder(&self) -> sqlx::Result<Option<Holder>> {
        let mut connection = self.connect("decant").await?;
        let holder = holder_in_postgres(&mut connection, self.dsn.database()).await?;
        let _ = connection.close().await;
        if holder.is_some() {
            return Ok(holder);
        }
        let mut in_redis = InRedis {
            connection: self.redis.clone(),
            value: String::new(),
            ttl: self.ttl,
        };
        Ok(in_redis.holder().await)
    }

    /// A session that holds the advisory lock, named so that others can read who it is.
    async fn take_in_postgres(&self, operation: Operation, caller: &str) -> Result<PgConnection, LockError> {
        let mut connection = self.connect(&session_name(operation, caller)).await?;
        let taken: bool = query_scalar("select pg_catalog.pg_try_advisory_lock($1, pg_catalog.hashtext($2))")
            .bind(ADVISORY)
            .bind(self.dsn.database())
            .fetch_one(&mut connection)
            .await?;
        if taken {
            return Ok(connection);
        }
        let holder = holder_in_postgres(&mut connection, self.dsn.database()).await?;
        let _ = connection.close().await;
        tracing::warn!(
            action = Action::BackupLockConflict.name(),
            operation = operation.word(),
            caller
        );
        Err(LockError::Conflict(holder))
    }

    async fn connect(&self, name: &str) -> sqlx::Result<PgConnection> {
        let connect = async |options: PgConnectOptions| {
            PgConnection::connect_with(&options.application_name(name)).await
        };
        match connect(self.dsn.of_database(MAINTENANCE).options().clone()).await {
            // Not everybody may connect there. Whoever may not, may not on any server, so all of them meet here.
            Err(sqlx::Error::Database(_)) => connect(self.dsn.options().clone()).await,
            connection => connection,
        }
    }
}

/// PostgreSQL shows others the name of a session: 63 bytes.
fn session_name(operation: Operation, caller: &str) -> String {
    let mut name = format!("decant {}: {caller}", operation.word());
    name.retain(|character| character.is_ascii_graphic() || character == ' ');
    name.truncate(63);
    name
}

async fn holder_in_postgres(connection: &mut PgConnection, database: &str) -> sqlx::Result<Option<Holder>> {
    let row = query(
        "select a.application_name as name, \
         (extract(epoch from a.backend_start) operator(pg_catalog.*) 1000000)::bigint as since \
         from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) l.pid \
         where l.locktype operator(pg_catalog.=) 'advisory' and l.granted and l.objsubid operator(pg_catalog.=) 2 \
         and l.classid operator(pg_catalog.=) $1::bigint::pg_catalog.oid and l.objid operator(pg_catalog.=) \
             (pg_catalog.hashtext($2)::bigint operator(pg_catalog.&) 4294967295)::pg_catalog.oid \
         and l.database operator(pg_catalog.=) (select oid from pg_catalog.pg_database \
             where datname operator(pg_catalog.=) pg_catalog.current_database())",
    )
    .bind(i64::from(ADVISORY))
    .bind(database)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let name: Option<String> = row.try_get("name")?;
    let since: Option<i64> = row.try_get("since")?;
    let name = name.unwrap_or_default();
    let (operation, holder) = match name
        .strip_prefix("decant ")
        .and_then(|name| name.split_once(": "))
    {
        Some((operation, holder)) => (Operation::parse(operation), holder.to_owned()),
        None => (None, "another program".to_owned()),
    };
    Ok(Some(Holder {
        operation,
        holder,
        since: since.and_then(|since| Timestamp::from_microsecond(since).ok()),
    }))
}

/// The lock in Redis, as far as there is one.
struct InRedis {
    connection: Option<ConnectionManager>,
    /// What we write there: an id of our own, and who we are.
    value: String,
    ttl: Duration,
}

impl InRedis {
    /// Takes it, and counts. A Redis that does not answer leaves the decision to PostgreSQL.
    async fn take(&mut self) -> Result<Option<u64>, LockError> {
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

    /// Who holds it.
    async fn holder(&mut self) -> Option<Holder> {
        let redis = self.connection.as_mut()?;
        let value: Option<String> = redis::cmd("GET").arg(KEY).query_async(redis).await.ok()?;
        let value = value?;
        Some(serde_json::from_str(&value).unwrap_or_else(|_| Holder {
            operation: None,
            holder: "another program".to_owned(),
            since: None,
        }))
    }

    /// Holds it for another while. `false`: somebody else has it now.
    async fn renew(&mut self) -> bool {
        let Some(redis) = &mut self.connection else {
            return true;
        };
        // A Redis that was restarted has forgotten it.
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

    /// Gives it back, if it is ours.
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

/// Looks after a lock that is held.
struct Keeper {
    postgres: PgConnection,
    redis: InRedis,
    lost: CancellationToken,
    id: Uuid,
}

impl Keeper {
    async fn keep(mut self, mut released: oneshot::Receiver<()>) {
        // Thrice in its lifetime, so that one failure is none.
        let mut renewals = interval(self.redis.ttl / 3);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewals.tick().await;
        loop {
            tokio::select! {
                _ = &mut released => break,
                _ = renewals.tick() => {
                    if !self.is_still_held().await {
                        tracing::error!(action = Action::BackupLockLost.name(), id = %self.id);
                        self.lost.cancel();
                        break;
                    }
                }
            }
        }
        match self.redis.release().await {
            Ok(()) => tracing::info!(action = Action::BackupLockReleased.name(), id = %self.id),
            Err(error) => {
                tracing::warn!(action = Action::BackupLockReleaseFailed.name(), id = %self.id, %error)
            }
        }
        // The server ends the lock with the connection, also if it hears no farewell.
        let _ = timeout(PROOF_MAX, self.postgres.close()).await;
    }

    async fn is_still_held(&mut self) -> bool {
        let proof = query("select 1").execute(&mut self.postgres);
        matches!(timeout(PROOF_MAX, proof).await, Ok(Ok(_))) && self.redis.renew().await
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
        let holder = Holder {
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
