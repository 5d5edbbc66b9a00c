//! The period of a report.

use super::clock::ReportClock;
use super::texts::Texts;
use crate::day::Day;
use crate::language::Language;
use crate::timestamp::WallTime;

/// Times from `start` and before `end`, on the clock of the zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub(super) start: WallTime,
    pub(super) end: WallTime,
}

impl Period {
    /// Returns the numbers of the first and the last day.
    pub(super) fn days(self) -> (i64, i64) {
        let last = match self.end.millisecond {
            0 => self.end.day - 1,
            _ => self.end.day,
        };
        (self.start.day, last.max(self.start.day))
    }

    /// Returns the period as people write it: by its days if these are whole.
    pub(super) fn text(self, clock: &ReportClock, language: Language, texts: &Texts) -> Option<String> {
        let is_whole = self.start.millisecond == 0 && self.end.millisecond == 0;
        let (first, last) = self.days();
        let (begin, end) = match is_whole {
            true => (
                language.date(Day::from_number(first)?),
                language.date(Day::from_number(last)?),
            ),
            false => (clock.to_the_minute(self.start)?, clock.to_the_minute(self.end)?),
        };
        match begin == end {
            true => Some(begin),
            false => Some([begin, end].join(texts.to)),
        }
    }
}
