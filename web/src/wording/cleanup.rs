//! Log clean-ups as text.

use api::Timestamp;
use api::cleanup::{ArchiveManifest, CleanupPhase, CleanupPreview, CleanupResult};

use super::{bytes, duration, rows};

/// Returns the rows that a clean-up would delete. `moment` formats a time for the visitor.
pub fn preview(preview: &CleanupPreview, moment: impl Fn(Timestamp) -> String) -> String {
    let others = match preview.changed_tables.as_slice() {
        [] => String::new(),
        tables => format!(
            " Foreign keys make the clean-up delete or change rows of {} too.",
            tables.join(", ")
        ),
    };
    match (preview.oldest, preview.newest) {
        (Some(oldest), Some(newest)) => format!(
            "{}, created from {} to {}, about {} on disk.{others}",
            rows(preview.rows),
            moment(oldest),
            moment(newest),
            bytes(preview.estimated_bytes)
        ),
        _ => "No rows match. There is nothing to delete.".to_owned(),
    }
}

pub fn phase(phase: CleanupPhase) -> &'static str {
    match phase {
        CleanupPhase::Counting => "Counting the rows",
        CleanupPhase::Archiving => "Writing the rows to the archive",
        CleanupPhase::Checking => "Checking the archive",
        CleanupPhase::Deleting => "Deleting the rows",
        CleanupPhase::Vacuuming => "Vacuuming the table",
    }
}

pub fn result(result: &CleanupResult) -> String {
    let deleted = rows(result.deleted);
    let time = duration(result.duration_ms as f64 / 1_000.0);
    match (result.cancelled, result.left) {
        (true, left) => format!("Stopped after {deleted}; {} remain.", rows(left)),
        (false, 0) => format!("{deleted} deleted in {time}."),
        (false, left) => format!(
            "{deleted} deleted in {time}. Remaining: {} that other transactions had locked or changed.",
            rows(left)
        ),
    }
}

/// Returns where the archive of the deleted rows is.
pub fn archive(archive: &ArchiveManifest) -> String {
    format!(
        "Archive on the server: {} ({}, {}). Restore it with decant cleanup restore.",
        archive.file,
        rows(archive.rows),
        bytes(archive.bytes)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_rows_are_counted() {
        let text = |left: u64, cancelled: bool| {
            result(&CleanupResult {
                deleted: 1_234,
                batches: 2,
                left,
                cancelled,
                archive: None,
                duration_ms: 2_500,
            })
        };
        assert_eq!(text(0, false), "1,234 rows deleted in 2.5 s.");
        assert_eq!(
            text(1, false),
            "1,234 rows deleted in 2.5 s. Remaining: 1 row that other transactions had locked or changed."
        );
        assert_eq!(text(6, true), "Stopped after 1,234 rows; 6 rows remain.");
    }
}
