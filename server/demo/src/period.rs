//! The time that the rows of a demo cover.

use jiff::{SignedDuration, Timestamp};

use super::error::DemoError;

/// The days before the end of a period without a beginning.
const DAYS: i64 = 90;
const HOUR_SECONDS: i64 = 3600;
/// The longest period: a hundred years.
const LONGEST: SignedDuration = SignedDuration::from_hours(36_525 * 24);
/// The users of a demo joined months before its end, and times after this end still have four digits of the year.
const LAST_YEAR: i16 = 9998;

/// A period with at least a second, in whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    start: Timestamp,
    end: Timestamp,
}

impl Period {
    /// Returns the period from `start`, or ninety days, up to `end`.
    ///
    /// # Errors
    /// [`DemoError::Period`] if it is shorter than a second, longer than a hundred years, or not within the years 1970 to 9998.
    pub fn new(start: Option<Timestamp>, end: Timestamp) -> Result<Self, DemoError> {
        let days = SignedDuration::from_hours(DAYS * 24);
        let start = start.or_else(|| end.checked_sub(days).ok());
        let Some(start) = start.filter(|start| *start >= Timestamp::UNIX_EPOCH) else {
            return Err(DemoError::Period("begins before the year 1970"));
        };
        if end.to_zoned(jiff::tz::TimeZone::UTC).year() > LAST_YEAR {
            return Err(DemoError::Period("ends after the year 9998"));
        }
        let duration = end.duration_since(start);
        if duration < SignedDuration::from_secs(1) {
            return Err(DemoError::Period("ends before it has begun, or within a second"));
        }
        if duration > LONGEST {
            return Err(DemoError::Period("is longer than a hundred years"));
        }
        Ok(Self { start, end })
    }

    /// Returns the ninety days up to the hour of `now`.
    ///
    /// # Panics
    /// If the machine's clock is not within the years 1971 to 9998.
    #[must_use]
    pub fn before(now: Timestamp) -> Self {
        Self::new(None, hour_of(now)).expect("the clock is within the years of a demo")
    }

    /// Returns its start, in microseconds since 1970.
    pub(crate) fn start(&self) -> i64 {
        self.start.as_microsecond()
    }

    /// Returns its end, in microseconds since 1970.
    pub(crate) fn end(&self) -> i64 {
        self.end.as_microsecond()
    }
}

/// Returns the beginning of the hour that contains `now`.
#[must_use]
pub fn hour_of(now: Timestamp) -> Timestamp {
    let seconds = now.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(HOUR_SECONDS)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_without_a_beginning_has_ninety_days() {
        let period = Period::before(time("2026-01-28T15:12:13Z"));
        assert_eq!(period.end, time("2026-01-28T15:00:00Z"));
        assert_eq!(period.start, time("2025-10-30T15:00:00Z"));
    }

    #[test]
    fn a_period_that_cannot_be_filled_is_refused() {
        for (start, end) in [
            ("2026-01-28T00:00:00Z", "2026-01-28T00:00:00Z"),
            ("2026-01-28T00:00:00Z", "2026-01-27T00:00:00Z"),
            ("1969-12-31T00:00:00Z", "2026-01-27T00:00:00Z"),
            ("9990-01-01T00:00:00Z", "9999-01-02T00:00:00Z"),
            ("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
        ] {
            let refused = Period::new(Some(time(start)), time(end));
            assert!(matches!(refused, Err(DemoError::Period(_))), "{start} {end}");
        }
    }
}
