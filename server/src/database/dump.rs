//! Streams `pg_dump`. Its bytes pass through unchanged, and it waits when the reader is slow.

use api::database::{DumpMode, DumpStatus, Operation, Outcome};

use crate::audit::Action;
use crate::dsn::Dsn;
use std::process::ExitStatus;
use std::str::FromStr;
use std::sync::Arc;

use async_stream::stream;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use jiff::Timestamp;
use sqlx::{Connection, PgConnection, query_scalar};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio_util::sync::CancellationToken;

use super::dump_messages::DumpMessages;
use super::lock::{BackupLock, LockError, LockGuard};
use super::operation_record::{LastOperation, OperationHandle};
use super::tools::{Tools, ToolsError, spawn_piped};
use crate::free_space::NoSpace;
use crate::hub_tables::Name;

/// The largest piece of a dump that is passed on: the capacity of a pipe.
const PIECE_BYTES: usize = 64 * 1024;

/// The hub's log. The rows of this table and of its partitions can be left out of dumps and restores.
pub(super) const LOGS: &str = "message_request";

/// The hub's ledger: the statistics of requests, which stay when the log is cleaned up.
const LEDGER: &str = "usage_ledger";

/// Returns the arguments of `pg_dump` that choose the tables. `hub` is the schema of the hub's tables.
///
/// # Errors
/// [`DumpError::NoLedger`], [`DumpError::NoLog`], [`DumpError::Unavailable`].
async fn arguments(mode: DumpMode, dsn: &Dsn, hub: &Name) -> Result<Vec<String>, DumpError> {
    let (option, table) = match mode {
        DumpMode::Full => return Ok(Vec::new()),
        DumpMode::ExcludeLogs => ("exclude-table-data", LOGS),
        DumpMode::LedgerOnly => ("table", LEDGER),
    };
    let (exists, tables) = find(dsn, hub, table).await.map_err(DumpError::Unavailable)?;
    match mode {
        DumpMode::LedgerOnly if !exists => return Err(DumpError::NoLedger),
        // The log may be in another schema, and its rows would be in a dump that is to lack them.
        DumpMode::ExcludeLogs if !exists => return Err(DumpError::NoLog(hub.as_str().to_owned())),
        _ => {}
    }
    Ok(tables
        .into_iter()
        .map(|table| format!("--{option}={table}"))
        .collect())
}

/// Returns whether a table of the hub exists, and as patterns of `pg_dump` the table, its partitions and the tables that inherit
/// from it. Only `pg_dump` 16 and newer have `--exclude-table-data-and-children` and `--table-and-children`.
async fn find(dsn: &Dsn, hub: &Name, table: &str) -> sqlx::Result<(bool, Vec<String>)> {
    let mut connection = PgConnection::connect_with(dsn.options()).await?;
    let exists =
        query_scalar("select pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1, $2)) is not null")
            .bind(hub.as_str())
            .bind(table)
            .fetch_one(&mut connection)
            .await?;
    // The table itself is there in any case: without it, a missing table would mean the whole database.
    let tables = query_scalar(
        "with recursive tables as ( \
             select pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1, $2))::pg_catalog.oid as oid \
             union select i.inhrelid from tables t join pg_catalog.pg_inherits i \
                 on i.inhparent operator(pg_catalog.=) t.oid) \
         select pg_catalog.format('%I.%I', $1, $2) \
         union select pg_catalog.format('%I.%I', n.nspname, c.relname) \
         from tables t join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.oid \
         join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace",
    )
    .bind(hub.as_str())
    .bind(table)
    .fetch_all(&mut connection)
    .await?;
    let _ = connection.close().await;
    Ok((exists, tables))
}

/// Returns the part of the file name that shows the mode.
#[must_use]
pub fn suffix(mode: DumpMode) -> &'static str {
    match mode {
        DumpMode::Full => "",
        DumpMode::ExcludeLogs => "_no-logs",
        DumpMode::LedgerOnly => "_ledger-only",
    }
}

