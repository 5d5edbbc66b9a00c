//! When something is done again and again, on the wall clock of a zone.

use std::fmt;
use std::time::Duration;

use croner::Cron;
use jiff::Timestamp;
use jiff::civil::Time;
use tokio::time::sleep;
use wasm_export::Zone;

/// The clock is looked at this often: it may be set, and a machine may sleep.
const STEP: Duration = Duration::from_secs(30);

/// The times at which something is to be done.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    zone: Zone,
    text: String,
}

/// A text that says no times. It is not quoted: the setting's name says enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a time of day such as 02:30 nor a cron pattern such as `30 2 * * 1-5`")]
pub struct NotASchedule;

impl Schedule {
    /// A time of day (`02:30`), or the five fields of cron, before which a sixth may name seconds.
    ///
    /// # Errors
    /// [`NotASchedule`].
    pub fn parse(text: &str, zone: Zone) -> Result<Self, NotASchedule> {
        let text = text.trim();
        let pattern = match text.parse::<Time>() {
            Ok(time) => format!("{} {} {} * * *", time.second(), time.minute(), time.hour()),
            Err(_) => text.to_owned(),
        };
        let cron = pattern.parse().map_err(|_| NotASchedule)?;
        Ok(Self {
            cron,
            zone,
            text: text.to_owned(),
        })
    }

    /// The first time after this one, if there is any.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let local = time.to_zoned(self.zone.time_zone().clone());
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(next.timestamp())
    }

    /// The last time until this one, if there was any.
    #[must_use]
    pub fn last_until(&self, time: Timestamp) -> Option<Timestamp> {
        let local = time.to_zoned(self.zone.time_zone().clone());
        let last = self.cron.find_previous_occurrence(&local, true).ok()?;
        Some(last.timestamp())
    }

    /// The zone whose days and hours these are.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Waits for the first time after this one and gives it; for ever, if there is none.
    pub async fn wait_for_next(&self, after: Timestamp) -> Timestamp {
        let Some(next) = self.next_after(after) else {
            return std::future::pending().await;
        };
        wait_until(next).await;
        next
    }
}

/// Waits until the clock on the wall shows this time.
pub async fn wait_until(time: Timestamp) {
    // A duration that is over is none.
    while let Ok(left) = Duration::try_from(time.duration_since(Timestamp::now()))
        && !left.is_zero()
    {
        sleep(left.min(STEP)).await;
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, zone: &str, after: &str) -> String {
        let schedule = Schedule::parse(text, zone.parse().unwrap()).unwrap();
        let next = schedule.next_after(after.parse().unwrap());
        next.unwrap().to_string()
    }

    #[test]
    fn a_time_of_day_and_a_pattern_are_on_the_wall_of_the_zone() {
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
    fn the_last_time_may_be_now() {
        let schedule = Schedule::parse("02:30", "Europe/Berlin".parse().unwrap()).unwrap();
        let last = |until: &str| schedule.last_until(until.parse().unwrap()).unwrap().to_string();
        assert_eq!(last("2026-07-01T00:30:00Z"), "2026-07-01T00:30:00Z");
        assert_eq!(last("2026-07-01T00:29:59Z"), "2026-06-30T00:30:00Z");
        assert_eq!(schedule.to_string(), "02:30 (Europe/Berlin)");
    }

    #[test]
    fn a_time_that_the_clock_skips_or_has_twice_comes_once() {
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
    fn what_says_no_times_is_refused() {
        for text in ["", "soon", "25:00", "61 * * * *", "* * *"] {
            assert!(Schedule::parse(text, Zone::default()).is_err(), "{text}");
        }
    }
}
