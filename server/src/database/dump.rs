//! `pg_dump`, streamed: its bytes pass through untouched, at the pace of whoever reads them.

use std::process::ExitStatus;
use std::str::FromStr;

use async_stream::stream;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::last::{Ending, Noting};
use super::lock::{Held, LockError, Operation};
use super::tools::{NoTools, Tools, last_words, start_piped};
use super::{Database, major_version};
use crate::audit::Action;
use crate::dsn::Dsn;

/// The dump is handed on in pieces of at most this size: as much as a pipe holds.
const PIECE_BYTES: usize = 64 * 1024;

/// What of the database is dumped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// All of it.
    #[default]
    Full,
    /// Without the rows of the hub's log, `message_request`; the table itself is in it.
    ExcludeLogs,
    /// Only the hub's ledger of what was used, `usage_ledger`.
    LedgerOnly,
}

impl Mode {
    /// The words for an address or a command line.
    pub const WORDS: &[&str] = &["full", "excludeLogs", "ledgerOnly"];

    /// What `pg_dump` is told.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Full => &[],
            Self::ExcludeLogs => &["--exclude-table-data=message_request"],
            Self::LedgerOnly => &["--table=usage_ledger"],
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Full => "",
            Self::ExcludeLogs => "_no-logs",
            Self::LedgerOnly => "_ledger-only",
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "full" => Ok(Self::Full),
            "excludeLogs" => Ok(Self::ExcludeLogs),
            "ledgerOnly" => Ok(Self::LedgerOnly),
            _ => Err(format!("it is none of {}", Self::WORDS.join(", "))),
        }
    }
}

/// How `pg_dump` compresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// The fastest that is not much larger than the smallest, as `make bench` measures it: zstd where there is it, which
    /// is faster and smaller than any gzip, and else gzip at level 1.
    #[default]
    Auto,
    /// As `--compress` is told: a level of gzip, or from PostgreSQL 16 on `zstd:3`, `lz4`.
    As(String),
}

impl Compression {
    /// What `pg_dump --compress` of these tools is told.
    ///
    /// # Errors
    /// It cannot be run.
    pub async fn argument(&self, tools: &Tools) -> std::io::Result<&str> {
        match self {
            Self::As(argument) => Ok(argument),
            Self::Auto if tools.compress_by("zstd").await? => Ok("zstd:1"),
            Self::Auto => Ok("1"),
        }
    }
}

impl FromStr for Compression {
    type Err = &'static str;

    /// `auto`, or as `pg_dump --compress` takes it: a level of gzip, or from PostgreSQL 16 on `zstd:3`, `lz4`.
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
            // The form that every version of `pg_dump` takes.
            ("none", _) => "0".to_owned(),
            ("gzip", level) => level.unwrap_or("1").to_owned(),
            _ => word.to_owned(),
        }))
    }
}

/// Why there is no dump.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum DumpError {
    #[error(transparent)]
    Conflict(LockError),
    #[error("The database does not answer; make sure that it runs, and that Decant's user may connect to it")]
    Unavailable(#[source] sqlx::Error),
    #[error("{0}")]
    NoTools(#[from] NoTools),
    #[error("pg_dump could not be run: {0}")]
    Run(#[from] std::io::Error),
    #[error("pg_dump failed ({status}): {said}")]
    Failed { status: ExitStatus, said: String },
    #[error("the lock was lost to somebody else; the dump was stopped")]
    LockLost,
    #[error("it was told to stop before its end")]
    Stopping,
}

impl From<LockError> for DumpError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Database(error) => Self::Unavailable(error),
            conflict => Self::Conflict(conflict),
        }
    }
}

/// A dump that has begun: `pg_dump` has read the schema and sent its first bytes.
pub struct Dump {
    record: Record,
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: JoinHandle<String>,
    held: Held,
    first: Bytes,
    stop: CancellationToken,
    /// What the file is to be called: `backup_2026-01-28T10-30-00_no-logs.dump`.
    pub file_name: String,
}

/// What the status tells of a dump.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dumped {
    /// What of the database it holds.
    pub mode: Mode,
    /// Its bytes so far.
    pub bytes: u64,
}

impl Database {
    /// Begins a dump. An error comes before the first byte wherever that is possible: it can still become a status.
    /// `stop` ends it.
    ///
    /// # Errors
    /// [`DumpError`].
    pub async fn dump(&self, mode: Mode, caller: &str, stop: CancellationToken) -> Result<Dump, DumpError> {
        tracing::info!(action = Action::DatabaseExportInitiated.name(), caller, ?mode);
        let began = self.begin_dump(mode, caller, stop).await;
        if let Err(error) = &began {
            let action = match error {
                DumpError::Conflict(_) => Action::DatabaseExportLockConflict,
                DumpError::Unavailable(_) => Action::DatabaseExportConnectionUnavailable,
                DumpError::NoTools(_) | DumpError::Run(_) => Action::PgDumpSpawnError,
                _ => Action::DatabaseExportError,
            };
            tracing::warn!(action = action.name(), caller, %error);
        }
        began
    }

