//! Converts PostgreSQL's timestamps to a zone and style.

use wide::u8x16;

use crate::day::{Day, two_digits, write_two_digits};
use crate::options::{Fraction, TimestampStyle};
use crate::zone::{Offset, Zone};

const SECONDS_A_DAY: i64 = 86_400;

/// The parts of a timestamp as PostgreSQL writes it: `2026-01-28 12:34:56` and `789123`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment<'a> {
    seconds: &'a [u8; 19],
    fraction: &'a [u8],
}

impl<'a> Moment<'a> {
    /// Reads a `timestamptz` cell of a session in UTC. Returns `None` for `infinity`, and for years before 1 or after
    /// 9999.
    pub fn in_utc(cell: &'a [u8]) -> Option<Self> {
        Self::without_zone(cell.strip_suffix(b"+00")?)
    }

    /// Reads a `timestamp` cell. Returns `None` in the same cases.
    pub fn without_zone(cell: &'a [u8]) -> Option<Self> {
        let (seconds, rest) = cell.split_first_chunk::<19>()?;
        let fraction = match rest {
            [] => rest,
            [b'.', digits @ ..]
                if (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) =>
            {
                digits
            }
            _ => return None,
        };
        has_shape(seconds).then_some(Self { seconds, fraction })
    }

    /// Returns three digits of milliseconds, truncated.
    fn milliseconds(&self) -> [u8; 3] {
        let digit = |index| self.fraction.get(index).copied().unwrap_or(b'0');
        [digit(0), digit(1), digit(2)]
    }

    /// Returns the wall-clock time of a moment without a zone, or `None` when the date or time does not exist.
    pub fn wall_time(&self) -> Option<WallTime> {
        let day = Day::from_date(self.date())?.number;
        WallTime::new(day, self.second_of_day()?, self)
    }

    /// Returns the number of the day one microsecond before a moment without a zone, or `None` when the date or time
    /// does not exist.
    pub(crate) fn day_before(&self) -> Option<i64> {
        let day = Day::from_date(self.date())?.number;
        let is_midnight = self.second_of_day()? == 0 && !self.has_fraction();
        Some(day - i64::from(is_midnight))
    }

    /// Returns whether the moment is later than the begin of its second.
    fn has_fraction(&self) -> bool {
        self.fraction.iter().any(|digit| *digit != b'0')
    }

    fn date(&self) -> [u8; 10] {
        *self.seconds.first_chunk().expect("19 bytes begin with 10")
    }

    /// Returns seconds since midnight, or `None` when the time does not exist.
    fn second_of_day(&self) -> Option<i64> {
        let [hour, minute, second] = [11, 14, 17].map(|place| two_digits(self.seconds, place));
        (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
    }
}

/// The time on a wall clock, truncated to milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallTime {
    /// Number of days since 1970-01-01.
    pub day: i64,
    /// Milliseconds since midnight, less than 86,400,000.
    pub millisecond: u32,
}

impl WallTime {
    fn new(day: i64, second: i64, moment: &Moment<'_>) -> Option<Self> {
        let [tenth, hundredth, thousandth] = moment.milliseconds().map(|digit| u32::from(digit - b'0'));
        let millisecond = second as u32 * 1000 + tenth * 100 + hundredth * 10 + thousandth;
        (Day::NUMBER_MIN..=Day::NUMBER_MAX)
            .contains(&day)
            .then_some(Self { day, millisecond })
    }
}

/// Returns whether the text has the shape `0000-00-00 00:00:00`. The bytes are compared sixteen at once.
#[inline]
fn has_shape(text: &[u8; 19]) -> bool {
    // From each byte the least valid value is subtracted. The difference may be at most this.
    const LEAST: &[u8; 19] = b"0000-00-00 00:00:00";
    const MOST: &[u8; 19] = &[9, 9, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9];
    let part = |text: &[u8; 19], end: bool| {
        let part = if end {
            text.last_chunk()
        } else {
            text.first_chunk()
        };
        u8x16::new(*part.expect("19 bytes begin and end with 16"))
    };
    [false, true].into_iter().all(|end| {
        let left = part(text, end) - part(LEAST, end);
        left.min(part(MOST, end)) == left
    })
}

/// Writes timestamps in one zone and style.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Zone,
    style: TimestampStyle,
    fraction: Fraction,
    /// The offset of the last moment, its day in UTC and its day in the zone. Nearly always they hold for the next
    /// moment.
    offset: Offset,
    day_in_utc: Day,
    day_in_zone: Day,
}

impl Clock {
    /// Returns a clock for this zone, style and fraction of seconds.
    pub fn new(zone: Zone, style: TimestampStyle, fraction: Fraction) -> Self {
        let offset = zone.offset_around(0);
        Self {
            zone,
            style,
            fraction,
            offset,
            day_in_utc: Day::FIRST,
            day_in_zone: Day::FIRST,
        }
    }

