//! What the server says of the database as a whole, and what it can dump of it.

use serde::Deserialize;

use crate::wording;

/// What the database is, and who is at it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether it answers.
    pub is_available: bool,
    /// Its host, or the folder of its socket.
    pub container_name: String,
    /// Its name.
    pub database_name: String,
    /// Its size for people, in PostgreSQL's words.
    pub database_size: String,
    /// How many tables it has.
    pub table_count: u64,
    /// What its server calls itself.
    pub postgres_version: String,
    /// Why it does not answer.
    pub error: Option<String>,
    /// Who is at it now.
    pub lock: Option<Lock>,
    /// The last dump on the server's machine.
    pub last_dump: Option<LastDump>,
    /// The last restore there.
    pub last_restore: Option<LastRestore>,
    /// The last clean-up of logs there.
    pub last_cleanup: Option<LastCleanup>,
}

/// Who is at the database, and keeps others from it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Lock {
    /// What for; `None`: a program other than Decant holds it.
    pub operation: Option<Operation>,
    /// Who.
    pub holder: String,
    /// Since when (RFC 3339), if that is known.
    pub since: Option<String>,
}

/// What is being done to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

/// The last dump of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastDump {
    /// When it began (RFC 3339).
    pub began: String,
    /// Who asked for it.
    pub caller: String,
    /// How many bytes it has had so far.
    pub bytes: u64,
    /// How it ended; `None`: it runs.
    pub ending: Option<Ending>,
}

/// The last restore of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastRestore {
    /// When it began (RFC 3339).
    pub began: String,
    /// Who asked for it.
    pub caller: String,
    /// Whether what was there has stayed, `merge`, or not, `clean`.
    pub manner: String,
    /// How many rows came of it.
    pub rows: u64,
    /// How it ended; `None`: it runs.
    pub ending: Option<Ending>,
}

/// The last clean-up of logs on a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastCleanup {
    /// When it began (RFC 3339).
    pub began: String,
    /// Who asked for it.
    pub caller: String,
    /// How many rows it has deleted so far.
    pub deleted: u64,
    /// How it ended; `None`: it runs.
    pub ending: Option<Ending>,
}

/// How a dump or a clean-up ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Ending {
    /// As it should.
    Complete,
    /// It did not.
    Failed {
        /// Why.
        reason: String,
    },
    /// Whoever asked for it left.
    Cancelled,
}

/// What of the database is dumped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DumpMode {
    /// All of it.
    #[default]
    Full,
    /// Without the rows of the log.
    ExcludeLogs,
    /// Only the ledger.
    LedgerOnly,
}

impl Lock {
    /// What is going on; `since` is its beginning for people.
    #[must_use]
    pub fn sentence(&self, since: Option<&str>) -> String {
        let doing = match self.operation {
            Some(Operation::Export) => "dumping the database",
            Some(Operation::Import) => "restoring a dump",
            Some(Operation::Cleanup) => "cleaning up logs",
            Some(Operation::Proof) => "proving a backup",
            None => "working on the database",
        };
        match since {
            Some(since) => format!("{} has been {doing} since {since}.", self.holder),
            None => format!("{} is {doing}.", self.holder),
        }
    }
}

impl LastDump {
    /// How it went.
    #[must_use]
    pub fn outcome(&self) -> String {
        let bytes = wording::bytes(self.bytes);
        match &self.ending {
            None => format!("running, {bytes} so far"),
            Some(Ending::Complete) => format!("complete, {bytes}"),
            Some(Ending::Cancelled) => format!("cancelled after {bytes}"),
            Some(Ending::Failed { reason }) => format!("failed after {bytes}: {reason}"),
        }
    }
}

impl LastRestore {
    /// How it went.
    #[must_use]
    pub fn outcome(&self) -> String {
        let rows = wording::rows(self.rows);
        match &self.ending {
            None => "running".to_owned(),
            Some(Ending::Complete) if self.manner == "merge" => format!("complete, {rows} were missing"),
            Some(Ending::Complete) => format!("complete, {rows}"),
            Some(Ending::Cancelled) => "cancelled".to_owned(),
            Some(Ending::Failed { reason }) => format!("failed: {}", reason.trim_end_matches('.')),
        }
    }
}

