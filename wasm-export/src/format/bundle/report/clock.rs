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

impl ReportClock {
    pub(super) fn new(zone: &Zone, language: Language) -> Self {
        Self {
            clock: Clock::new(zone.clone(), TimestampStyle::Local, Fraction::Seconds),
            language,
        }
    }

    /// Returns the time on the zone's clock, or `None` for a cell that is no time.
    pub(super) fn wall_time(&mut self, cell: &[u8], kind: Kind) -> Option<WallTime> {
        match Value::read(cell, kind) {
            Value::Timestamp(moment) => self.clock.wall_time(&moment),
            Value::LocalTimestamp(moment) => moment.wall_time(),
            _ => None,
        }
    }

    /// Returns a cell with a time as people write it, to the minute, or `None` for another one.
    pub(super) fn text(&mut self, cell: &[u8], kind: Kind) -> Option<String> {
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
