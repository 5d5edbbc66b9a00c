//! The clean-up of exports: files whose time is over, files without an export, exports without their file, old records.
//!
//! Every step works on batches, each in a transaction of its own, and may be repeated. So a clean-up that ends early, or two at
//! the same time, do no harm.

use std::io;
use std::time::{Duration, Instant};

use api::export_files::ExportCleanup;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, query, query_scalar};
use tokio::task::spawn_blocking;

use super::analytics::remove_old;
use super::cleanup_report::{BATCH_ROWS, CleanupError, fail, message};
use super::expiry::expire;
use super::file_key::FileKey;
use super::files::ExportFiles;
use super::orphans;
use super::usage;
use crate::audit::Action;
use crate::state::{Purpose, State};

/// Key of the advisory lock of the clean-up, so that servers with the same schedule run one: `dcnt` in ASCII, and a number.
const LOCK: i64 = 0x6463_6e74_0005;

/// The clean-up of exports. Clones share the connections.
#[derive(Clone)]
pub struct ExportCleaner {
    state: State,
    files: ExportFiles,
    options: CleanupOptions,
}

/// The clean-up's part of the settings.
#[derive(Clone, Copy, Debug)]
pub struct CleanupOptions {
    /// Age at which unfinished files of a folder are removed.
    pub scratch_age: Duration,
    /// How long records are kept after their file went.
    pub records_kept: Duration,
}

impl ExportCleaner {
    #[must_use]
    pub fn new(state: State, files: ExportFiles, options: CleanupOptions) -> Self {
        Self {
            state,
            files,
            options,
        }
    }

    /// Cleans up for this caller, or counts what a clean-up would remove.
    ///
    /// # Errors
    /// [`CleanupError`]. A file that cannot be removed is no error; the result names it.
    pub async fn run(&self, is_dry_run: bool, caller: &str) -> Result<ExportCleanup, CleanupError> {
        tracing::info!(action = Action::ExportCleanupStart.name(), caller, is_dry_run);
        let started = Instant::now();
        let done = self.locked(is_dry_run).await;
        match done {
            Ok(mut result) => {
                result.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                result.success = result.failed.is_empty();
                result.message = message(&result, is_dry_run);
                tracing::info!(
                    action = Action::ExportCleanupComplete.name(),
                    caller,
                    is_dry_run,
                    expired = result.expired,
                    files = result.deleted_files,
                    bytes = result.freed_bytes,
                    orphan_files = result.orphan_files,
                    orphan_records = result.orphan_records,
                    records = result.removed_records,
                    failed = result.failed.len(),
                    duration_ms = result.duration_ms
                );
                Ok(result)
            }
            Err(error) => {
                if !matches!(error, CleanupError::Running) {
                    tracing::error!(action = Action::ExportCleanupError.name(), caller, %error);
                }
                Err(error)
            }
        }
    }

    /// Holds the lock, which belongs to a session: PostgreSQL releases it when this server dies.
    async fn locked(&self, is_dry_run: bool) -> Result<ExportCleanup, CleanupError> {
        let mut lock = self.state.connection(Purpose::Work).await?;
        if !try_lock(&mut lock).await? {
            return Err(CleanupError::Running);
        }
        let result = self.clean_up(is_dry_run).await;
        unlock(lock).await;
        result
    }

    async fn clean_up(&self, is_dry_run: bool) -> Result<ExportCleanup, CleanupError> {
        let mut result = ExportCleanup::default();
        let mut connection = self.state.connection(Purpose::Work).await?;
        if is_dry_run {
            self.count(&mut connection, &mut result).await?;
        } else {
            while expire(&mut connection, BATCH_ROWS).await? {}
            self.remove_files(&mut connection, &mut result).await?;
        }
        orphans::remove_files(&self.files, &mut connection, &mut result, is_dry_run).await?;
        orphans::abort_uploads(&self.files, &mut connection, &mut result, is_dry_run).await?;
        orphans::mark_records(&self.files, &mut connection, &mut result, is_dry_run).await?;
        if !is_dry_run {
            self.sweep().await?;
            let kept = self.options.records_kept;
            result.removed_records = remove_records(&mut connection, kept).await?;
            query(
                "delete from decant.export_schedules where status = 'ended' \
                 and updated_at < now() - make_interval(secs => $1)",
            )
            .bind(kept.as_secs_f64())
            .execute(&mut *connection)
            .await?;
            remove_old(&mut connection).await?;
            query(
                "delete from decant.export_deliveries where alert is not null \
                 and ended_at < now() - make_interval(secs => $1)",
            )
            .bind(kept.as_secs_f64())
            .execute(&mut *connection)
            .await?;
            usage::recount(&mut connection).await?;
            query("delete from decant.export_links where expires_at < now() - interval '7 days'")
                .execute(&mut *connection)
                .await?;
        }
        Ok(result)
    }

