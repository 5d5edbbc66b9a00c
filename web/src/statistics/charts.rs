//! The charts of the figures, as HTML with SVG. All texts in it are escaped.

use api::data_exports::{DayFigures, ExportFigures};
use api::exports::ExportStatus;
use wasm_export::format::chart::{
    Bar, Caption, Point, Series, Stack, Table, Unit, bars, figure, line, stacks,
};
use wasm_export::language::Language;
use wasm_export::tone::Tone;

use crate::quick_range::day_after;
use crate::wording::export::format_of_word;
use crate::wording::statistics as wording;

/// What the charts are of.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The days of the charts by day.
    pub days: u16,
    /// The last of these days: the date in UTC.
    pub today: &'a str,
    /// The figures are those of everybody, and all are of these days.
    pub is_all: bool,
}

/// Returns all charts.
pub fn charts(figures: &ExportFigures, scope: Scope<'_>) -> String {
    let days = filled(&figures.per_day, scope);
    let of_days = match (days.first(), days.last()) {
        (Some(first), Some(last)) => format!("{} – {}, UTC", first.date, last.date),
        _ => String::new(),
    };
    let of_shares = match scope.is_all {
        true => of_days.clone(),
        false => wording::ALL_RECORDS.to_owned(),
    };
    let caption = |heading, unit| Caption {
        heading,
        period: &of_days,
        language: Language::English,
        unit,
    };
    let shares = |heading| Caption {
        period: &of_shares,
        ..caption(heading, Unit::Count)
    };
    let formats = figures.by_format.iter().map(|(word, number)| Bar {
        label: format_of_word(word),
        number: *number,
        tone: None,
    });
    let states = figures.by_status.iter().map(|(word, number)| Bar {
        label: wording::status(word),
        number: *number,
        tone: ExportStatus::from_word(word).and_then(tone),
    });
    [
        by_day(&days, caption("Exports a day", Unit::Count)),
        by_value(formats.collect(), "Format", shares("By format")),
        by_value(states.collect(), "Status", shares("By status")),
        sizes(&days, caption("Size of the files a day", Unit::Bytes)),
    ]
    .concat()
}

/// Returns a day for each of the period, also those without an export.
fn filled(known: &[DayFigures], scope: Scope<'_>) -> Vec<DayFigures> {
    let dates = (0..i64::from(scope.days)).rev();
    let dates = dates.filter_map(|before| day_after(scope.today, -before));
    let day = |date: String| {
        let found = known.iter().find(|day| day.date == date).cloned();
        found.unwrap_or_else(|| DayFigures {
            date,
            ..DayFigures::default()
        })
    };
    dates.map(day).collect()
}

fn by_day(days: &[DayFigures], caption: Caption<'_>) -> String {
    let series = [
        (ExportStatus::Completed, Tone::Good),
        (ExportStatus::Failed, Tone::Bad),
        (ExportStatus::Cancelled, Tone::Neutral),
    ];
    let series = series.map(|(status, tone)| Series {
        label: crate::wording::background::status(status),
        tone,
    });
    let numbers = |day: &DayFigures| vec![day.completed, day.failed, day.cancelled];
    let bars: Vec<_> = days
        .iter()
        .map(|day| Stack {
            label: day.date.clone(),
            numbers: numbers(day),
        })
        .collect();
    let rows: Vec<_> = days.iter().map(|day| (day.date.as_str(), numbers(day))).collect();
    let headings = ["Day, UTC", series[0].label, series[1].label, series[2].label];
    let table = Table {
        headings: &headings,
        rows: &rows,
    };
    figure(caption, &stacks(&bars, &series, caption), table)
}

/// The most frequent value comes first.
fn by_value(mut of_values: Vec<Bar>, heading: &str, caption: Caption<'_>) -> String {
    of_values.sort_by_key(|bar| std::cmp::Reverse(bar.number));
    let rows: Vec<_> = of_values
        .iter()
        .map(|bar| (bar.label.as_str(), vec![bar.number]))
        .collect();
    let table = Table {
        headings: &[heading, "Exports"],
        rows: &rows,
    };
    figure(caption, &bars(&of_values, caption), table)
}

fn sizes(days: &[DayFigures], caption: Caption<'_>) -> String {
    let points: Vec<_> = days
        .iter()
        .map(|day| Point {
            label: day.date.clone(),
            number: day.size,
        })
        .collect();
    let rows: Vec<_> = days
        .iter()
        .map(|day| (day.date.as_str(), vec![day.size]))
        .collect();
    let table = Table {
        headings: &["Day, UTC", "Size"],
        rows: &rows,
    };
    figure(caption, &line(&points, caption), table)
}

fn tone(status: ExportStatus) -> Option<Tone> {
    match status {
        ExportStatus::Completed => Some(Tone::Good),
        ExportStatus::Failed => Some(Tone::Bad),
        ExportStatus::Cancelled | ExportStatus::Expired => Some(Tone::Neutral),
        ExportStatus::Scheduled | ExportStatus::Queued | ExportStatus::Processing => None,
    }
}

#[cfg(test)]
mod tests {
    use api::data_exports::ExportStatistics;

    use super::*;

    fn figures() -> ExportFigures {
        let example = include_str!("../../../server/api/examples/export_statistics.json");
        let example: ExportStatistics = serde_json::from_str(example).unwrap();
        example.user_stats
    }

    fn scope(days: u16, is_all: bool) -> Scope<'static> {
        Scope {
            days,
            today: "2026-01-30",
            is_all,
        }
    }

    #[test]
    fn days_without_an_export_are_there_too() {
        let days = filled(&figures().per_day, scope(7, false));
        let dates: Vec<_> = days.iter().map(|day| day.date.as_str()).collect();
        assert_eq!((dates.len(), dates[0], dates[6]), (7, "2026-01-24", "2026-01-30"));
        let completed: Vec<_> = days.iter().map(|day| day.completed).collect();
        assert_eq!(completed, [0, 0, 0, 0, 10, 0, 0]);
        assert!(filled(&figures().per_day, scope(1, false))[0].completed == 0);
    }

    #[test]
    fn each_chart_names_its_total_and_its_period() {
        let html = charts(&figures(), scope(7, false));
        for title in [
            "Exports a day. Total: 11. Highest: 11 (2026-01-28). Period: 2026-01-24 – 2026-01-30, UTC",
            "By format. Total: 12. Highest: 8 (CSV). Period: all exports whose records are kept",
            "By status. Total: 12. Highest: 10 (Completed). Period: all exports",
            "Size of the files a day. Total: 512.3 kB. Highest: 512.3 kB (2026-01-28)",
        ] {
            assert!(html.contains(title), "{title}: {html}");
        }
        assert_eq!(html.matches("Show as table").count(), 4);
        let all = charts(&figures(), scope(7, true));
        assert!(all.contains("By format. Total: 12. Highest: 8 (CSV). Period: 2026-01-24 – 2026-01-30, UTC"));
    }
}
