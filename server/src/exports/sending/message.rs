//! The text of mails.

use api::webhook_events::StoppedSchedule;
use quick_xml::escape::escape;
use wasm_export::language::Language;

use crate::exports::record::ExportRecord;

/// The most characters of a value in a mail.
const VALUE_MAX: usize = 500;

/// A mail without its recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// How a file comes with a mail.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'a> {
    Attached,
    /// The address of the file; `None`: the server does not know its own address.
    Link(Option<&'a str>),
}

/// Names and values, one a line.
type Facts = Vec<(&'static str, String)>;

/// Returns the mail with a file. `name` is the name of the download.
pub(super) fn completed(record: &ExportRecord, name: &str, way: Way<'_>) -> Letter {
    let rows = integer(record.record_count.unwrap_or_default());
    let mut facts = facts(record);
    facts.extend([
        ("File", name.to_owned()),
        ("Rows", rows.clone()),
        (
            "Size",
            format!("{} bytes", integer(record.file_bytes.unwrap_or_default())),
        ),
        ("SHA-256", record.sha256.clone().unwrap_or_default()),
    ]);
    facts.extend(record.expires_at.map(|at| ("Kept until", at.to_string())));
    let (intro, link) = match way {
        Way::Attached => ("The export is ready. Its file is attached.", None),
        Way::Link(Some(link)) => (
            "The export is ready. Its file is too large for a mail. Everybody with this link can download it for a while:",
            Some(link),
        ),
        Way::Link(None) => (
            "The export is ready. Its file is too large for a mail. Fetch it on the page Exports of Decant.",
            None,
        ),
    };
    let subject = format!("Export ready: {} ({rows} rows)", record.dataset);
    letter(&subject, intro, link, &facts)
}

/// Returns the mail about an export that has failed.
pub(super) fn failed(record: &ExportRecord) -> Letter {
    let mut facts = facts(record);
    let reason = record.error_message.clone();
    facts.push(("Reason", reason.unwrap_or_else(|| "not recorded".to_owned())));
    let subject = format!("Export failed: {}", record.dataset);
    letter(
        &subject,
        "The export has failed, so there is no file.",
        None,
        &facts,
    )
}

/// Returns the mail about a schedule that has stopped.
pub(super) fn stopped(schedule: &StoppedSchedule) -> Letter {
    let mut facts = vec![
        ("Schedule", format!("{} (number {})", schedule.name, schedule.id)),
        ("Dataset", schedule.dataset.clone()),
        ("Failures in a row", schedule.failures.to_string()),
    ];
    facts.extend(schedule.last_error.clone().map(|reason| ("Last reason", reason)));
    let subject = format!("Schedule stopped: {}", schedule.name);
    let intro = "The schedule has failed too often and makes no further exports. Its owner can resume it on the page Schedules of Decant.";
    letter(&subject, intro, None, &facts)
}

fn facts(record: &ExportRecord) -> Facts {
    let mut facts = vec![
        ("Export", record.id.to_string()),
        ("Dataset", record.dataset.clone()),
        ("Format", record.format.clone()),
        ("Asked for by", record.caller.clone()),
    ];
    let filters = record.selection.filters.iter();
    let filters: Vec<_> = filters
        .map(|(name, values)| format!("{name} = {}", values.0.join(", ")))
        .chain(record.selection.date_range.iter().map(|range| {
            let end = |end: &Option<String>| end.clone().unwrap_or_else(|| "…".to_owned());
            format!("from {} to {}", end(&range.start), end(&range.end))
        }))
        .collect();
    if !filters.is_empty() {
        facts.push(("Filters", filters.join("; ")));
    }
    facts.extend(record.snapshot_at.map(|at| ("Rows of", at.to_string())));
    facts
}

fn letter(subject: &str, intro: &str, link: Option<&str>, facts: &Facts) -> Letter {
    let mut text = format!("{intro}\n\n");
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><body><p>{intro}</p>",
        title = escape(one_line(subject)),
    );
    if let Some(link) = link {
        text.push_str(&format!("{link}\n\n"));
        let link = escape(link);
        html.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>"));
    }
    html.push_str("<table>");
    for (name, value) in facts {
        let value = one_line(value);
        text.push_str(&format!("{name}: {value}\n"));
        html.push_str(&format!(
            "<tr><th align=\"left\">{name}</th><td>{}</td></tr>",
            escape(value)
        ));
    }
    html.push_str("</table></body></html>");
    Letter {
        subject: one_line(subject),
        text,
        html,
    }
}

/// Returns a text without control characters, so that it begins no line of its own. A long one is cut.
fn one_line(text: &str) -> String {
    let is_control = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let mut letters = text
        .chars()
        .map(|letter| if is_control(letter) { ' ' } else { letter });
    let line: String = letters.by_ref().take(VALUE_MAX).collect();
    match letters.next() {
        None => line,
        Some(_) => line + "…",
    }
}

fn integer(number: u64) -> String {
    Language::English.integer(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_person_begins_no_line_and_no_tag() {
        let letter = stopped(&StoppedSchedule {
            id: 7,
            name: "x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>".to_owned(),
            dataset: "usage-logs".to_owned(),
            failures: 3,
            last_error: Some("a\nb\u{2028}c".to_owned()),
        });
        assert!(!letter.subject.contains(['\r', '\n']), "{letter:?}");
        assert!(!letter.text.contains("\nBcc"), "{letter:?}");
        assert!(letter.text.contains("Last reason: a b c\n"), "{letter:?}");
        assert!(!letter.html.contains("<script>"), "{letter:?}");
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(one_line(&"é".repeat(501)).chars().count(), 501);
        assert_eq!(one_line(&"é".repeat(500)), "é".repeat(500));
    }
}