    /// Writes a moment in UTC as time of the clock's zone. Returns false, and writes nothing, when its year there has
    /// not four digits.
    pub fn write_in_zone(&mut self, moment: &Moment<'_>, out: &mut Vec<u8>) -> bool {
        if self.zone.is_utc() {
            self.write(moment.seconds, moment, out);
            if self.style == TimestampStyle::Iso {
                out.push(b'Z');
            }
            return true;
        }
        let Some((seconds, offset)) = self.shift(moment) else {
            return false;
        };
        self.write(&seconds, moment, out);
        if self.style == TimestampStyle::Iso {
            write_offset(offset, out);
        }
        true
    }

    /// Returns the wall-clock time in the zone at a moment in UTC, or `None` when it does not exist or its year has
    /// not four digits.
    #[inline]
    pub fn wall_time(&mut self, moment: &Moment<'_>) -> Option<WallTime> {
        let (day, second) = self.local(moment)?;
        WallTime::new(day, second, moment)
    }

    /// Returns the number of the zone's day one microsecond before a moment in UTC, or `None` when the moment does not
    /// exist.
    pub(crate) fn day_before(&mut self, moment: &Moment<'_>) -> Option<i64> {
        let second = self.second(moment)?;
        // An offset changes at the begin of a second, so the day one microsecond before is that of its second.
        let second_before = second - i64::from(!moment.has_fraction());
        Some(self.local_at(second_before).0)
    }

    /// Writes a moment that has no zone.
    pub fn write_without_zone(&self, moment: &Moment<'_>, out: &mut Vec<u8>) {
        self.write(moment.seconds, moment, out);
    }

    fn write(&self, seconds: &[u8; 19], moment: &Moment<'_>, out: &mut Vec<u8>) {
        let mut text = *b"yyyy-MM-ddTHH:mm:ss.000000";
        text[..19].copy_from_slice(seconds);
        if self.style == TimestampStyle::Iso {
            text[10] = b'T';
        }
        text[20..20 + moment.fraction.len()].copy_from_slice(moment.fraction);
        let length = match self.fraction.digits() {
            0 => 19,
            digits => 20 + digits,
        };
        out.extend_from_slice(&text[..length]);
    }

    /// Returns the day in the zone since 1970-01-01, and the second of that day.
    #[inline]
    fn local(&mut self, moment: &Moment<'_>) -> Option<(i64, i64)> {
        let second = self.second(moment)?;
        Some(self.local_at(second))
    }

    /// Returns the seconds from 1970 to a moment in UTC, without its fraction.
    #[inline]
    fn second(&mut self, moment: &Moment<'_>) -> Option<i64> {
        if self.day_in_utc.date != moment.date() {
            self.day_in_utc = Day::from_date(moment.date())?;
        }
        Some(self.day_in_utc.number * SECONDS_A_DAY + moment.second_of_day()?)
    }

    /// Returns the same as [`Self::local`], for seconds since 1970, UTC.
    #[inline]
    fn local_at(&mut self, utc: i64) -> (i64, i64) {
        if !(self.offset.from..self.offset.until).contains(&utc) {
            self.offset = self.zone.offset_around(utc);
        }
        let local = utc + i64::from(self.offset.seconds);
        (local.div_euclid(SECONDS_A_DAY), local.rem_euclid(SECONDS_A_DAY))
    }

    fn shift(&mut self, moment: &Moment<'_>) -> Option<([u8; 19], i32)> {
        let (day, second) = self.local(moment)?;
        if self.day_in_zone.number != day {
            self.day_in_zone = Day::from_number(day)?;
        }
        let mut text = *b"yyyy-MM-dd HH:mm:ss";
        text[..10].copy_from_slice(&self.day_in_zone.date);
        for (place, part) in [(11, second / 3600), (14, second / 60 % 60), (17, second % 60)] {
            write_two_digits(&mut text, place, part);
        }
        Some((text, self.offset.seconds))
    }
}

/// Writes `+08:00`, with seconds for the zones that once had them.
fn write_offset(seconds: i32, out: &mut Vec<u8>) {
    let magnitude = i64::from(seconds.abs());
    let mut text = *b"+HH:mm:ss";
    if seconds < 0 {
        text[0] = b'-';
    }
    write_two_digits(&mut text, 1, magnitude / 3600);
    write_two_digits(&mut text, 4, magnitude / 60 % 60);
    write_two_digits(&mut text, 7, magnitude % 60);
    out.extend_from_slice(if magnitude % 60 == 0 { &text[..6] } else { &text });
}

#[cfg(test)]
mod tests;
