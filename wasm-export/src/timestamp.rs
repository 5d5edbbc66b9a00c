//! PostgreSQL's timestamps, written again in a zone and a style.

use crate::options::TimestampStyle;
use crate::zone::{Offset, Zone};

const SECONDS_A_DAY: i64 = 86_400;

/// A timestamp as PostgreSQL writes it, taken apart: `2026-01-28 12:34:56` and `789123`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment<'a> {
    seconds: &'a [u8; 19],
    fraction: &'a [u8],
}

impl<'a> Moment<'a> {
    /// A `timestamptz` cell of a session in UTC. `None` for what has another shape: `infinity`, years before
    /// Christ or beyond 9999.
    #[must_use]
    pub fn in_utc(cell: &'a [u8]) -> Option<Self> {
        Self::without_zone(cell.strip_suffix(b"+00")?)
    }

    /// A `timestamp` cell.
    #[must_use]
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

    /// Its three digits of milliseconds, cut off, not rounded.
    fn milliseconds(&self) -> [u8; 3] {
        let digit = |index| self.fraction.get(index).copied().unwrap_or(b'0');
        [digit(0), digit(1), digit(2)]
    }

    /// The two digits at a place.
    fn two(&self, at: usize) -> i64 {
        i64::from(self.seconds[at] - b'0') * 10 + i64::from(self.seconds[at + 1] - b'0')
    }

    /// Seconds since 1970, as if the time were UTC; `None` if there is no such day or time.
    fn epoch_seconds(&self) -> Option<i64> {
        let (year, month, day) = (self.two(0) * 100 + self.two(2), self.two(5), self.two(8));
        let (hour, minute, second) = (self.two(11), self.two(14), self.two(17));
        let exists =
            (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
        exists.then(|| days_from_civil(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second)
    }
}

fn has_shape(text: &[u8; 19]) -> bool {
    const SHAPE: &[u8; 19] = b"0000-00-00 00:00:00";
    // No early return: the compiler makes a few vector operations of it.
    SHAPE.iter().zip(text).fold(true, |so_far, (&shape, &byte)| {
        so_far
            & if shape == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == shape
            }
    })
}

/// Writes moments in one zone and style.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Zone,
    style: TimestampStyle,
    /// The offset of the last moment: the next one is nearly always near it.
    offset: Offset,
}

impl Clock {
    /// A clock in a zone.
    #[must_use]
    pub fn new(zone: Zone, style: TimestampStyle) -> Self {
        let offset = zone.offset_around(0);
        Self { zone, style, offset }
    }

    /// Writes a moment given in UTC, in the clock's zone. `false`, and nothing is written, where the zone's time
    /// cannot be written with a year of four digits.
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

    /// Writes a moment that has no zone.
    pub fn write_without_zone(&self, moment: &Moment<'_>, out: &mut Vec<u8>) {
        self.write(moment.seconds, moment, out);
    }

    fn write(&self, seconds: &[u8; 19], moment: &Moment<'_>, out: &mut Vec<u8>) {
        if self.style == TimestampStyle::Local {
            out.extend_from_slice(seconds);
            return;
        }
        let mut text = *b"yyyy-MM-ddTHH:mm:ss.SSS";
        text[..19].copy_from_slice(seconds);
        text[10] = b'T';
        text[20..].copy_from_slice(&moment.milliseconds());
        out.extend_from_slice(&text);
    }

    fn shift(&mut self, moment: &Moment<'_>) -> Option<([u8; 19], i32)> {
        let utc = moment.epoch_seconds()?;
        if !(self.offset.from..self.offset.until).contains(&utc) {
            self.offset = self.zone.offset_around(utc);
        }
        let local = utc + i64::from(self.offset.seconds);
        let (year, month, day) = civil_from_days(local.div_euclid(SECONDS_A_DAY));
        let second = local.rem_euclid(SECONDS_A_DAY);
        if !(1..=9999).contains(&year) {
            return None;
        }
        let mut text = *b"yyyy-MM-dd HH:mm:ss";
        let parts = [
            year / 100,
            year % 100,
            month,
            day,
            second / 3600,
            second / 60 % 60,
            second % 60,
        ];
        for (place, part) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(parts) {
            write_two(&mut text, place, part);
        }
        Some((text, self.offset.seconds))
    }
}

/// Writes a number below 100 as two digits.
fn write_two(text: &mut [u8], place: usize, number: i64) {
    text[place] = b'0' + (number / 10) as u8;
    text[place + 1] = b'0' + (number % 10) as u8;
}

/// Writes `+08:00`; with seconds where a zone once had them.
fn write_offset(seconds: i32, out: &mut Vec<u8>) {
    let magnitude = i64::from(seconds.abs());
    let mut text = *b"+HH:mm:ss";
    if seconds < 0 {
        text[0] = b'-';
    }
    write_two(&mut text, 1, magnitude / 3600);
    write_two(&mut text, 4, magnitude / 60 % 60);
    write_two(&mut text, 7, magnitude % 60);
    out.extend_from_slice(if magnitude % 60 == 0 { &text[..6] } else { &text });
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the day a leap
/// year adds is its last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The same the other way: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests;
