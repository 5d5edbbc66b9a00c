//! Rows and sums for each day, or for each hour where all rows are of one day.
//!
//! Days and hours are those of the file's zone. An hour that comes twice in autumn is counted as one.

use std::collections::BTreeMap;
use std::mem::{replace, take};

use super::cells::{self, Style};
use super::package::{Group, Package};
use super::sheet::{Layout, ROWS_MAX};
use super::sheet_names::{DAILY_TOTALS, HOURLY_TOTALS};
use crate::day::Day;
use crate::format::columns::heading;
use crate::options::{LongDecimals, Options};
use crate::rows::{Column, Header, Kind};
use crate::sum::ExactSum;
use crate::timestamp::WallTime;

const HOUR_MILLISECONDS: u32 = 3_600_000;

/// The key of rows without a valid time, which sorts behind all others.
const NO_TIME: i64 = i64::MAX;

/// Adds up rows by the time in one of their columns. Memory grows with the number of days.
pub(super) struct Totals {
    pub(super) time: TimeColumn,
    headings: Vec<(String, Kind)>,
    /// The indexes of the columns that are added up.
    positions: Vec<usize>,
    /// Whether a sum that a spreadsheet rounds is a number, and its digits stand in a column of their own.
    is_rounded: bool,
    /// The day of all rows so far, if it is only one.
    day: Option<i64>,
    unit: Unit,
    /// Totals by number of the hour, or of the day, the open one excepted.
    closed: BTreeMap<i64, Total>,
    /// The total of the last row, to which the next probably belongs.
    open: Total,
    open_key: i64,
}

/// The column by whose time rows are added up.
pub(super) struct TimeColumn {
    pub(super) position: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Hour,
    Day,
}

#[derive(Clone)]
struct Total {
    rows: u64,
    sums: Vec<ExactSum>,
}