impl LastCleanup {
    /// How it went.
    #[must_use]
    pub fn outcome(&self) -> String {
        let rows = wording::rows(self.deleted);
        match &self.ending {
            None => format!("running, {rows} deleted so far"),
            Some(Ending::Complete) => format!("complete, {rows} deleted"),
            Some(Ending::Cancelled) => format!("stopped, {rows} deleted"),
            Some(Ending::Failed { reason }) => {
                format!("failed, {rows} deleted: {}", reason.trim_end_matches('.'))
            }
        }
    }
}

impl DumpMode {
    /// All of them, in the order of the page.
    pub const ALL: &[Self] = &[Self::Full, Self::ExcludeLogs, Self::LedgerOnly];

    /// The server's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ExcludeLogs => "excludeLogs",
            Self::LedgerOnly => "ledgerOnly",
        }
    }

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Full => "Everything",
            Self::ExcludeLogs => "Without logs",
            Self::LedgerOnly => "Ledger only",
        }
    }

    /// What is in it.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Full => "All tables with all rows: what a full restore needs.",
            Self::ExcludeLogs => {
                "All tables, but message_request, the log of requests, without its rows: much smaller."
            }
            Self::LedgerOnly => {
                "Only usage_ledger, the record of what was used: for accounts, not for a restore."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(lock: &str, last_dump: &str) -> Status {
        let json = format!(
            r#"{{"isAvailable":true,"containerName":"localhost","databaseName":"hub","databaseSize":"133 MB",
            "databaseBytes":139460608,"tableCount":12,"postgresVersion":"PostgreSQL 15.18","error":null,
            "lock":{lock},"lastDump":{last_dump}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn who_is_at_the_database_is_said() {
        assert_eq!(status("null", "null").lock, None);
        for (operation, sentence) in [
            (r#""export""#, "Ada is dumping the database."),
            (r#""import""#, "Ada is restoring a dump."),
            (r#""proof""#, "Ada is proving a backup."),
            ("null", "Ada is working on the database."),
        ] {
            let lock = format!(r#"{{"operation":{operation},"holder":"Ada","since":null}}"#);
            assert_eq!(status(&lock, "null").lock.unwrap().sentence(None), sentence);
        }
        let lock = r#"{"operation":"cleanup","holder":"Ada","since":"2026-11-21T14:00:00Z"}"#;
        assert_eq!(
            status(lock, "null").lock.unwrap().sentence(Some("14:00")),
            "Ada has been cleaning up logs since 14:00."
        );
    }

    #[test]
    fn the_last_restore_says_how_it_went() {
        for (manner, ending, outcome) in [
            ("clean", "null", "running"),
            ("clean", r#"{"state":"complete"}"#, "complete, 12 rows"),
            (
                "merge",
                r#"{"state":"complete"}"#,
                "complete, 12 rows were missing",
            ),
            (
                "clean",
                r#"{"state":"failed","reason":"No room."}"#,
                "failed: No room",
            ),
        ] {
            let restore = format!(
                r#"{{"began":"2026-11-21T14:00:00Z","ended":null,"caller":"Ada","manner":"{manner}","rows":12,
                "ending":{ending}}}"#
            );
            let restore: LastRestore = serde_json::from_str(&restore).unwrap();
            assert_eq!(restore.outcome(), outcome);
        }
    }

    #[test]
    fn the_last_dump_says_how_it_went() {
        for (ending, outcome) in [
            ("null", "running, 2.0 kB so far"),
            (r#"{"state":"complete"}"#, "complete, 2.0 kB"),
            (r#"{"state":"cancelled"}"#, "cancelled after 2.0 kB"),
            (
                r#"{"state":"failed","reason":"pg_dump failed"}"#,
                "failed after 2.0 kB: pg_dump failed",
            ),
        ] {
            let dump = format!(
                r#"{{"began":"2026-11-21T14:00:00Z","ended":null,"caller":"Ada","mode":"full","bytes":2000,
                "ending":{ending}}}"#
            );
            assert_eq!(status("null", &dump).last_dump.unwrap().outcome(), outcome);
        }
    }
}