/// How `pg_dump` compresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// zstd if `pg_dump` supports it, else gzip at level 1. `make bench` shows that zstd is faster and smaller than any
    /// level of gzip.
    #[default]
    Auto,
    /// The argument of `--compress`: a level of gzip, or from PostgreSQL 16 on `zstd:3`, `lz4`.
    As(String),
}

impl Compression {
    /// Returns the argument of `pg_dump --compress` for these tools.
    ///
    /// # Errors
    /// `pg_dump` cannot be started.
    pub async fn argument(&self, tools: &Tools) -> std::io::Result<&str> {
        match self {
            Self::As(argument) => Ok(argument),
            Self::Auto if tools.supports_compression("zstd").await? => Ok("zstd:1"),
            Self::Auto => Ok("1"),
        }
    }
}

impl FromStr for Compression {
    type Err = &'static str;

    /// Parses `auto` or an argument of `pg_dump --compress`: a level of gzip, or from PostgreSQL 16 on `zstd:3`, `lz4`.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (method, level) = match word.split_once(':') {
            Some((method, level)) => (method, Some(level)),
            None if word.bytes().all(|byte| byte.is_ascii_digit()) => ("gzip", Some(word)),
            None => (word, None),
        };
        let level_max = match method {
            "auto" if level.is_none() => return Ok(Self::Auto),
            "none" => 0,
            "gzip" => 9,
            "lz4" => 12,
            "zstd" => 22,
            _ => return Err("it is none of auto, none, gzip:1 to gzip:9, lz4, zstd:1 to zstd:22"),
        };
        if level.is_some_and(|level| {
            level.parse::<u8>().is_ok_and(|level| level > level_max) || level.parse::<u8>().is_err()
        }) {
            return Err("its level is not one that this method has");
        }
        Ok(Self::As(match (method, level) {
            // `pg_dump` before PostgreSQL 16 takes only numbers.
            ("none", _) => "0".to_owned(),
            ("gzip", level) => level.unwrap_or("1").to_owned(),
            _ => word.to_owned(),
        }))
    }
}

/// Why a dump failed.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    #[error(transparent)]
    Conflict(LockError),
    #[error("The database does not answer; make sure that it runs, and that Decant's user may connect to it")]
    Unavailable(#[source] sqlx::Error),
    #[error("{0}")]
    NoTools(ToolsError),
    #[error(
        "the mode ledgerOnly dumps the table usage_ledger, which this database does not have; a newer version of the hub makes it. \
         Choose the mode full or excludeLogs"
    )]
    NoLedger,
    #[error(
        "the mode excludeLogs leaves out the rows of the hub's log, and the schema `{0}` has no such table. Set \
         DECANT_HUB_SCHEMA to the schema of the hub's tables, or choose the mode full"
    )]
    NoLog(String),
    #[error("pg_dump could not be run: {0}")]
    Run(#[from] std::io::Error),
    #[error("pg_dump failed ({status}): {errors}")]
    Failed { status: ExitStatus, errors: String },
    #[error(
        "the lock was lost: its connection to PostgreSQL has ended, or another operation has taken it; the dump was stopped"
    )]
    LockLost,
    #[error("the dump was stopped before its end")]
    Stopped,
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
    #[error("the dump could not be written to the folder for temporary files, or read from there: {0}")]
    Spool(#[source] std::io::Error),
}

impl From<ToolsError> for DumpError {
    fn from(error: ToolsError) -> Self {
        match error {
            ToolsError::Database(error) => Self::Unavailable(error),
            not_found => Self::NoTools(not_found),
        }
    }
}

impl From<LockError> for DumpError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Database(error) => Self::Unavailable(error),
            conflict => Self::Conflict(conflict),
        }
    }
}

/// A running dump: `pg_dump` has read the schema and sent its first bytes.
pub struct Dump {
    record: DumpRecord,
    child: Child,
    stdout: BufReader<ChildStdout>,
    messages: DumpMessages,
    lock: LockGuard,
    first: Bytes,
    stop: CancellationToken,
    /// `backup_2026-01-28T10-30-00_no-logs.dump`.
    pub file_name: String,
}

pub struct Dumper {
    pub(super) dsn: Dsn,
    pub(super) lock: BackupLock,
    pub(super) compression: Compression,
    pub(super) hub_schema: Name,
    pub(super) last: Arc<LastOperation<DumpStatus>>,
}

