//! The summary of a report: number of rows, period, exact totals, most frequent values, and the rows that need
//! attention. Its memory is bounded, for any number of rows.

use super::between_tags::{BetweenTags, escape, fact};
use super::frequencies::Frequencies;
use super::highlighted::Highlighted;
use crate::format::ColumnRef;
use crate::format::columns::heading;
use crate::format::markup::Cells;
use crate::options::{DecimalMark, Options};
use crate::rows::{Header, Kind, NULL};
use crate::sum::ExactSum;
use crate::timestamp::Moment;

/// Columns with few different values, whose frequencies are shown.
const COUNTED: &[&str] = &["status", "severity", "status_code", "model", "provider_name"];
/// The most values of a column that are shown.
const SHOWN_MAX: usize = 20;

/// Collects the summary from the rows.
pub(super) struct Summary {
    /// The id of its heading.
    id: String,
    rows: u64,
    times: Option<Times>,
    totals: Vec<Total>,
    counts: Vec<Counts>,
    highlights: Vec<Highlighted>,
    decimal: DecimalMark,
}

/// The earliest and the latest time. PostgreSQL's text of times sorts by time.
struct Times {
    column: ColumnRef,
    heading: String,
    first: Vec<u8>,
    last: Vec<u8>,
}

struct Total {
    position: usize,
    heading: String,
    sum: ExactSum,
    has_numbers: bool,
}

/// The frequencies of a column's values.
struct Counts {
    column: ColumnRef,
    heading: String,
    frequencies: Frequencies,
}

impl Summary {
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options, id: &str) -> Self {
        let columns = || {
            positions
                .iter()
                .map(|&position| (position, &header.columns[position]))
        };
        let position = |name: &str| {
            columns()
                .find(|(_, column)| column.name == name)
                .map(|(position, _)| position)
        };
        let column_ref = |position: usize| (position, header.columns[position].kind);
        let is_time = |kind: Kind| matches!(kind, Kind::Timestamp | Kind::LocalTimestamp);
        let time = position("created_at")
            .filter(|&position| is_time(header.columns[position].kind))
            .or_else(|| Some(columns().find(|(_, column)| is_time(column.kind))?.0));
        Self {
            id: id.to_owned(),
            rows: 0,
            times: time.map(|position| Times {
                column: column_ref(position),
                heading: heading(&header.columns[position], options),
                first: Vec::new(),
                last: Vec::new(),
            }),
            totals: columns()
                .filter(|(_, column)| can_be_added(&column.name, column.kind))
                .map(|(position, column)| Total {
                    position,
                    heading: heading(column, options),
                    sum: ExactSum::new(),
                    has_numbers: false,
                })
                .collect(),
            counts: columns()
                .filter(|(_, column)| COUNTED.contains(&column.name.as_str()))
                .map(|(position, column)| Counts {
                    column: column_ref(position),
                    heading: heading(column, options),
                    frequencies: Frequencies::new(),
                })
                .collect(),
            highlights: header
                .highlights
                .iter()
                .filter_map(|highlight| Highlighted::new(highlight, header, positions))
                .collect(),
            decimal: options.decimal,
        }
    }

    /// Adds the row that `cells` has read.
    #[inline]
    pub(super) fn take(&mut self, line: &[u8], cells: &mut Cells<BetweenTags>) {
        self.rows += 1;
        if let Some(times) = &mut self.times {
            times.take(cells.raw(line, times.column.0));
        }
        for total in &mut self.totals {
            total.has_numbers |= total.sum.add(cells.raw(line, total.position));
        }
        for counts in &mut self.counts {
            let position = counts.column.0;
            let block = cells.block(position);
            counts.frequencies.take(cells.raw(line, position), block);
        }
        for highlight in &mut self.highlights {
            highlight.take(line, cells);
        }
    }

    pub(super) fn write(&mut self, cells: &mut Cells<BetweenTags>, out: &mut Vec<u8>) {
        let mut html = |cell: &[u8], kind: Kind| {
            let mut html = Vec::new();
            cells.write_raw(cell, kind, &mut html);
            String::from_utf8_lossy(&html).into_owned()
        };
        let mut facts = fact("Rows", &self.rows.to_string());
        if let Some(times) = self.times.as_ref().filter(|times| !times.first.is_empty()) {
            let heading = escape(&times.heading);
            facts += &fact(&format!("{heading}, first"), &html(&times.first, times.column.1));
            facts += &fact(&format!("{heading}, last"), &html(&times.last, times.column.1));
        }
        for total in self.totals.iter().filter(|total| total.has_numbers) {
            let mut sum = total.sum.to_string();
            if self.decimal == DecimalMark::Comma {
                sum = sum.replace('.', ",");
            }
            facts += &fact(&format!("{}, total", escape(&total.heading)), &sum);
        }
        let mut counts = String::new();
        for column in self
            .counts
            .iter_mut()
            .filter(|column| !column.frequencies.is_empty())
        {
            counts += &format!(
                "<div>\n<h3>{}</h3>\n<dl>\n{}</dl>\n</div>\n",
                escape(&column.heading),
                column.facts(&mut html)
            );
        }
        let highlights: String = self.highlights.iter().map(Highlighted::html).collect();
        let id = &self.id;
        let section = format!(
            "<section class=\"summary\" aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">Summary</h2>\n\
             <dl>\n{facts}</dl>\n{highlights}<div class=\"counts\">\n{counts}</div>\n</section>\n"
        );
        out.extend_from_slice(section.as_bytes());
    }
}

impl Times {
    fn take(&mut self, cell: &[u8]) {
        let is_between = !self.first.is_empty() && *cell >= *self.first && *cell <= *self.last;
        let is_time = || match self.column.1 {
            Kind::Timestamp => Moment::in_utc(cell).is_some(),
            _ => Moment::without_zone(cell).is_some(),
        };
        if is_between || !is_time() {
            return;
        }
        if self.first.is_empty() || *cell < *self.first {
            self.first = cell.to_vec();
        }
        if *cell > *self.last {
            self.last = cell.to_vec();
        }
    }
}

impl Counts {
    /// Returns the most frequent values, and the number of all others.
    fn facts(&mut self, html: &mut impl FnMut(&[u8], Kind) -> String) -> String {
        let (values, others) = self.frequencies.by_number();
        let (shown, rest) = values.split_at(values.len().min(SHOWN_MAX));
        let mut facts = String::new();
        for (value, count) in shown {
            let value = match &**value {
                NULL => "–".to_owned(),
                b"" => "“”".to_owned(),
                value => html(value, self.column.1),
            };
            facts += &fact(&value, &count.to_string());
        }
        let others = others + rest.iter().map(|(_, count)| count).sum::<u64>();
        if others > 0 {
            facts += &fact("<i>others</i>", &others.to_string());
        }
        facts
    }
}

/// Returns whether the sum of a column's numbers is meaningful.
fn can_be_added(name: &str, kind: Kind) -> bool {
    let is_name = is_id(name) || name.ends_with("_code");
    matches!(kind, Kind::Integer | Kind::Decimal) && !is_name
}

fn is_id(name: &str) -> bool {
    name == "id" || name.ends_with("_id")
}
