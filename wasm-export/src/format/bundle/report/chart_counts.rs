//! The charts of a report, counted while the rows pass. Their memory is bounded, for any number of rows.

use std::collections::BTreeMap;

use super::clock::ReportClock;
use super::period::Period;
use super::texts::Texts;
use crate::day::Day;
use crate::format::ColumnRef;
use crate::format::bundle::declaration::{Chart, ChartKind, NamedValue, Report};
use crate::format::chart::{self, Bar, Caption, Point};
use crate::format::html::{BetweenTags, Frequencies, raw_cell};
use crate::format::markup::Cells;
use crate::language::{Language, label_in};
use crate::rows::{Header, NULL};
use crate::value::CellText;

/// The most days of a line. A longer period has a point for each month.
const DAYS_MAX: i64 = 366;

/// The most months of a line: the last ones.
const MONTHS_MAX: usize = 600;

/// The most bars. The rarest values are one more bar together.
const BARS_MAX: usize = 12;

/// The rows of a part, counted for one chart.
pub(super) struct ChartCounts {
    /// The position of the chart in the declaration.
    pub(super) at: usize,
    column: ColumnRef,
    /// The label of the column in the report's language.
    label: String,
    counts: Counts,
}

enum Counts {
    Values(Frequencies),
    Times {
        unit: Unit,
        /// By the number of the day, which is the first one of a month.
        numbers: BTreeMap<i64, u64>,
    },
}

/// The time of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Day { first: i64, last: i64 },
    Month,
}

impl ChartCounts {
    /// Returns the charts of a part, without those whose column its rows lack.
    pub(super) fn from_part(
        report: &Report,
        part: &str,
        header: &Header,
        period: Option<Period>,
        language: Language,
    ) -> Vec<Self> {
        let charts = report.charts.iter().enumerate();
        let of_part = charts.filter(|(_, chart)| chart.of.part == part);
        let counts = of_part.filter_map(|(at, chart)| {
            let position = header.position(&chart.of.column)?;
            let column = &header.columns[position];
            let counts = match chart.kind {
                ChartKind::Bars => {
                    let named = report.values_of(part, &chart.of.column).iter();
                    let cells = named.map(|named| raw_cell(&named.value, column.kind));
                    Counts::Values(Frequencies::with_values(cells))
                }
                ChartKind::Line => Counts::Times {
                    unit: Unit::from_period(period),
                    numbers: BTreeMap::new(),
                },
            };
            Some(Self {
                at,
                column: (position, column.kind),
                label: column.label_in(Some(language.word())).to_owned(),
                counts,
            })
        });
        counts.collect()
    }

    /// Adds the row that `cells` has read.
    #[inline]
    pub(super) fn take(&mut self, line: &[u8], cells: &Cells<BetweenTags>, clock: &mut ReportClock) {
        let (position, kind) = self.column;
        let cell = cells.raw(line, position);
        match &mut self.counts {
            Counts::Values(frequencies) => frequencies.take(cell, cells.block(position)),
            Counts::Times { unit, numbers } => {
                if let Some(day) = clock.wall_time(cell, kind).and_then(|time| unit.begin(time.day)) {
                    *numbers.entry(day).or_default() += 1;
                }
            }
        }
    }

    /// Returns the chart as HTML.
    pub(super) fn html(
        &mut self,
        chart: &Chart,
        named: &[NamedValue],
        period: &str,
        text: &mut CellText,
        language: Language,
    ) -> String {
        let texts = Texts::new(language);
        let caption = Caption {
            heading: label_in(&chart.headings, &chart.heading, Some(language.word())),
            period,
            language,
            unit: chart::Unit::Count,
        };
        let kind = self.column.1;
        match &mut self.counts {
            Counts::Values(frequencies) => {
                let (values, others) = frequencies.by_number();
                let values = values.iter().map(|(cell, number)| {
                    let value = match cell.as_slice() {
                        NULL => None,
                        cell => text.text(cell, kind),
                    };
                    (value, *number)
                });
                let bars = bars(values.collect(), others, named, language, &texts);
                let rows: Vec<_> = bars
                    .iter()
                    .map(|bar| (bar.label.as_str(), vec![bar.number]))
                    .collect();
                let table = chart::Table {
                    headings: &[&self.label, texts.number],
                    rows: &rows,
                };
                chart::figure(caption, &chart::bars(&bars, caption), table)
            }
            Counts::Times { unit, numbers } => {
                let points = unit.points(numbers, language);
                let rows: Vec<_> = points
                    .iter()
                    .map(|point| (point.label.as_str(), vec![point.number]))
                    .collect();
                let label = match unit {
                    Unit::Day { .. } => texts.day,
                    Unit::Month => texts.month,
                };
                let table = chart::Table {
                    headings: &[label, texts.number],
                    rows: &rows,
                };
                chart::figure(caption, &chart::line(&points, caption), table)
            }
        }
    }
}

