//! The period of a report.

use super::clock::{Boundary, ReportClock};
use super::texts::Texts;
use crate::day::Day;
use crate::language::Language;

/// Times from `start` and before `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub(super) start: Boundary,
    pub(super) end: Boundary,
}

impl Period {
    /// Returns the numbers of the first and the last day.
    pub(super) fn days(self) -> (i64, i64) {
        let first = self.start.time.day;
        (first, self.end.day_before.max(first))
    }

    /// Returns the period as people write it: by its days if these are whole.
    pub(super) fn text(self, clock: &ReportClock, language: Language, texts: &Texts) -> Option<String> {
        let is_whole = self.start.begins_day() && self.end.begins_day();
        let (first, last) = self.days();
        let (begin, end) = match is_whole {
            true => (
                language.date(Day::from_number(first)?),
                language.date(Day::from_number(last)?),
            ),
            false => (
                clock.to_the_minute(self.start.time)?,
                clock.to_the_minute(self.end.time)?,
            ),
        };
        match begin == end {
            true => Some(begin),
            false => Some([begin, end].join(texts.to)),
        }
    }
}