impl Dumper {
    /// Starts a dump, and returns it when its first bytes are there: until then, an error can still become an HTTP status.
    /// `stop` ends the dump with an error.
    ///
    /// # Errors
    /// [`DumpError`].
    pub async fn dump(
        &self,
        mode: DumpMode,
        caller: &str,
        stop: CancellationToken,
    ) -> Result<Dump, DumpError> {
        tracing::info!(action = Action::DatabaseExportInitiated.name(), caller, ?mode);
        let started = self.start_dump(mode, caller, stop).await;
        if let Err(error) = &started {
            let action = match error {
                DumpError::Conflict(_) => Action::DatabaseExportLockConflict,
                DumpError::Unavailable(_) => Action::DatabaseExportConnectionUnavailable,
                DumpError::NoTools(_) | DumpError::Run(_) => Action::PgDumpSpawnError,
                _ => Action::DatabaseExportError,
            };
            tracing::warn!(action = action.name(), caller, %error);
        }
        started
    }

    async fn start_dump(
        &self,
        mode: DumpMode,
        caller: &str,
        stop: CancellationToken,
    ) -> Result<Dump, DumpError> {
        let tools = Tools::for_database(&self.dsn).await?;
        let tables = arguments(mode, &self.dsn, &self.hub_schema).await?;
        let lock = self.lock.acquire(Operation::Export, caller).await?;
        let mut command = tools.command("pg_dump", &self.dsn);
        command
            .args(["--format=custom", "--no-password", "--verbose"])
            .arg(format!("--compress={}", self.compression.argument(&tools).await?))
            .args(tables)
            // Ctrl-C must end Decant, which ends pg_dump itself.
            .process_group(0);
        let (child, stdout, stderr) = spawn_piped(&mut command)?;
        let mut dump = Dump {
            record: DumpRecord::begin(&self.last, mode, caller),
            child,
            stdout: BufReader::with_capacity(PIECE_BYTES, stdout),
            messages: DumpMessages::read(stderr),
            lock,
            first: Bytes::new(),
            stop,
            file_name: file_name(mode, Timestamp::now()),
        };
        let first = match dump.next().await {
            Ok(None) => dump.end().await.map(|()| Bytes::new()),
            first => first.map(Option::unwrap_or_default),
        };
        match first {
            Ok(first) => {
                dump.first = first;
                Ok(dump)
            }
            Err(error) => {
                dump.close(Err(&error)).await;
                Err(error)
            }
        }
    }
}

impl Dump {
    /// Returns the dump's bytes. After an error the stream ends, and the bytes before it are no dump: the caller must not
    /// let them look complete. Dropping the stream kills `pg_dump`.
    pub fn into_stream(mut self) -> impl Stream<Item = Result<Bytes, DumpError>> + Send + 'static {
        stream! {
            yield Ok(std::mem::take(&mut self.first));
            let ended = loop {
                match self.next().await {
                    Ok(Some(piece)) => yield Ok(piece),
                    Ok(None) => break self.end().await,
                    Err(error) => break Err(error),
                }
            };
            self.close(ended.as_ref().copied()).await;
            if let Err(error) = ended {
                yield Err(error);
            }
        }
    }

    /// Passes the dump on to its end. An error of `take` ends it. Dropping the future kills `pg_dump`.
    ///
    /// # Errors
    /// [`DumpError`]. The bytes before it are no dump.
    pub async fn write(
        mut self,
        mut take: impl AsyncFnMut(Bytes) -> Result<(), DumpError>,
    ) -> Result<(), DumpError> {
        let written = async {
            take(std::mem::take(&mut self.first)).await?;
            while let Some(piece) = self.next().await? {
                take(piece).await?;
            }
            self.end().await
        };
        let written = written.await;
        self.close(written.as_ref().copied()).await;
        written
    }

    async fn next(&mut self) -> Result<Option<Bytes>, DumpError> {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        let read = tokio::select! {
            read = self.stdout.read_buf(&mut piece) => read?,
            () = self.lock.lost.cancelled() => return Err(DumpError::LockLost),
            () = self.stop.cancelled() => return Err(DumpError::Stopped),
        };
        self.record.count(read, self.messages.table());
        Ok((read > 0).then(|| piece.freeze()))
    }

    /// Waits until `pg_dump` exits. Only its exit status shows whether the bytes were a complete dump.
    async fn end(&mut self) -> Result<(), DumpError> {
        let status = self.child.wait().await?;
        if status.success() {
            return Ok(());
        }
        let errors = self.messages.errors().await;
        Err(DumpError::Failed { status, errors })
    }

    /// Records the outcome, and waits until `pg_dump` has exited and the lock is free.
    async fn close(self, ended: Result<(), &DumpError>) {
        let Self {
            record,
            mut child,
            lock,
            ..
        } = self;
        match ended {
            Ok(()) => record.complete(),
            Err(error) => record.fail(error),
        }
        let caller = &record.caller;
        // Without an id, the process has exited and its status was read: there is nothing to kill.
        if child.id().is_some()
            && let Err(error) = child.kill().await
        {
            tracing::error!(action = Action::DatabaseExportReaderCancelError.name(), caller, %error);
        }
        if !lock.release().await {
            tracing::error!(action = Action::DatabaseExportLockReleaseError.name(), caller);
        }
    }
}