/// Returns the bars: the named values in their order, then the others by their number.
fn bars(
    values: Vec<(Option<String>, u64)>,
    mut others: u64,
    named: &[NamedValue],
    language: Language,
    texts: &Texts,
) -> Vec<Bar> {
    let number_of = |wanted: &NamedValue| {
        let is_it = |(value, _): &&(Option<String>, u64)| value.as_ref() == Some(&wanted.value);
        values.iter().find(is_it).map_or(0, |(_, number)| *number)
    };
    let mut bars: Vec<_> = named
        .iter()
        .map(|value| Bar {
            label: label_in(&value.labels, &value.label, Some(language.word())).to_owned(),
            number: number_of(value),
            tone: value.tone,
        })
        .collect();
    for (value, number) in &values {
        if named.iter().any(|named| value.as_ref() == Some(&named.value)) {
            continue;
        }
        if bars.len() >= BARS_MAX {
            others += number;
            continue;
        }
        bars.push(Bar {
            label: label_of(value.as_deref(), texts),
            number: *number,
            tone: None,
        });
    }
    if others > 0 {
        bars.push(Bar {
            label: texts.others.to_owned(),
            number: others,
            tone: None,
        });
    }
    bars
}

/// Returns the label of a value without a name.
fn label_of(value: Option<&str>, texts: &Texts) -> String {
    match value {
        None => texts.no_value.to_owned(),
        Some(blank) if blank.trim().is_empty() => format!("“{blank}”"),
        Some(value) => value.to_owned(),
    }
}

impl Unit {
    fn from_period(period: Option<Period>) -> Self {
        match period.map(Period::days) {
            Some((first, last)) if last - first < DAYS_MAX => Self::Day { first, last },
            _ => Self::Month,
        }
    }

    /// Returns the number of the day that begins the time of a day, or `None` for a day outside of the period.
    fn begin(self, day: i64) -> Option<i64> {
        match self {
            Self::Day { first, last } => (first..=last).contains(&day).then_some(day),
            Self::Month => {
                let [.., tens, ones] = Day::from_number(day)?.date;
                let of_month = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
                Some(day - of_month + 1)
            }
        }
    }

    /// Returns the day that begins the time behind that of a day.
    fn next(self, day: i64) -> i64 {
        match self {
            Self::Day { .. } => day + 1,
            // No month has more than 31 days, and none fewer than 28.
            Self::Month => self.begin(day + 31).unwrap_or(day + 31),
        }
    }

    /// Returns all points. A day or a month without rows has the number 0.
    fn points(self, numbers: &BTreeMap<i64, u64>, language: Language) -> Vec<Point> {
        let (first, last) = match (self, numbers.first_key_value(), numbers.last_key_value()) {
            (Self::Day { first, last }, ..) => (first, last),
            (Self::Month, Some((first, _)), Some((last, _))) => (*first, *last),
            (Self::Month, ..) => return Vec::new(),
        };
        let label = |day: i64| {
            let day = Day::from_number(day)?;
            Some(match self {
                Self::Day { .. } => language.short_date(day),
                Self::Month => language.month(day),
            })
        };
        let days = std::iter::successors(Some(first), |day| Some(self.next(*day)));
        let points = days.take_while(|day| *day <= last).filter_map(|day| {
            Some(Point {
                label: label(day)?,
                number: numbers.get(&day).copied().unwrap_or_default(),
            })
        });
        let mut points: Vec<_> = points.collect();
        if self == Self::Month && points.len() > MONTHS_MAX {
            points.drain(..points.len() - MONTHS_MAX);
        }
        points
    }
}