    /// Counts the files that would be removed.
    async fn count(
        &self,
        connection: &mut PgConnection,
        result: &mut ExportCleanup,
    ) -> Result<(), CleanupError> {
        let (expired, files, bytes): (i64, i64, i64) = sqlx::query_as(
            "select count(*) filter (where status in ('completed', 'expired')), count(*), coalesce(sum(file_bytes), 0)::bigint \
             from decant.data_exports where file_key is not null \
             and (status in ('expired', 'cancelled', 'failed') or status = 'completed' and expires_at <= now())",
        )
        .fetch_one(connection)
        .await?;
        result.expired = expired.unsigned_abs();
        result.deleted_files = files.unsigned_abs();
        result.freed_bytes = bytes.unsigned_abs();
        Ok(())
    }

    /// Removes the files of exports that are over, and gives their space back.
    async fn remove_files(
        &self,
        connection: &mut PgConnection,
        result: &mut ExportCleanup,
    ) -> Result<(), CleanupError> {
        let mut after = String::new();
        loop {
            let batch: Vec<(String, String)> = sqlx::query_as(
                "select id::text, file_key from decant.data_exports \
                 where file_key > $1 and status in ('expired', 'cancelled', 'failed') order by file_key limit $2",
            )
            .bind(&after)
            .bind(BATCH_ROWS)
            .fetch_all(&mut *connection)
            .await?;
            let Some((_, last)) = batch.last() else {
                return Ok(());
            };
            after.clone_from(last);
            let (mut removed, is_last) = (Vec::new(), batch.len() < BATCH_ROWS as usize);
            for (id, key) in batch {
                // A key that Decant did not write has no file.
                let gone = match FileKey::parse(&key) {
                    Some(key) => self.files.remove(&key).await,
                    None => Ok(()),
                };
                match gone {
                    Ok(()) => removed.push(id),
                    Err(error) => fail(result, id, &error),
                }
            }
            let forgotten = usage::forget_files(connection, &removed).await?;
            result.expired += forgotten.expired;
            result.deleted_files += forgotten.files;
            result.freed_bytes += forgotten.bytes;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn sweep(&self) -> Result<(), CleanupError> {
        let (files, age) = (self.files.clone(), self.options.scratch_age);
        let swept = spawn_blocking(move || files.sweep(age)).await;
        let swept = swept
            .map_err(io::Error::other)
            .flatten()
            .map_err(CleanupError::Sweep)?;
        if swept > 0 {
            tracing::info!(action = Action::TempFileCleanup.name(), swept);
        }
        Ok(())
    }
}

/// Removes records whose file went longer ago than `kept`. Returns their number.
async fn remove_records(connection: &mut PgConnection, kept: Duration) -> Result<u64, CleanupError> {
    let mut removed = 0;
    loop {
        let batch = query(
            "delete from decant.data_exports where id in (select id from decant.data_exports \
             where status in ('expired', 'cancelled', 'failed') and file_key is null \
             and coalesce(expires_at, completed_at, created_at) < now() - make_interval(secs => $1) \
             limit $2 for update skip locked)",
        )
        .bind(kept.as_secs_f64())
        .bind(BATCH_ROWS)
        .execute(&mut *connection)
        .await?
        .rows_affected();
        removed += batch;
        if batch < BATCH_ROWS.unsigned_abs() {
            return Ok(removed);
        }
    }
}

async fn try_lock(connection: &mut PgConnection) -> Result<bool, CleanupError> {
    let locked = query_scalar("select pg_try_advisory_lock($1)").bind(LOCK);
    Ok(locked.fetch_one(connection).await?)
}

/// Releases the lock. If that fails, the connection is closed, and PostgreSQL releases it.
async fn unlock(mut connection: PoolConnection<Postgres>) {
    let unlocked = query("select pg_advisory_unlock($1)").bind(LOCK);
    if unlocked.execute(&mut *connection).await.is_err() {
        connection.close_on_drop();
    }
}
