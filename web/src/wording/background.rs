//! Background exports as text. `moment` formats a time for the visitor; `now` is seconds since 1970 in UTC.

use api::Timestamp;
use api::export_files::Verification;
use api::exports::{Export, ExportProgress, ExportStatus};
use serde_json::Value;

use super::{bytes, count, rows};

/// Returns the name of a state.
pub fn status(status: ExportStatus) -> &'static str {
    match status {
        ExportStatus::Scheduled => "Scheduled",
        ExportStatus::Queued => "Queued",
        ExportStatus::Processing => "Running",
        ExportStatus::Completed => "Completed",
        ExportStatus::Failed => "Failed",
        ExportStatus::Cancelled => "Cancelled",
        ExportStatus::Expired => "Expired",
    }
}

/// Returns the name of the file; before there is one, that of the dataset with the format.
pub fn name(export: &Export) -> String {
    let usual = || format!("{}, {}", export.dataset, export.format);
    export.file_name.clone().unwrap_or_else(usual)
}

/// `412,000 of about 1,000,000 rows`
fn progress_rows(progress: &ExportProgress) -> String {
    let done = progress.rows.done;
    match progress.rows.expected.filter(|expected| *expected > done) {
        Some(expected) => format!("{} of about {}", count(done), rows(expected)),
        None => rows(done),
    }
}