/// Logs and records a dump. Dropping it without an outcome records that the client left.
struct DumpRecord {
    handle: OperationHandle<DumpStatus>,
    caller: String,
}

impl DumpRecord {
    fn begin(last: &Arc<LastOperation<DumpStatus>>, mode: DumpMode, caller: &str) -> Self {
        tracing::info!(action = Action::PgDumpStart.name(), caller, ?mode);
        Self {
            handle: last.begin(
                caller,
                DumpStatus {
                    mode,
                    bytes: 0,
                    table: None,
                },
            ),
            caller: caller.to_owned(),
        }
    }

    fn count(&self, bytes: usize, table: Option<String>) {
        self.handle.update(|status| {
            status.bytes += bytes as u64;
            status.table = table;
        });
    }

    fn complete(&self) {
        self.handle.update(|status| status.table = None);
        tracing::info!(action = Action::PgDumpComplete.name(), caller = self.caller);
        self.handle.end(Outcome::Complete);
    }

    fn fail(&self, error: &DumpError) {
        tracing::error!(action = Action::PgDumpError.name(), caller = self.caller, %error);
        self.handle.end(Outcome::Failed {
            reason: error.to_string(),
        });
    }
}

impl Drop for DumpRecord {
    fn drop(&mut self) {
        if self.handle.end(Outcome::Cancelled) {
            tracing::info!(action = Action::PgDumpCancelled.name(), caller = self.caller);
        }
    }
}

fn file_name(mode: DumpMode, at: Timestamp) -> String {
    let at = at.strftime("%Y-%m-%dT%H-%M-%S");
    format!("backup_{at}{}.dump", suffix(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_named_after_its_time_and_mode() {
        let at = "2025-01-28T10:30:00.9Z".parse().unwrap();
        assert_eq!(file_name(DumpMode::Full, at), "backup_2025-01-28T10-30-00.dump");
        assert_eq!(
            file_name(DumpMode::ExcludeLogs, at),
            "backup_2025-01-28T10-30-00_no-logs.dump"
        );
        assert_eq!(
            file_name(DumpMode::LedgerOnly, at),
            "backup_2025-01-28T10-30-00_ledger-only.dump"
        );
    }

    #[test]
    fn compressions_are_those_of_pg_dump() {
        for (word, argument) in [
            ("1", "1"),
            ("none", "0"),
            ("gzip", "1"),
            ("gzip:9", "9"),
            ("zstd:3", "zstd:3"),
            ("lz4", "lz4"),
        ] {
            assert_eq!(word.parse(), Ok(Compression::As(argument.to_owned())), "{word}");
        }
        assert_eq!("auto".parse(), Ok(Compression::Auto));
        for word in ["10", "auto:1", "gzip:x", "brotli", "zstd:23", "", "lz4:"] {
            assert!(word.parse::<Compression>().is_err(), "{word}");
        }
    }
}
