//! Recurring times on the wall clock of a time zone.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use tokio::time::sleep;
use wasm_export::Zone;

/// The caller's name of scheduled operations, in the log and in the conflicts of others.
pub const CALLER: &str = "Schedule";

/// A longer sleep would miss a change of the system's clock, or the time that a machine was suspended.
const STEP: Duration = Duration::from_secs(30);

/// A time of day (`02:30`), or a cron pattern of five fields; a sixth one in front names seconds.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// At least one. A time of any of them is one of the pattern.
    crons: Vec<Cron>,
    text: String,
}

/// The text is not quoted: an error of a setting never shows its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a time of day such as 02:30 nor a cron pattern such as `30 2 * * 1-5`")]
pub struct InvalidPattern;

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let text = text.trim();
        let pattern = match text.parse::<Time>() {
            Ok(time) => format!("{} {} {} * * *", time.second(), time.minute(), time.hour()),
            Err(_) => text.to_owned(),
        };
        Self::of_crons(&[pattern], text)
    }
}

impl Pattern {
    /// Returns the pattern of each day at the time of `first`.
    ///
    /// # Errors
    /// [`InvalidPattern`]; never for a time that exists.
    pub fn daily(first: DateTime) -> Result<Self, InvalidPattern> {
        Self::of_crons(&[format!("{} * * *", time_of_day(first))], "daily")
    }

    /// Returns the pattern of each week at the day and the time of `first`.
    ///
    /// # Errors
    /// As of [`daily`](Self::daily).
    pub fn weekly(first: DateTime) -> Result<Self, InvalidPattern> {
        let day = first.weekday().to_sunday_zero_offset();
        Self::of_crons(&[format!("{} * * {day}", time_of_day(first))], "weekly")
    }

    /// Returns the pattern of each month at the day and the time of `first`. A month that is too short has its last day.
    ///
    /// # Errors
    /// As of [`daily`](Self::daily).
    pub fn monthly(first: DateTime) -> Result<Self, InvalidPattern> {
        let (day, time) = (first.day(), time_of_day(first));
        let crons = match day {
            31 => vec![format!("{time} L * *")],
            // Only February is too short.
            29 | 30 => vec![format!("{time} {day} 1,3-12 *"), format!("{time} L 2 *")],
            _ => vec![format!("{time} {day} * *")],
        };
        Self::of_crons(&crons, "monthly")
    }

    fn of_crons(patterns: &[String], text: &str) -> Result<Self, InvalidPattern> {
        let crons = patterns.iter().map(|pattern| pattern.parse::<Cron>());
        Ok(Self {
            crons: crons.collect::<Result<_, _>>().map_err(|_| InvalidPattern)?,
            text: text.to_owned(),
        })
    }
}

/// Returns the fields of a cron pattern for the time of a day.
fn time_of_day(at: DateTime) -> String {
    format!("{} {} {}", at.second(), at.minute(), at.hour())
}

/// The times of a pattern in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    pattern: Pattern,
    zone: Zone,
}

impl Schedule {
    #[must_use]
    pub fn new(pattern: Pattern, zone: Zone) -> Self {
        Self { pattern, zone }
    }

    /// Returns the first time after `time`; `None` if there is none.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let local = time.to_zoned(self.zone.time_zone().clone());
        let crons = self.pattern.crons.iter();
        let next = crons.filter_map(|cron| cron.find_next_occurrence(&local, false).ok());
        next.map(|next| next.timestamp()).min()
    }

    /// Returns the last time that is not after `time`; `None` if there is none.
    #[must_use]
    pub fn last_until(&self, time: Timestamp) -> Option<Timestamp> {
        let local = time.to_zoned(self.zone.time_zone().clone());
        let crons = self.pattern.crons.iter();
        let last = crons.filter_map(|cron| cron.find_previous_occurrence(&local, true).ok());
        last.map(|last| last.timestamp()).max()
    }

    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Waits for the first time after `after` and returns it. Without such a time it never returns. If the system's clock is
    /// set back, the wait is for the first time after the new time.
    pub async fn wait_for_next(&self, mut after: Timestamp) -> Timestamp {
        loop {
            let Some(next) = self.next_after(after) else {
                return std::future::pending().await;
            };
            match wait_until(next).await {
                Ok(()) => return next,
                Err(ClockSetBack) => after = Timestamp::now(),
            }
        }
    }
}

