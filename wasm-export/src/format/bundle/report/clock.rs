//! Times of the rows in the zone and the language of the report.

use crate::day::Day;
use crate::language::Language;
use crate::options::{Fraction, TimestampStyle};
use crate::rows::Kind;
use crate::timestamp::{Clock, Moment, WallTime};
use crate::value::Value;
use crate::zone::Zone;

/// Reads and writes times of one zone.
pub(super) struct ReportClock {
    clock: Clock,
    language: Language,
}

/// The start or the end of a period, on the clock of the zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boundary {
    pub(super) time: WallTime,
    /// The number of the day one microsecond before that time.
    pub(super) day_before: i64,
}

impl Boundary {
    /// Returns whether a day begins here. Where clocks skip midnight, the first time of a day is 01:00.
    pub(super) fn begins_day(self) -> bool {
        self.day_before < self.time.day
    }
}

impl ReportClock {
    pub(super) fn new(zone: &Zone, language: Language) -> Self {
        Self {
            clock: Clock::new(zone.clone(), TimestampStyle::Local, Fraction::Seconds),
            language,
        }
    }

    /// Returns the time on the zone's clock, or `None` for a cell that is no time. A date is its midnight.
    pub(super) fn wall_time(&mut self, cell: &[u8], kind: Kind) -> Option<WallTime> {
        match Value::read(cell, kind) {
            Value::Timestamp(moment) => self.clock.wall_time(&moment),
            Value::LocalTimestamp(moment) => moment.wall_time(),
            Value::Text(text) if kind == Kind::Date => Some(WallTime {
                day: Day::read(text)?.number,
                millisecond: 0,
            }),
            _ => None,
        }
    }

    /// Returns the start or the end of a period, or `None` for a cell that is no time.
    pub(super) fn boundary(&mut self, cell: &[u8], kind: Kind) -> Option<Boundary> {
        let time = self.wall_time(cell, kind)?;
        let day_before = match Value::read(cell, kind) {
            Value::Timestamp(moment) => self.clock.day_before(&moment)?,
            Value::LocalTimestamp(moment) => moment.day_before()?,
            _ => time.day - 1,
        };
        Some(Boundary { time, day_before })
    }

    /// Returns a cell with a time as people write it, or `None` for another one. A date has no time of day; other times
    /// are written to the minute.
    pub(super) fn text(&mut self, cell: &[u8], kind: Kind) -> Option<String> {
        if kind == Kind::Date {
            return Some(self.language.short_date(Day::read(cell)?));
        }
        let time = self.wall_time(cell, kind)?;
        self.to_the_minute(time)
    }

    /// Returns the time of the stream (RFC 3339, UTC) as people write it.
    pub(super) fn of_stream(&mut self, as_of: &str) -> Option<String> {
        let cell = as_of.strip_suffix('Z')?.replacen('T', " ", 1) + "+00";
        let time = self.clock.wall_time(&Moment::in_utc(cell.as_bytes())?)?;
        self.to_the_minute(time)
    }

    pub(super) fn to_the_minute(&self, time: WallTime) -> Option<String> {
        let minutes = time.millisecond / 60_000;
        let date = self.language.short_date(Day::from_number(time.day)?);
        Some(format!("{date} {:02}:{:02}", minutes / 60, minutes % 60))
    }
}
