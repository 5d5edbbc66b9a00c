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
            [b'.', digits @ ..] if (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
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

    fn number(&self, from: usize, digits: usize) -> i64 {
        self.seconds[from..from + digits].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
    }

    /// Seconds since 1970, as if the time were UTC; `None` if there is no such day or time.
    fn epoch_seconds(&self) -> Option<i64> {
        let (year, month, day) = (self.number(0, 4), self.number(5, 2), self.number(8, 2));
        let (hour, minute, second) = (self.number(11, 2), self.number(14, 2), self.number(17, 2));
        let exists = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
        exists.then(|| days_from_civil(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second)
    }
}

fn has_shape(text: &[u8; 19]) -> bool {
    const SHAPE: &[u8; 19] = b"0000-00-00 00:00:00";
    // No early return: the compiler makes a few vector operations of it.
    SHAPE.iter().zip(text).fold(true, |so_far, (&shape, &byte)| {
        so_far & if shape == b'0' { byte.is_ascii_digit() } else { byte == shape }
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
        let Some((seconds, offset)) = self.shift(moment) else { return false };
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
        write_digits(&mut text[0..4], year);
        write_digits(&mut text[5..7], month);
        write_digits(&mut text[8..10], day);
        write_digits(&mut text[11..13], second / 3600);
        write_digits(&mut text[14..16], second / 60 % 60);
        write_digits(&mut text[17..19], second % 60);
        Some((text, self.offset.seconds))
    }
}

fn write_digits(place: &mut [u8], mut number: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Writes `+08:00`; with seconds where a zone once had them.
fn write_offset(seconds: i32, out: &mut Vec<u8>) {
    let magnitude = i64::from(seconds.abs());
    let mut text = *b"+HH:mm:ss";
    if seconds < 0 {
        text[0] = b'-';
    }
    write_digits(&mut text[1..3], magnitude / 3600);
    write_digits(&mut text[4..6], magnitude / 60 % 60);
    write_digits(&mut text[7..9], magnitude % 60);
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
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(zone: &str, style: TimestampStyle, cell: &str) -> Option<String> {
        let mut clock = Clock::new(zone.parse().unwrap(), style);
        let mut out = Vec::new();
        let written = clock.write_in_zone(&Moment::in_utc(cell.as_bytes())?, &mut out);
        written.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn iso_has_milliseconds_and_the_offset() {
        for (zone, cell, expected) in [
            ("UTC", "2026-01-28 12:34:56.789123+00", "2026-01-28T12:34:56.789Z"),
            ("UTC", "2026-01-28 12:34:56+00", "2026-01-28T12:34:56.000Z"),
            ("UTC", "2026-01-28 12:34:56.7+00", "2026-01-28T12:34:56.700Z"),
            ("UTC", "2026-01-28 12:34:56.9999+00", "2026-01-28T12:34:56.999Z"),
            ("Etc/UTC", "2026-01-28 12:34:56+00", "2026-01-28T12:34:56.000Z"),
            ("Asia/Shanghai", "2026-01-28 16:34:56.789+00", "2026-01-29T00:34:56.789+08:00"),
            ("Europe/London", "2026-01-28 12:00:00+00", "2026-01-28T12:00:00.000+00:00"),
            ("Asia/Kathmandu", "2025-12-31 18:15:00+00", "2026-01-01T00:00:00.000+05:45"),
            ("America/New_York", "2026-03-01 02:00:00+00", "2026-02-28T21:00:00.000-05:00"),
            ("America/St_Johns", "2026-01-28 00:00:00+00", "2026-01-27T20:30:00.000-03:30"),
            ("Asia/Shanghai", "1900-12-31 12:00:00+00", "1900-12-31T20:05:43.000+08:05:43"),
            ("Asia/Shanghai", "9999-12-31 15:59:59+00", "9999-12-31T23:59:59.000+08:00"),
            ("Asia/Shanghai", "0001-01-01 00:00:00+00", "0001-01-01T08:05:43.000+08:05:43"),
        ] {
            assert_eq!(write(zone, TimestampStyle::Iso, cell).as_deref(), Some(expected), "{cell} in {zone}");
        }
    }

    #[test]
    fn local_is_the_wall_clock_of_the_zone() {
        for (zone, cell, expected) in [
            ("UTC", "2026-01-28 12:34:56.789123+00", "2026-01-28 12:34:56"),
            ("Asia/Shanghai", "2026-01-28 12:34:56.789123+00", "2026-01-28 20:34:56"),
            ("Europe/Berlin", "2026-03-29 00:59:59.999+00", "2026-03-29 01:59:59"),
            ("Europe/Berlin", "2026-03-29 01:00:00+00", "2026-03-29 03:00:00"),
        ] {
            assert_eq!(write(zone, TimestampStyle::Local, cell).as_deref(), Some(expected), "{cell} in {zone}");
        }
    }

    #[test]
    fn what_has_another_shape_is_no_moment() {
        for cell in [
            "infinity",
            "-infinity",
            "",
            "2026-01-28",
            "2026-01-28 12:34:56",
            "2026-01-28 12:34:56+08",
            "2026-01-28T12:34:56+00",
            "12026-01-28 12:34:56+00",
            "0044-03-15 12:00:00+00 BC",
            "2026-01-28 12:34:56.+00",
            "2026-01-28 12:34:56.1234567+00",
            "2026-01-28 12:34:5a+00",
        ] {
            assert_eq!(Moment::in_utc(cell.as_bytes()), None, "{cell}");
        }
        assert_eq!(Moment::without_zone(b"2026-01-28 12:34:56+00"), None);
    }

    #[test]
    fn what_the_zone_cannot_write_is_left_to_the_caller() {
        for cell in ["9999-12-31 23:59:59+00", "2026-13-01 00:00:00+00", "2026-01-01 24:00:00+00"] {
            assert_eq!(write("Asia/Shanghai", TimestampStyle::Iso, cell), None, "{cell}");
        }
        assert_eq!(write("America/New_York", TimestampStyle::Iso, "0001-01-01 00:00:00+00"), None);
    }

    #[test]
    fn a_timestamp_without_zone_is_not_moved() {
        let write = |style| {
            let mut out = Vec::new();
            let moment = Moment::without_zone(b"2026-01-28 12:34:56.5").unwrap();
            Clock::new("Asia/Shanghai".parse().unwrap(), style).write_without_zone(&moment, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(write(TimestampStyle::Iso), "2026-01-28T12:34:56.500");
        assert_eq!(write(TimestampStyle::Local), "2026-01-28 12:34:56");
    }

    /// Times around every change of an offset, forwards and backwards, against jiff's own arithmetic.
    #[test]
    fn the_clock_agrees_with_jiff_through_every_change_of_the_zone() {
        for name in ["Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Pyongyang"] {
            let zone: Zone = name.parse().unwrap();
            let begin = jiff::Timestamp::from_second(-2_000_000_000).unwrap();
            let changes = zone.time_zone().following(begin).take(300).map(|change| change.timestamp().as_second());
            let mut seconds: Vec<i64> = changes.flat_map(|at| [at - 1, at, at + 1, at + 5_000_000]).collect();
            seconds.extend(seconds.clone().into_iter().rev());
            let mut clock = Clock::new(zone.clone(), TimestampStyle::Local);
            for second in seconds {
                let at = jiff::Timestamp::from_second(second).unwrap();
                let cell = at.strftime("%Y-%m-%d %H:%M:%S+00").to_string();
                let mut out = Vec::new();
                assert!(clock.write_in_zone(&Moment::in_utc(cell.as_bytes()).unwrap(), &mut out));
                let expected = at.to_zoned(zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
                assert_eq!(String::from_utf8(out).unwrap(), expected, "{cell} in {name}");
            }
        }
    }
}
