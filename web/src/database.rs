//! The status of the database, and the kinds of dump.

use serde::Deserialize;

use crate::wording;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub is_available: bool,
    pub container_name: String,
    pub database_name: String,
    pub database_size: String,
    pub table_count: u64,
    pub postgres_version: String,
    pub error: Option<String>,
    pub lock: Option<Lock>,
    pub last_dump: Option<LastDump>,
    pub last_restore: Option<LastRestore>,
    pub last_cleanup: Option<LastCleanup>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Lock {
    pub operation: Option<Operation>,
    pub holder: String,
    pub since: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Export,
    Import,
    Cleanup,
    Proof,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastDump {
    pub began: String,
    pub caller: String,
    pub bytes: u64,
    pub ending: Option<Ending>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastRestore {
    pub began: String,
    pub caller: String,
    pub manner: String,
    pub rows: u64,
    pub ending: Option<Ending>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastCleanup {
    pub began: String,
    pub caller: String,
    pub deleted: u64,
    pub ending: Option<Ending>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Ending {
    Complete,
    Failed { reason: String },
    Cancelled,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DumpMode {
    #[default]
    Full,
    ExcludeLogs,
    LedgerOnly,
}

impl Lock {
    /// `since` is the start of the operation, formatted.
    pub fn sentence(&self, since: Option<&str>) -> String {
        let doing = match self.operation {
            Some(Operation::Export) => "dumping the database",
            Some(Operation::Import) => "restoring a dump",
            Some(Operation::Cleanup) => "cleaning up logs",
            Some(Operation::Proof) => "testing a backup",
            None => "working on the database",
        };
        match since {
            Some(since) => format!("{} has been {doing} since {since}.", self.holder),
            None => format!("{} is {doing}.", self.holder),
        }
    }
}

impl LastDump {
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
    pub fn outcome(&self) -> String {
        let rows = wording::rows(self.rows);
        match &self.ending {
            None => "running".to_owned(),
            Some(Ending::Complete) if self.manner == "merge" => format!("complete, {rows} inserted"),
            Some(Ending::Complete) => format!("complete, {rows}"),
            Some(Ending::Cancelled) => "cancelled".to_owned(),
            Some(Ending::Failed { reason }) => format!("failed: {}", reason.trim_end_matches('.')),
        }
    }
}

impl LastCleanup {
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
    /// In the order of the page.
    pub const ALL: &[Self] = &[Self::Full, Self::ExcludeLogs, Self::LedgerOnly];

    /// Returns the value of the query parameter `mode`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ExcludeLogs => "excludeLogs",
            Self::LedgerOnly => "ledgerOnly",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Full => "Everything",
            Self::ExcludeLogs => "Without logs",
            Self::LedgerOnly => "Ledger only",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Full => "All tables with all rows, for a full restore.",
            Self::ExcludeLogs => {
                "All tables, but without the rows of message_request, the request log. Much smaller."
            }
            Self::LedgerOnly => "Only usage_ledger, the usage record: for accounting, not for a restore.",
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
            (r#""proof""#, "Ada is testing a backup."),
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
            ("merge", r#"{"state":"complete"}"#, "complete, 12 rows inserted"),
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
