//! The period of a request that names no times.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::selection::TimeRange;
use crate::parameter::ParameterError;

/// Returns the range with both times. Without times it is the last `days` days of the zone, today included. Without a start it has
/// so many days, and without an end it ends with today.
///
/// # Errors
/// The parameter `start` of a range that begins later, or `end` of one that begins before the first year.
pub fn completed(
    range: TimeRange,
    days: u16,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<TimeRange, ParameterError> {
    let of_calendar = |_| ParameterError::invalid("end", "is too far from the years 1 to 9999");
    let end_of_today = || {
        now.to_zoned(zone.clone())
            .tomorrow()
            .and_then(|day| day.start_of_day())
    };
    let end = match range.end {
        Some(end) => end.to_zoned(zone.clone()),
        None => end_of_today().map_err(of_calendar)?,
    };
    let days_before = |end: &Zoned| end.checked_sub(Span::new().days(i64::from(days)));
    let start = match range.start {
        Some(start) => start,
        None => days_before(&end).map_err(of_calendar)?.timestamp(),
    };
    match start < end.timestamp() {
        true => Ok(TimeRange {
            start: Some(start),
            end: Some(end.timestamp()),
        }),
        false => Err(ParameterError::invalid(
            "start",
            "is after today; give `end`, too",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn range(start: Option<&str>, end: Option<&str>) -> Result<[String; 2], ParameterError> {
        let range = TimeRange {
            start: start.map(time),
            end: end.map(time),
        };
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let range = completed(range, 30, &zone, time("2026-11-10T22:30:00Z"))?;
        Ok([range.start, range.end].map(|time| time.unwrap().to_string()))
    }

    #[test]
    fn a_period_has_whole_days_of_the_zone_also_over_a_change_of_its_clocks() {
        let last = ["2026-10-11T22:00:00Z", "2026-11-10T23:00:00Z"].map(str::to_owned);
        assert_eq!(range(None, None).unwrap(), last);
        let ended = ["2026-09-30T22:00:00Z", "2026-10-30T23:00:00Z"].map(str::to_owned);
        assert_eq!(range(None, Some("2026-10-30T23:00:00Z")).unwrap(), ended);
        let begun = ["2026-11-01T00:00:00Z", "2026-11-10T23:00:00Z"].map(str::to_owned);
        assert_eq!(range(Some("2026-11-01T00:00:00Z"), None).unwrap(), begun);
    }

    #[test]
    fn a_start_after_today_and_a_time_before_the_first_year_are_refused() {
        assert!(range(Some("2026-12-01T00:00:00Z"), None).is_err());
        assert!(range(None, Some("-009999-01-10T00:00:00Z")).is_err());
    }
}
