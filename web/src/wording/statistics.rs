//! The figures of exports as text.

use api::data_exports::{ExportFigures, QueueFigures};
use api::exports::ExportStatus;

use super::cells::{self, NO_VALUE};
use super::{background, bytes, count, time_left};

/// The period of figures that have no days.
pub const ALL_RECORDS: &str = "all exports whose records are kept";

/// A figure above the charts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// For the test id.
    pub name: &'static str,
    pub label: &'static str,
    pub text: String,
    /// The exact value; `None` if there is no value.
    pub exact: Option<String>,
}

/// Returns the four figures.
pub fn figures(figures: &ExportFigures) -> [Figure; 4] {
    let ExportFigures {
        completed_exports: completed,
        failed_exports: failed,
        today,
        ..
    } = figures;
    let figure = |name, label, value: Option<(String, String)>| {
        let (text, exact) = value.unzip();
        Figure {
            name,
            label,
            text: text.unwrap_or_else(|| NO_VALUE.to_owned()),
            exact,
        }
    };
    let rate = figures.success_rate.map(|rate| {
        let of = format!("{} completed, {} failed", count(*completed), count(*failed));
        (percent(rate), format!("{rate} %: {of}"))
    });
    let time = figures.average_processing_ms.map(|milliseconds| {
        let text = cells::duration(&milliseconds.to_string());
        (text, format!("{} ms", count(milliseconds)))
    });
    let size = figures
        .average_size
        .map(|size| (bytes(size), format!("{} bytes", count(size))));
    [
        figure(
            "today",
            "Created today",
            Some((count(*today), format!("{} since midnight in UTC", count(*today)))),
        ),
        figure("success", "Success rate", rate),
        figure("time", "Average time", time),
        figure("size", "Average size", size),
    ]
}

/// `12 exports`
pub fn total(figures: &ExportFigures) -> String {
    let noun = if figures.total_exports == 1 {
        "export"
    } else {
        "exports"
    };
    format!("{} {noun}", count(figures.total_exports))
}

/// Returns what the figures are of.
pub fn explanation(is_all: bool, days: u16) -> String {
    match is_all {
        true => format!(
            "The exports of everybody in the last {days} days, also those whose records were deleted. Days are those of UTC."
        ),
        false => format!(
            "Your exports. Figures and shares are of all whose records are kept; charts by day, of the last {days} days in UTC."
        ),
    }
}

/// `90.9 %`
pub fn percent(number: f64) -> String {
    format!("{number:.1} %")
}

/// Returns the name of a state by its word, and another word as it is.
pub fn status(word: &str) -> String {
    let known = ExportStatus::from_word(word).map(|status| background::status(status).to_owned());
    known.unwrap_or_else(|| word.to_owned())
}

/// Returns how long the oldest export waits.
pub fn oldest(queue: &QueueFigures) -> String {
    queue
        .oldest_seconds
        .map_or_else(|| "None waits".to_owned(), |seconds| time_left(seconds as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_have_an_exact_value() {
        let known = ExportFigures {
            completed_exports: 10,
            failed_exports: 1,
            success_rate: Some(90.91),
            average_processing_ms: Some(1_640),
            average_size: Some(51_234),
            today: 1_200,
            ..ExportFigures::default()
        };
        let texts = figures(&known).map(|figure| (figure.text, figure.exact.unwrap_or_default()));
        let expected = [
            ("1,200", "1,200 since midnight in UTC"),
            ("90.9 %", "90.91 %: 10 completed, 1 failed"),
            ("1.6 s", "1,640 ms"),
            ("51.2 kB", "51,234 bytes"),
        ];
        assert_eq!(
            texts,
            expected.map(|(text, exact)| (text.to_owned(), exact.to_owned()))
        );
        let none = figures(&ExportFigures::default());
        assert_eq!(
            none.map(|figure| figure.text),
            ["0", "–", "–", "–"].map(str::to_owned)
        );
    }

    #[test]
    fn states_have_their_names() {
        assert_eq!(status("processing"), "Running");
        assert_eq!(status("lost"), "lost");
    }

    #[test]
    fn the_oldest_export_waits_for_some_time() {
        let queue = |oldest_seconds| QueueFigures {
            oldest_seconds,
            ..QueueFigures::default()
        };
        assert_eq!(oldest(&queue(None)), "None waits");
        assert_eq!(oldest(&queue(Some(185))), "3 min 05 s");
    }
}
