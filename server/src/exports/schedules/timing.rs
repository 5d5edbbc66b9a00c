//! The times of a schedule.

use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wasm_export::Zone;

use crate::parameter::ParameterError;
use crate::schedule::{InvalidPattern, Pattern, Schedule};

/// The member of a request that has the recurrence.
pub const RECURRENCE: &str = "recurrence";

/// The times that callers see.
const SHOWN: usize = 5;

/// The times of which no two may be too near. A pattern that repeats minutes or hours shows its shortest pause in so many.
const COMPARED: usize = 100;

/// The period of these times. Rarer ones take long to compute.
const COMPARED_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How often a schedule comes: a word, a time of day, or a pattern of cron.
#[derive(Clone, Debug)]
pub enum Recurrence {
    Once,
    Daily,
    Weekly,
    Monthly,
    Pattern(Pattern),
}

/// The times of a schedule in a zone.
#[derive(Clone, Debug)]
pub struct Timing {
    recurrence: Recurrence,
    starts_at: Timestamp,
    zone: Zone,
    /// `None` for a schedule that comes once.
    schedule: Option<Schedule>,
}

impl FromStr for Recurrence {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        Ok(match text.trim() {
            "once" => Self::Once,
            "daily" => Self::Daily,
            "weekly" => Self::Weekly,
            "monthly" => Self::Monthly,
            pattern => Self::Pattern(pattern.parse()?),
        })
    }
}

impl Recurrence {
    /// Returns whether the times follow from the first one.
    #[must_use]
    pub fn needs_start(&self) -> bool {
        !matches!(self, Self::Pattern(_))
    }
}

impl Timing {
    /// Returns the times from `starts_at` on, whose part of a second is dropped. For the words, its day and its time in the zone
    /// are those of all times.
    ///
    /// # Errors
    /// [`InvalidPattern`]; never for a pattern that was parsed.
    pub fn new(recurrence: Recurrence, starts_at: Timestamp, zone: Zone) -> Result<Self, InvalidPattern> {
        let starts_at = Timestamp::from_second(starts_at.as_second()).map_err(|_| InvalidPattern)?;
        let first = zone.time_zone().to_datetime(starts_at);
        let pattern = match &recurrence {
            Recurrence::Once => None,
            Recurrence::Daily => Some(Pattern::daily(first)?),
            Recurrence::Weekly => Some(Pattern::weekly(first)?),
            Recurrence::Monthly => Some(Pattern::monthly(first)?),
            Recurrence::Pattern(pattern) => Some(pattern.clone()),
        };
        Ok(Self {
            schedule: pattern.map(|pattern| Schedule::new(pattern, zone.clone())),
            recurrence,
            starts_at,
            zone,
        })
    }

    #[must_use]
    pub fn starts_at(&self) -> Timestamp {
        self.starts_at
    }

    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns the first time of a new schedule: its start, or `now` if that has passed. A pattern waits for its next time.
    #[must_use]
    pub fn first(&self, now: Timestamp) -> Option<Timestamp> {
        match self.recurrence {
            Recurrence::Pattern(_) => self.after(now),
            _ => Some(self.starts_at.max(now)),
        }
    }

    /// Returns the first time after `time`, which is the start or later; `None` if there is none.
    #[must_use]
    pub fn after(&self, time: Timestamp) -> Option<Timestamp> {
        let Some(schedule) = &self.schedule else {
            return (self.starts_at > time).then_some(self.starts_at);
        };
        // The start itself may be a time.
        let before_start = Timestamp::from_second(self.starts_at.as_second() - 1).ok()?;
        schedule.next_after(time.max(before_start))
    }

    /// Returns the next times as callers see them. `next` is the first one.
    #[must_use]
    pub fn shown(&self, next: Option<Timestamp>) -> Vec<Timestamp> {
        self.times_from(next).take(SHOWN).collect()
    }

    /// Checks that there is at least this time between any two.
    ///
    /// # Errors
    /// [`ParameterError::Invalid`].
    pub fn check_pauses(&self, least: Duration, now: Timestamp) -> Result<(), ParameterError> {
        let first = self.after(now);
        let until = first.and_then(|first| first.checked_add(COMPARED_MAX).ok());
        let times = self.times_from(first).take(COMPARED);
        let times: Vec<_> = times.take_while(|time| Some(*time) <= until).collect();
        let mut pauses = times.windows(2).map(|pair| pair[1].duration_since(pair[0]));
        match pauses.any(|pause| pause.unsigned_abs() < least) {
            true => Err(ParameterError::invalid(
                RECURRENCE,
                format!(
                    "must leave at least {} seconds between two runs (DECANT_SCHEDULE_INTERVAL_SECONDS)",
                    least.as_secs()
                ),
            )),
            false => Ok(()),
        }
    }