/// The system's clock was set back by more than half a minute, so a time that was computed before may be far away.
#[derive(Clone, Copy, Debug)]
pub struct ClockSetBack;

/// Waits until the system's clock has reached `time`.
///
/// # Errors
/// [`ClockSetBack`].
pub async fn wait_until(time: Timestamp) -> Result<(), ClockSetBack> {
    let mut last = Timestamp::now();
    // A negative duration is no `Duration`: the time has passed.
    while let Ok(left) = Duration::try_from(time.duration_since(last))
        && !left.is_zero()
    {
        sleep(left.min(STEP)).await;
        let now = Timestamp::now();
        if Duration::try_from(last.duration_since(now)).is_ok_and(|back| back > STEP) {
            return Err(ClockSetBack);
        }
        last = now;
    }
    Ok(())
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pattern.text, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str, zone: &str) -> Schedule {
        Schedule::new(text.parse().unwrap(), zone.parse().unwrap())
    }

    fn next(text: &str, zone: &str, after: &str) -> String {
        let schedule = schedule(text, zone);
        let next = schedule.next_after(after.parse().unwrap());
        next.unwrap().to_string()
    }

    #[test]
    fn times_are_local_to_the_zone() {
        for (text, zone, after, expected) in [
            ("02:30", "UTC", "2026-01-28T02:30:00Z", "2026-01-29T02:30:00Z"),
            (
                "02:30",
                "Asia/Shanghai",
                "2026-01-28T00:00:00Z",
                "2026-01-28T18:30:00Z",
            ),
            ("0 2 * * *", "UTC", "2026-01-28T01:59:59Z", "2026-01-28T02:00:00Z"),
            (
                "0 4 * * SUN",
                "UTC",
                "2026-01-28T00:00:00Z",
                "2026-02-01T04:00:00Z",
            ),
            (
                "*/5 * * * * *",
                "UTC",
                "2026-01-28T00:00:01Z",
                "2026-01-28T00:00:05Z",
            ),
        ] {
            assert_eq!(next(text, zone, after), expected, "{text} in {zone}");
        }
    }

    #[test]
    fn the_last_time_may_be_the_given_one() {
        let schedule = schedule("02:30", "Europe/Berlin");
        let last = |until: &str| schedule.last_until(until.parse().unwrap()).unwrap().to_string();
        assert_eq!(last("2026-07-01T00:30:00Z"), "2026-07-01T00:30:00Z");
        assert_eq!(last("2026-07-01T00:29:59Z"), "2026-06-30T00:30:00Z");
        assert_eq!(schedule.to_string(), "02:30 (Europe/Berlin)");
    }

    #[test]
    fn a_skipped_or_repeated_local_time_occurs_once() {
        let berlin = |after| next("02:30", "Europe/Berlin", after);
        // In the night of 29 March 2026 the clock goes from 02:00 to 03:00, in that of 25 October back from 03:00 to 02:00.
        let first = berlin("2026-03-28T12:00:00Z");
        assert!(
            ("2026-03-29T00:59:59Z".."2026-03-29T01:31:00Z").contains(&first.as_str()),
            "{first}"
        );
        let autumn = berlin("2026-10-24T12:00:00Z");
        assert_eq!(autumn, "2026-10-25T00:30:00Z");
        assert_eq!(berlin(&autumn), "2026-10-26T01:30:00Z");
    }

    #[test]
    fn a_month_that_is_too_short_has_its_last_day() {
        let times = |first: &str, count: usize| {
            let first: DateTime = first.parse().unwrap();
            let schedule = Schedule::new(Pattern::monthly(first).unwrap(), Zone::default());
            let mut times = vec!["2027-12-31T23:59:59Z".parse::<Timestamp>().unwrap()];
            while times.len() <= count {
                times.push(schedule.next_after(times[times.len() - 1]).unwrap());
            }
            let days = times[1..].iter().map(|time| time.to_string()[5..16].to_owned());
            days.collect::<Vec<_>>()
        };
        assert_eq!(
            times("2026-01-31T02:00:00", 4),
            ["01-31T02:00", "02-29T02:00", "03-31T02:00", "04-30T02:00"]
        );
        assert_eq!(
            times("2026-01-30T02:00:00", 3),
            ["01-30T02:00", "02-29T02:00", "03-30T02:00"]
        );
        assert_eq!(times("2026-01-28T02:00:00", 2), ["01-28T02:00", "02-28T02:00"]);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "soon", "25:00", "61 * * * *", "* * *"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
