//! Days that are counted from today: `-30d` in a `dateRange`.

use api::datasets::{DateRange, RowsRequest};
use jiff::{Timestamp, ToSpan};
use wasm_export::zone::Zone;

use crate::parameter::ParameterError;

/// The member that has them.
const NAME: &str = "dateRange";

/// The most days before today: a century.
const DAYS_MAX: i64 = 36_525;

/// Returns rows with days of their zone in place of relative days. Times and days of the calendar stay.
///
/// # Errors
/// [`ParameterError::Invalid`] for more days than a century has.
pub fn with_resolved_days(mut rows: RowsRequest) -> Result<RowsRequest, ParameterError> {
    // A zone that is wrong is refused when the rows are parsed.
    let zone: Option<Zone> = rows.zone.as_deref().unwrap_or("UTC").parse().ok();
    if let (Some(range), Some(zone)) = (&mut rows.date_range, zone) {
        resolve(range, &zone, Timestamp::now())?;
    }
    Ok(rows)
}

fn resolve(range: &mut DateRange, zone: &Zone, now: Timestamp) -> Result<(), ParameterError> {
    for bound in [&mut range.start, &mut range.end].into_iter().flatten() {
        let Some(days) = relative(bound) else {
            continue;
        };
        let today = now.to_zoned(zone.time_zone().clone()).date();
        let day = days
            .filter(|days| *days <= DAYS_MAX)
            .and_then(|days| today.checked_sub(days.days()).ok());
        let Some(day) = day else {
            let problem = format!("goes back more than {DAYS_MAX} days");
            return Err(ParameterError::invalid(NAME, problem));
        };
        *bound = day.to_string();
    }
    Ok(())
}

/// Returns the number of days before today, or `None`: the text is no relative day. The number may be too great.
fn relative(text: &str) -> Option<Option<i64>> {
    let digits = text.trim().strip_prefix('-')?.strip_suffix('d')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(start: &str, end: &str, zone: &str) -> Result<[String; 2], ParameterError> {
        let mut range = DateRange {
            start: Some(start.to_owned()),
            end: Some(end.to_owned()),
        };
        let now = "2026-03-29T22:30:00Z".parse().unwrap();
        resolve(&mut range, &zone.parse().unwrap(), now)?;
        Ok([range.start.unwrap(), range.end.unwrap()])
    }

    #[test]
    fn a_relative_day_is_one_of_the_zone() {
        assert_eq!(
            resolved("-30d", "-0d", "UTC").unwrap(),
            ["2026-02-27", "2026-03-29"]
        );
        // It is the next day there, in the night after the clocks changed.
        assert_eq!(
            resolved("-1d", "-0d", "Europe/Berlin").unwrap(),
            ["2026-03-29", "2026-03-30"]
        );
        for other in ["2026-01-01", "1769592000000", "-30", "30d", "-d", "-3 d", "-1h"] {
            assert_eq!(resolved(other, other, "UTC").unwrap(), [other, other]);
        }
        for far in ["-36526d", "-99999999999999999999d"] {
            assert_eq!(resolved(far, "-0d", "UTC").unwrap_err().field(), "dateRange");
        }
    }
}