/// Returns the place in the queue: `3rd in the queue`. `before` is the number of exports that start before it.
fn place(before: u32) -> String {
    let place = u64::from(before) + 1;
    let ending = match (place % 100, place % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{}{ending} in the queue", count(place))
}

/// Returns how far an export is that waits or runs. Empty if nothing is known yet.
pub fn progress(progress: &ExportProgress) -> String {
    match (progress.status, progress.position) {
        (ExportStatus::Queued, Some(before)) => place(before),
        (ExportStatus::Processing, _) => {
            let written = (progress.file_bytes > 0).then(|| format!(" · {}", bytes(progress.file_bytes)));
            format!("{}{}", progress_rows(progress), written.unwrap_or_default())
        }
        _ => String::new(),
    }
}

/// Returns the figures of an export, or why there is no file.
pub fn facts(export: &Export, now: i64, moment: impl Fn(Timestamp) -> String) -> String {
    match export.status {
        ExportStatus::Scheduled => {
            let start = export
                .scheduled_at
                .map(|start| format!("starts {}", moment(start)));
            start.unwrap_or_default()
        }
        ExportStatus::Queued | ExportStatus::Processing => progress(&progress_of(export)),
        ExportStatus::Completed => {
            let left = export.expires_at.map(|end| left(end.as_second() - now));
            let parts = [
                export.record_count.map(rows),
                export.file_size.map(bytes),
                left.map(|left| format!("{left} left")),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
        ExportStatus::Failed => export.error_message.clone().unwrap_or_default(),
        ExportStatus::Cancelled => String::new(),
        ExportStatus::Expired => "The file was removed".to_owned(),
    }
}

/// Returns until when the file is kept, or since when it is not.
pub fn end_of_file(export: &Export) -> (Option<Timestamp>, Option<Timestamp>) {
    match export.status {
        ExportStatus::Completed => (export.expires_at, None),
        ExportStatus::Expired => (None, export.expires_at),
        _ => (None, None),
    }
}

/// Returns the progress in a record.
pub fn progress_of(export: &Export) -> ExportProgress {
    ExportProgress {
        status: export.status,
        progress: export.progress,
        rows: export.rows,
        file_bytes: 0,
        position: export.position,
    }
}

/// `1,234 rows, 51.2 kB`
pub fn file(export: &Export) -> String {
    let parts = [export.record_count.map(rows), export.file_size.map(bytes)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A long duration in one unit: `6 d`, `5 h`, `under an hour`.
fn left(seconds: i64) -> String {
    match seconds / 3_600 {
        ..1 => "under an hour".to_owned(),
        hours @ 1..48 => format!("{hours} h"),
        hours => format!("{} d", hours / 24),
    }
}

/// Returns the outcome of a check in one sentence.
pub fn verification(checked: &Verification) -> String {
    match checked.success {
        true => {
            let rows = checked.rows.map(|number| format!("{}, ", rows(number)));
            format!(
                "The stored file is intact: {}{}",
                rows.unwrap_or_default(),
                bytes(checked.bytes)
            )
        }
        false => format!("The stored file is damaged: {}", checked.error_details.join(" ")),
    }
}

/// Returns the values of what was asked for, each with its name: `filters model`, `options compression`.
pub fn parameters(parameters: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect("", parameters, &mut found);
    found
}

fn collect(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    if let Value::Object(members) = value {
        for (member, value) in members {
            let separator = if name.is_empty() { "" } else { " " };
            collect(&format!("{name}{separator}{member}"), value, found);
        }
        return;
    }
    found.push((name.to_owned(), text(value)));
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use api::exports::{ExportRows, ExportScope};
    use serde_json::json;

    use super::*;

    fn export(status: ExportStatus) -> Export {
        let example = include_str!("../../../server/api/examples/export_answer.json");
        let example: api::exports::ExportAnswer = serde_json::from_str(example).unwrap();
        Export {
            status,
            scope: ExportScope::User,
            rows: ExportRows {
                done: 412_000,
                expected: Some(1_000_000),
            },
            file_size: Some(51_234),
            record_count: Some(1_234),
            expires_at: Some("2026-02-04T10:30:04Z".parse().unwrap()),
            ..example.export
        }
    }

    fn text_of(export: &Export) -> String {
        let now: Timestamp = "2026-01-29T09:00:00Z".parse().unwrap();
        facts(export, now.as_second(), |time| time.to_string())
    }

    #[test]
    fn facts_are_those_of_the_state() {
        assert_eq!(
            text_of(&export(ExportStatus::Completed)),
            "1,234 rows · 51.2 kB · 6 d left"
        );
        assert_eq!(
            text_of(&export(ExportStatus::Processing)),
            "412,000 of about 1,000,000 rows"
        );
        let queued = |position| Export {
            position,
            ..export(ExportStatus::Queued)
        };
        assert_eq!(text_of(&queued(None)), "");
        for (before, place) in [
            (0, "1st"),
            (1, "2nd"),
            (2, "3rd"),
            (3, "4th"),
            (10, "11th"),
            (999, "1,000th"),
        ] {
            assert_eq!(text_of(&queued(Some(before))), format!("{place} in the queue"));
        }
        let failed = Export {
            error_message: Some("The disk is full.".to_owned()),
            ..export(ExportStatus::Failed)
        };
        assert_eq!(text_of(&failed), "The disk is full.");
    }

    #[test]
    fn a_file_is_kept_until_its_end_and_removed_since_then() {
        let end = export(ExportStatus::Completed).expires_at;
        assert!(end.is_some());
        for (status, expected) in [
            (ExportStatus::Completed, (end, None)),
            (ExportStatus::Expired, (None, end)),
            (ExportStatus::Failed, (None, None)),
        ] {
            assert_eq!(end_of_file(&export(status)), expected);
        }
    }

    #[test]
    fn an_estimate_that_was_too_low_is_not_shown() {
        let progress_of = |done, expected| {
            progress(&ExportProgress {
                status: ExportStatus::Processing,
                progress: 42,
                rows: ExportRows { done, expected },
                file_bytes: 1_000_000,
                position: None,
            })
        };
        assert_eq!(progress_of(5, Some(3)), "5 rows · 1.0 MB");
        assert_eq!(progress_of(3, Some(5)), "3 of about 5 rows · 1.0 MB");
    }

    #[test]
    fn durations_have_one_unit() {
        let texts = [59, 3_600, 47 * 3_600, 48 * 3_600, 6 * 86_400 + 5].map(left);
        assert_eq!(texts, ["under an hour", "1 h", "47 h", "2 d", "6 d"]);
    }

    #[test]
    fn a_check_is_one_sentence() {
        let good = Verification {
            success: true,
            rows: Some(5),
            bytes: 100,
            ..Verification::default()
        };
        assert_eq!(verification(&good), "The stored file is intact: 5 rows, 100 B");
        let bad = Verification {
            error_details: vec!["The file has 90 bytes, not 100.".to_owned()],
            ..Verification::default()
        };
        assert_eq!(
            verification(&bad),
            "The stored file is damaged: The file has 90 bytes, not 100."
        );
    }

    #[test]
    fn parameters_have_the_names_of_their_members() {
        let asked = json!({ "dataset": "usage-logs", "filters": { "model": ["a", "b"] }, "priority": 0 });
        let expected = [
            ("dataset", "usage-logs"),
            ("filters model", "a, b"),
            ("priority", "0"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parameters(&asked), expected);
    }
}