    fn times_from(&self, next: Option<Timestamp>) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(next, |last| self.after(*last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(recurrence: &str, starts_at: &str, zone: &str) -> Timing {
        let recurrence = recurrence.parse().unwrap();
        Timing::new(recurrence, starts_at.parse().unwrap(), zone.parse().unwrap()).unwrap()
    }

    /// The times that a caller sees of a schedule that is created at `now`.
    fn shown(timing: &Timing, now: &str) -> Vec<String> {
        let times = timing.shown(timing.first(now.parse().unwrap()));
        times.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_recurrence_has_its_times() {
        let now = "2026-01-28T12:00:00Z";
        for (recurrence, expected) in [
            ("once", vec!["2026-01-30T02:00:00Z"]),
            (
                "daily",
                vec![
                    "2026-01-30T02:00:00Z",
                    "2026-01-31T02:00:00Z",
                    "2026-02-01T02:00:00Z",
                    "2026-02-02T02:00:00Z",
                    "2026-02-03T02:00:00Z",
                ],
            ),
            (
                "weekly",
                vec![
                    "2026-01-30T02:00:00Z",
                    "2026-02-06T02:00:00Z",
                    "2026-02-13T02:00:00Z",
                    "2026-02-20T02:00:00Z",
                    "2026-02-27T02:00:00Z",
                ],
            ),
            (
                "monthly",
                vec![
                    "2026-01-30T02:00:00Z",
                    "2026-02-28T02:00:00Z",
                    "2026-03-30T02:00:00Z",
                    "2026-04-30T02:00:00Z",
                    "2026-05-30T02:00:00Z",
                ],
            ),
            (
                "0 2 * * MON",
                vec![
                    "2026-02-02T02:00:00Z",
                    "2026-02-09T02:00:00Z",
                    "2026-02-16T02:00:00Z",
                    "2026-02-23T02:00:00Z",
                    "2026-03-02T02:00:00Z",
                ],
            ),
        ] {
            let timing = timing(recurrence, "2026-01-30T02:00:00Z", "UTC");
            assert_eq!(shown(&timing, now), expected, "{recurrence}");
        }
    }

    #[test]
    fn a_start_in_the_past_is_due_now_and_a_pattern_waits() {
        let now = "2026-01-28T12:00:00Z";
        for recurrence in ["once", "daily", "weekly", "monthly"] {
            let timing = timing(recurrence, "2024-01-01T02:00:00Z", "UTC");
            assert_eq!(shown(&timing, now)[0], now, "{recurrence}");
        }
        let daily = timing("daily", "2024-01-01T02:00:00Z", "UTC");
        assert_eq!(shown(&daily, now)[1], "2026-01-29T02:00:00Z");
        let pattern = timing("02:00", "2024-01-01T02:00:00Z", "UTC");
        assert_eq!(shown(&pattern, now)[0], "2026-01-29T02:00:00Z");
    }

    #[test]
    fn the_time_of_the_clock_stays_over_daylight_saving() {
        // Europe/Berlin goes from UTC+1 to UTC+2 in the night of 29 March 2026, and back in that of 25 October.
        let daily = timing("daily", "2026-03-28T08:00:00Z", "Europe/Berlin");
        let times = shown(&daily, "2026-03-01T00:00:00Z");
        assert_eq!(
            times[..3],
            [
                "2026-03-28T08:00:00Z",
                "2026-03-29T07:00:00Z",
                "2026-03-30T07:00:00Z"
            ]
        );
        let weekly = timing("weekly", "2026-10-19T07:00:00Z", "Europe/Berlin");
        let times = shown(&weekly, "2026-10-01T00:00:00Z");
        assert_eq!(times[..2], ["2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"]);
        // 02:30 is skipped in one night, and twice there in another one.
        let skipped = timing("daily", "2026-03-28T01:30:00Z", "Europe/Berlin");
        let times = shown(&skipped, "2026-03-01T00:00:00Z");
        assert_eq!(
            times[..3],
            [
                "2026-03-28T01:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ]
        );
        let twice = timing("daily", "2026-10-24T00:30:00Z", "Europe/Berlin");
        let times = shown(&twice, "2026-10-01T00:00:00Z");
        assert_eq!(
            times[..3],
            [
                "2026-10-24T00:30:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z"
            ]
        );
    }

    #[test]
    fn a_pattern_with_short_pauses_is_refused() {
        let quarter = Duration::from_secs(900);
        let now = "2026-01-28T12:00:00Z".parse().unwrap();
        let check = |recurrence| timing(recurrence, "2026-01-01T00:00:00Z", "UTC").check_pauses(quarter, now);
        for recurrence in ["once", "daily", "monthly", "*/15 * * * *", "0 0 29 2 *"] {
            assert_eq!(check(recurrence), Ok(()), "{recurrence}");
        }
        for recurrence in [
            "* * * * *",
            "*/14 * * * *",
            "0,1 5 1 1 *",
            "59,0 0,5,10,15,20,21 * * *",
        ] {
            assert!(check(recurrence).is_err(), "{recurrence}");
        }
    }

    #[test]
    fn a_pattern_without_a_time_has_none() {
        let never = timing("0 0 30 2 *", "2026-01-01T00:00:00Z", "UTC");
        assert_eq!(never.first("2026-01-28T12:00:00Z".parse().unwrap()), None);
    }
}