impl Totals {
    /// Returns totals by the first timestamp column in the order of the rows, or else by the first of the file.
    /// Returns `None` if the file has no such column.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Option<Self> {
        let is_time = |position: &usize| {
            let kind = header.columns[*position].kind;
            matches!(kind, Kind::Timestamp | Kind::LocalTimestamp) && positions.contains(position)
        };
        let ordered = header.order.iter().filter_map(|name| header.position(name));
        let position = ordered.chain(positions.iter().copied()).find(is_time)?;
        let added: Vec<usize> = positions
            .iter()
            .copied()
            .filter(|&position| is_added(&header.columns[position]))
            .collect();
        let column_headings = added
            .iter()
            .map(|&position| (heading(&header.columns[position], options), Kind::Decimal));
        let time = &header.columns[position];
        let zone = match time.kind {
            Kind::Timestamp => format!(" ({})", options.zone),
            _ => String::new(),
        };
        let headings = [(zone, Kind::Timestamp), ("Rows".to_owned(), Kind::Integer)];
        let sums = vec![ExactSum::new(); added.len()];
        Some(Self {
            time: TimeColumn {
                position,
                kind: time.kind,
            },
            headings: headings.into_iter().chain(column_headings).collect(),
            positions: added,
            is_rounded: options.long_decimals == LongDecimals::Rounded,
            day: None,
            unit: Unit::Hour,
            closed: BTreeMap::new(),
            open: Total { rows: 0, sums },
            open_key: NO_TIME,
        })
    }

    /// Returns the index of the sum for a column's numbers.
    pub(super) fn sum_of(&self, position: usize) -> Option<usize> {
        self.positions.iter().position(|&known| known == position)
    }

    /// Counts a row, to which numbers that are added next belong.
    #[inline]
    pub(super) fn begin_row(&mut self, time: Option<WallTime>) {
        let key = match time {
            None => NO_TIME,
            Some(time) => {
                if self.unit == Unit::Hour && *self.day.get_or_insert(time.day) != time.day {
                    self.turn_to_days();
                }
                match self.unit {
                    Unit::Hour => time.day * 24 + i64::from(time.millisecond / HOUR_MILLISECONDS),
                    Unit::Day => time.day,
                }
            }
        };
        self.open(key);
        self.open.rows += 1;
    }

    /// Adds a cell of the row, if it is a number.
    #[inline]
    pub(super) fn add(&mut self, sum: usize, cell: &[u8]) {
        self.open.sums[sum].add(cell);
    }

    #[inline]
    fn open(&mut self, key: i64) {
        if key != self.open_key {
            self.change(key);
        }
    }

    fn change(&mut self, key: i64) {
        let next = self.closed.remove(&key).unwrap_or_else(|| self.empty());
        let closed = replace(&mut self.open, next);
        self.closed.insert(replace(&mut self.open_key, key), closed);
    }

    fn empty(&self) -> Total {
        Total {
            rows: 0,
            sums: vec![ExactSum::new(); self.positions.len()],
        }
    }

    /// Adds up the hours of each day.
    fn turn_to_days(&mut self) {
        // Rows without a valid time stay as they are.
        self.open(NO_TIME);
        self.unit = Unit::Day;
        for (hour, total) in take(&mut self.closed) {
            self.open(hour.div_euclid(24));
            self.open.merge(&total);
        }
    }

    /// Appends the sheet, and further sheets if there are more days than rows in one.
    pub(super) fn write(mut self, package: &mut Package, out: &mut Vec<u8>) {
        self.open(i64::MIN);
        let mut totals: Vec<(i64, Total)> = take(&mut self.closed).into_iter().collect();
        totals.retain(|(_, total)| total.rows > 0);
        let mut grand_total = self.empty();
        for (_, total) in &totals {
            grand_total.merge(total);
        }
        let (name, unit) = match self.unit {
            Unit::Hour if self.day.is_some() => (HOURLY_TOTALS, "Hour"),
            _ => (DAILY_TOTALS, "Day"),
        };
        let mut headings = take(&mut self.headings);
        headings[0].0.insert_str(0, unit);
        let rounded = self.rounded_sums(totals.iter().map(|(_, total)| total).chain([&grand_total]));
        for &sum in &rounded {
            let exact = format!("{} (all digits)", headings[sum + 2].0);
            headings.push((exact, Kind::Text));
        }
        let layout = Layout::new(headings, true);
        // One row is the header, and one the grand total.
        let mut sheets = totals.chunks(ROWS_MAX as usize - 2).peekable();
        loop {
            let totals = sheets.next().unwrap_or_default();
            package.begin_sheet(Group::Totals, name, out);
            let rows = layout.write_head(&mut package.xml) + totals.len() as u32;
            for (key, total) in totals {
                package.xml.extend_from_slice(b"<row>");
                self.write_key(*key, &mut package.xml);
                total.write(&rounded, Style::Plain, &mut package.xml);
                package.pack(out);
            }
            let is_last = sheets.peek().is_none();
            if is_last {
                package.xml.extend_from_slice(b"<row>");
                cells::write_styled("Total", Style::Bold, &mut package.xml);
                grand_total.write(&rounded, Style::Bold, &mut package.xml);
            }
            let filter = layout.write_foot(rows, &mut package.xml);
            package.end_sheet(filter, out);
            if is_last {
                return;
            }
        }
    }

    /// Returns the indexes of the sums of which a spreadsheet would round one.
    fn rounded_sums<'a>(&self, totals: impl Iterator<Item = &'a Total>) -> Vec<usize> {
        let mut is_rounded = vec![false; self.positions.len()];
        for total in totals.filter(|_| self.is_rounded) {
            for (is_rounded, digits) in is_rounded.iter_mut().zip(total.digits()) {
                *is_rounded |= cells::is_rounded(&digits);
            }
        }
        (0..is_rounded.len()).filter(|&sum| is_rounded[sum]).collect()
    }

    fn write_key(&self, key: i64, xml: &mut Vec<u8>) {
        if key == NO_TIME {
            return cells::write_text("(no time)", xml);
        }
        let (day, hour) = match self.unit {
            Unit::Hour => (key.div_euclid(24), key.rem_euclid(24)),
            Unit::Day => (key, 0),
        };
        let millisecond = hour as u32 * HOUR_MILLISECONDS;
        let is_written = match self.unit {
            Unit::Hour => cells::write_time(WallTime { day, millisecond }, xml),
            Unit::Day => cells::write_day(day, xml),
        };
        if !is_written {
            let date = Day::from_number(day).map(|day| day.date).unwrap_or_default();
            let date = String::from_utf8_lossy(&date);
            match self.unit {
                Unit::Hour => cells::write_text(&format!("{date} {hour:02}:00:00"), xml),
                Unit::Day => cells::write_text(&date, xml),
            }
        }
    }
}

impl Total {
    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        for (sum, other) in self.sums.iter_mut().zip(&other.sums) {
            sum.merge(other);
        }
    }

    /// Returns the sums, without zeros at the end of a fraction.
    fn digits(&self) -> impl Iterator<Item = String> {
        self.sums.iter().map(|sum| {
            let digits = sum.to_string();
            match digits.contains('.') {
                true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => digits,
            }
        })
    }

    /// Appends all cells of the row but the first, and ends the row. The sums in `rounded` are numbers as a spreadsheet
    /// rounds them, and at the end texts with all their digits.
    fn write(&self, rounded: &[usize], style: Style, xml: &mut Vec<u8>) {
        cells::write_count(self.rows, style, xml);
        let digits: Vec<String> = self.digits().collect();
        for (sum, digits) in digits.iter().enumerate() {
            let is_rounded = rounded.contains(&sum) && cells::is_rounded(digits);
            if !(is_rounded && cells::write_rounded(digits.as_bytes(), style, xml)) {
                cells::write_number(digits, style, xml);
            }
        }
        for &sum in rounded {
            cells::write_styled(&digits[sum], style, xml);
        }
        xml.extend_from_slice(b"</row>");
    }
}

/// Returns whether the sum of a column is meaningful: its numbers are exact, and are not ids.
fn is_added(column: &Column) -> bool {
    const NAMES: [&str; 4] = ["_id", "_code", "Id", "ID"];
    matches!(column.kind, Kind::Integer | Kind::Decimal)
        && column.name != "id"
        && !NAMES.iter().any(|end| column.name.ends_with(end))
}