    async fn begin_dump(&self, mode: Mode, caller: &str, stop: CancellationToken) -> Result<Dump, DumpError> {
        let tools = find_tools(&self.dsn).await?;
        let held = self.lock.acquire(Operation::Export, caller).await?;
        let mut command = tools.command("pg_dump", &self.dsn);
        command
            .args(["--format=custom", "--no-password"])
            .arg(format!("--compress={}", self.compression.argument(&tools).await?))
            .args(mode.arguments())
            // Ctrl-C is for us: we end it.
            .process_group(0);
        let (child, stdout, stderr) = start_piped(&mut command)?;
        let mut dump = Dump {
            record: Record::begin(self, mode, caller),
            child,
            stdout: BufReader::with_capacity(PIECE_BYTES, stdout),
            said: tokio::spawn(last_words(stderr)),
            held,
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
                dump.leave(Err(&error)).await;
                Err(error)
            }
        }
    }
}

/// Returns the programs that fit the version of a database's server.
///
/// # Errors
/// [`DumpError::Unavailable`], [`DumpError::NoTools`].
pub async fn find_tools(dsn: &Dsn) -> Result<Tools, DumpError> {
    let major = async {
        let mut connection = PgConnection::connect_with(dsn.options()).await?;
        let major = major_version(&mut connection).await?;
        let _ = connection.close().await;
        Ok(major)
    };
    let major = major.await.map_err(DumpError::Unavailable)?;
    Ok(Tools::for_server(major).await?)
}

impl Dump {
    /// The dump's bytes. An error is the end, and then they are not a dump: whoever passes them on must not let them look
    /// whole. Dropping the stream kills `pg_dump`.
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
            self.leave(ended.as_ref().copied()).await;
            if let Err(error) = ended {
                yield Err(error);
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, DumpError> {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        let read = tokio::select! {
            read = self.stdout.read_buf(&mut piece) => read?,
            () = self.held.lost.cancelled() => return Err(DumpError::LockLost),
            () = self.stop.cancelled() => return Err(DumpError::Stopping),
        };
        self.record.count(read);
        Ok((read > 0).then(|| piece.freeze()))
    }

    /// The bytes have ended; whether they are a dump is what `pg_dump` ends with.
    async fn end(&mut self) -> Result<(), DumpError> {
        let status = self.child.wait().await?;
        if status.success() {
            return Ok(());
        }
        let said = (&mut self.said).await.unwrap_or_default();
        Err(DumpError::Failed { status, said })
    }

    /// Tells how it ended, and waits until nothing of it is left: neither `pg_dump`, which may have ended, nor the lock.
    async fn leave(self, ended: Result<(), &DumpError>) {
        let Self {
            record,
            mut child,
            held,
            ..
        } = self;
        match ended {
            Ok(()) => record.complete(),
            Err(error) => record.fail(error),
        }
        let _ = child.kill().await;
        held.release().await;
    }
}

/// What is told of a dump while it runs and after.
struct Record {
    noting: Noting<Dumped>,
    caller: String,
}

impl Record {
    fn begin(database: &Database, mode: Mode, caller: &str) -> Self {
        tracing::info!(action = Action::PgDumpStart.name(), caller, ?mode);
        Self {
            noting: database.last_dump.begin(caller, Dumped { mode, bytes: 0 }),
            caller: caller.to_owned(),
        }
    }

    fn count(&self, bytes: usize) {
        self.noting.update(|dumped| dumped.bytes += bytes as u64);
    }

    fn complete(&self) {
        tracing::info!(action = Action::PgDumpComplete.name(), caller = self.caller);
        self.noting.end(Ending::Complete);
    }

    fn fail(&self, error: &DumpError) {
        tracing::error!(action = Action::PgDumpError.name(), caller = self.caller, %error);
        self.noting.end(Ending::Failed {
            reason: error.to_string(),
        });
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.noting.end(Ending::Cancelled) {
            tracing::info!(action = Action::PgDumpCancelled.name(), caller = self.caller);
        }
    }
}

fn file_name(mode: Mode, at: Timestamp) -> String {
    let at = at.strftime("%Y-%m-%dT%H-%M-%S");
    format!("backup_{at}{}.dump", mode.suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_named_after_its_time_and_mode() {
        let at = "2025-01-28T10:30:00.9Z".parse().unwrap();
        assert_eq!(file_name(Mode::Full, at), "backup_2025-01-28T10-30-00.dump");
        assert_eq!(
            file_name(Mode::ExcludeLogs, at),
            "backup_2025-01-28T10-30-00_no-logs.dump"
        );
        assert_eq!(
            file_name(Mode::LedgerOnly, at),
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
