//! The status of the database and the kinds of dump as text.

use api::cleanup::CleanupStatus;
use api::database::{DumpMode, DumpStatus, LockHolder, Operation, OperationRecord, Outcome};
use api::restore::{RestoreMode, RestoreStatus};

use super::{bytes, rows};

/// `since` is the start of the operation, formatted.
pub fn lock_holder(lock: &LockHolder, since: Option<&str>) -> String {
    let doing = match lock.operation {
        Some(Operation::Export) => "dumping the database",
        Some(Operation::Import) => "restoring a dump",
        Some(Operation::Cleanup) => "cleaning up logs",
        Some(Operation::Proof) => "testing a backup",
        Some(Operation::Rollback) => "putting the previous database back",
        Some(Operation::Removal) => "removing a database that a restore has left",
        Some(Operation::LogRestore) => "restoring archived log rows",
        None => "working on the database",
    };
    match since {
        Some(since) => format!("{} has been {doing} since {since}.", lock.holder),
        None => format!("{} is {doing}.", lock.holder),
    }
}

pub fn dump_outcome(dump: &OperationRecord<DumpStatus>) -> String {
    let bytes = bytes(dump.details.bytes);
    match &dump.outcome {
        None => match &dump.details.table {
            Some(table) => format!("running, {bytes} so far, now {table}"),
            None => format!("running, {bytes} so far"),
        },
        Some(Outcome::Complete) => format!("complete, {bytes}"),
        Some(Outcome::Cancelled) => format!("cancelled after {bytes}"),
        Some(Outcome::Failed { reason }) => format!("failed after {bytes}: {reason}"),
    }
}

pub fn restore_outcome(restore: &OperationRecord<RestoreStatus>) -> String {
    let RestoreStatus { mode, rows: count } = restore.details;
    let rows = rows(count);
    match (&restore.outcome, mode) {
        (None, _) => "running".to_owned(),
        (Some(Outcome::Complete), RestoreMode::Merge) => format!("complete, {rows} inserted"),
        (Some(Outcome::Complete), RestoreMode::Clean) => format!("complete, {rows}"),
        (Some(Outcome::Cancelled), _) => "cancelled".to_owned(),
        (Some(Outcome::Failed { reason }), _) => format!("failed: {}", reason.trim_end_matches('.')),
    }
}

pub fn cleanup_outcome(cleanup: &OperationRecord<CleanupStatus>) -> String {
    let rows = rows(cleanup.details.deleted);
    match &cleanup.outcome {
        None => format!("running, {rows} deleted so far"),
        Some(Outcome::Complete) => format!("complete, {rows} deleted"),
        Some(Outcome::Cancelled) => format!("stopped, {rows} deleted"),
        Some(Outcome::Failed { reason }) => {
            format!("failed, {rows} deleted: {}", reason.trim_end_matches('.'))
        }
    }
}

pub fn dump_mode_title(mode: DumpMode) -> &'static str {
    match mode {
        DumpMode::Full => "Everything",
        DumpMode::ExcludeLogs => "Without logs",
        DumpMode::LedgerOnly => "Ledger only",
    }
}

pub fn dump_mode_description(mode: DumpMode) -> &'static str {
    match mode {
        DumpMode::Full => "All tables with all rows, for a full restore.",
        DumpMode::ExcludeLogs => {
            "All tables, but without the rows of message_request, the request log. Much smaller."
        }
        DumpMode::LedgerOnly => "Only usage_ledger, the usage record: for accounting, not for a restore.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<T>(details: T, outcome: Option<Outcome>) -> OperationRecord<T> {
        OperationRecord {
            began: "2026-11-21T14:00:00Z".parse().unwrap(),
            ended: None,
            caller: "Ada".to_owned(),
            details,
            outcome,
        }
    }

    fn failed(reason: &str) -> Option<Outcome> {
        Some(Outcome::Failed {
            reason: reason.to_owned(),
        })
    }

    #[test]
    fn the_holder_of_the_lock_is_named_with_the_operation() {
        let lock = |operation| LockHolder {
            operation,
            holder: "Ada".to_owned(),
            since: None,
        };
        for (operation, sentence) in [
            (Some(Operation::Export), "Ada is dumping the database."),
            (Some(Operation::Import), "Ada is restoring a dump."),
            (Some(Operation::Proof), "Ada is testing a backup."),
            (Some(Operation::LogRestore), "Ada is restoring archived log rows."),
            (None, "Ada is working on the database."),
        ] {
            assert_eq!(lock_holder(&lock(operation), None), sentence);
        }
        assert_eq!(
            lock_holder(&lock(Some(Operation::Cleanup)), Some("14:00")),
            "Ada has been cleaning up logs since 14:00."
        );
    }

    #[test]
    fn the_last_restore_has_an_outcome() {
        for (mode, outcome, text) in [
            (RestoreMode::Clean, None, "running"),
            (RestoreMode::Clean, Some(Outcome::Complete), "complete, 12 rows"),
            (
                RestoreMode::Merge,
                Some(Outcome::Complete),
                "complete, 12 rows inserted",
            ),
            (RestoreMode::Clean, failed("No room."), "failed: No room"),
        ] {
            let details = RestoreStatus { mode, rows: 12 };
            assert_eq!(restore_outcome(&record(details, outcome)), text);
        }
    }

    #[test]
    fn the_last_dump_has_an_outcome() {
        for (outcome, text) in [
            (None, "running, 2.0 kB so far"),
            (Some(Outcome::Complete), "complete, 2.0 kB"),
            (Some(Outcome::Cancelled), "cancelled after 2.0 kB"),
            (failed("pg_dump failed"), "failed after 2.0 kB: pg_dump failed"),
        ] {
            let details = DumpStatus {
                mode: DumpMode::Full,
                bytes: 2_000,
                table: None,
            };
            assert_eq!(dump_outcome(&record(details, outcome)), text);
        }
        let details = DumpStatus {
            mode: DumpMode::Full,
            bytes: 2_000,
            table: Some("public.users".to_owned()),
        };
        assert_eq!(
            dump_outcome(&record(details, None)),
            "running, 2.0 kB so far, now public.users"
        );
    }
}
