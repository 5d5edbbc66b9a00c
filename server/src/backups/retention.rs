//! Retention of scheduled backups, by the periods of `restic forget`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Number of backups that are kept: the newest ones, and the newest one of each day, week and month that has a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    last: usize,
    daily: usize,
    weekly: usize,
    monthly: usize,
}

impl RetentionPolicy {
    /// Returns the start times of the backups that are not kept. The newest backup is always kept.
    #[must_use]
    pub fn expired(&self, began: &[Timestamp], zone: &TimeZone) -> BTreeSet<Timestamp> {
        let mut newest_first = began.to_vec();
        newest_first.sort_unstable_by(|a, b| b.cmp(a));
        let day = |at: &Timestamp| at.to_zoned(zone.clone()).date();
        // As in ISO 8601, a week starts on Monday.
        let week = |at: &Timestamp| {
            let date = day(at);
            let monday = i64::from(date.weekday().to_monday_zero_offset());
            date.saturating_sub(jiff::Span::new().days(monday))
        };
        let month = |at: &Timestamp| day(at).first_of_month();
        let mut kept: BTreeSet<Timestamp> = newest_first.iter().copied().take(self.last.max(1)).collect();
        kept.extend(newest_of_each(&newest_first, day).take(self.daily));
        kept.extend(newest_of_each(&newest_first, week).take(self.weekly));
        kept.extend(newest_of_each(&newest_first, month).take(self.monthly));
        newest_first.into_iter().filter(|at| !kept.contains(at)).collect()
    }
}

fn newest_of_each(
    newest_first: &[Timestamp],
    period: impl Fn(&Timestamp) -> Date,
) -> impl Iterator<Item = Timestamp> {
    let mut last = None;
    newest_first.iter().copied().filter(move |at| {
        let period = Some(period(at));
        std::mem::replace(&mut last, period) != period
    })
}

impl FromStr for RetentionPolicy {
    type Err = &'static str;

    /// Parses `last=3,daily=7,weekly=4,monthly=6`; a missing name counts as 0.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "it is not like last=3,daily=7,weekly=4,monthly=6";
        let mut keep = Self {
            last: 0,
            daily: 0,
            weekly: 0,
            monthly: 0,
        };
        for part in text.split(',') {
            let (name, number) = part.split_once('=').ok_or(FORM)?;
            let number = number.trim().parse().map_err(|_| FORM)?;
            match name.trim() {
                "last" => keep.last = number,
                "daily" => keep.daily = number,
                "weekly" => keep.weekly = number,
                "monthly" => keep.monthly = number,
                _ => return Err(FORM),
            }
        }
        Ok(keep)
    }
}

impl fmt::Display for RetentionPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            last,
            daily,
            weekly,
            monthly,
        } = self;
        write!(f, "last={last},daily={daily},weekly={weekly},monthly={monthly}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> RetentionPolicy {
        text.parse().unwrap()
    }

    /// Returns the kept backups of a year with one backup every six hours, the last at the end of 2026.
    fn kept_of_a_year(policy: RetentionPolicy, zone: &TimeZone) -> Vec<String> {
        let end: Timestamp = "2026-12-31T18:00:00Z".parse().unwrap();
        let all: Vec<Timestamp> = (0..4 * 365)
            .map(|number| end - jiff::SignedDuration::from_hours(6 * number))
            .collect();
        let expired = policy.expired(&all, zone);
        let kept = all.into_iter().filter(|at| !expired.contains(at));
        kept.map(|at| at.strftime("%m-%dT%H").to_string()).collect()
    }

    #[test]
    fn the_newest_backup_of_each_period_is_kept() {
        let utc = TimeZone::UTC;
        assert_eq!(kept_of_a_year(policy("last=2"), &utc), ["12-31T18", "12-31T12"]);
        assert_eq!(kept_of_a_year(policy("daily=2"), &utc), ["12-31T18", "12-30T18"]);
        // 2026-12-27 is a Sunday.
        assert_eq!(
            kept_of_a_year(policy("weekly=3"), &utc),
            ["12-31T18", "12-27T18", "12-20T18"]
        );
        assert_eq!(
            kept_of_a_year(policy("monthly=3"), &utc),
            ["12-31T18", "11-30T18", "10-31T18"]
        );
        assert_eq!(
            kept_of_a_year(policy("last=1,daily=2,monthly=2"), &utc),
            ["12-31T18", "12-30T18", "11-30T18"]
        );
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(
            kept_of_a_year(policy("daily=2"), &tokyo),
            ["12-31T18", "12-31T12"]
        );
    }

    #[test]
    fn the_newest_backup_is_always_kept() {
        assert_eq!(kept_of_a_year(policy("last=0"), &TimeZone::UTC), ["12-31T18"]);
        assert!(policy("last=1").expired(&[], &TimeZone::UTC).is_empty());
    }

    #[test]
    fn only_numbers_with_their_names_are_a_policy() {
        let text = "last=3,daily=7,weekly=4,monthly=6";
        assert_eq!(policy(text).to_string(), text);
        for text in ["", "7", "last", "last=-1", "yearly=1", "last=1,"] {
            assert!(text.parse::<RetentionPolicy>().is_err(), "{text}");
        }
    }
}
