//! The limits of background exports as text. `moment` formats a time for the visitor.

use api::Timestamp;
use api::exports::{ExportLimits, QuotaUsage};

use super::{bytes, count};

/// `7 d`, `36 h`
pub fn hours(hours: u32) -> String {
    match hours % 24 {
        0 if hours > 24 => format!("{} d", hours / 24),
        _ => format!("{hours} h"),
    }
}

/// `7 of 10 exports left this hour`
pub fn rate(limits: &ExportLimits) -> String {
    match (limits.rate.remaining, limits.rate.limit) {
        (Some(remaining), Some(limit)) => {
            format!(
                "{} of {} exports left this hour",
                count(remaining.into()),
                count(limit.into())
            )
        }
        _ => "No hourly limit".to_owned(),
    }
}

/// `312.0 MB of 1.0 GB used`
pub fn storage(quota: QuotaUsage) -> String {
    match quota.limit {
        Some(limit) => format!("{} of {} used", bytes(quota.used), bytes(limit)),
        None => format!("{} used", bytes(quota.used)),
    }
}

/// Returns the used part of a quota in per cent, if there is a quota.
pub fn percent_used(quota: QuotaUsage) -> Option<u64> {
    let limit = quota.limit?;
    let used = u128::from(quota.used) * 100;
    let percent = used.checked_div(u128::from(limit)).unwrap_or(100);
    Some(u64::try_from(percent).unwrap_or(100).min(100))
}

/// Returns why the limits allow no further export now. The file of a workspace takes none of the visitor's own storage.
pub fn limit_obstacle(
    limits: &ExportLimits,
    of_workspace: bool,
    moment: impl Fn(Timestamp) -> String,
) -> Option<String> {
    if limits.rate.remaining == Some(0) {
        let again = limits
            .rate
            .reset_at
            .map(|at| format!(" The next one is possible from {} on.", moment(at)));
        let limit = limits.rate.limit.unwrap_or_default();
        return Some(format!(
            "You have created {} in the last hour, as many as one person may.{}",
            exports(limit),
            again.unwrap_or_default()
        ));
    }
    let is_full = !of_workspace && limits.quota.limit.is_some_and(|limit| limits.quota.used >= limit);
    is_full.then(|| {
        format!(
            "Your storage is full: {}. Delete exports that you do not need any more.",
            storage(limits.quota)
        )
    })
}

fn exports(number: u32) -> String {
    let noun = if number == 1 { "export" } else { "exports" };
    format!("{} {noun}", count(number.into()))
}

/// Returns what may go wrong because of a file of this size, an estimate in bytes.
pub fn size_warning(estimate: u64, limits: &ExportLimits, of_workspace: bool) -> Option<String> {
    let estimate_text = bytes(estimate);
    let free = limits
        .quota
        .limit
        .map(|limit| limit.saturating_sub(limits.quota.used));
    if estimate > limits.max_bytes {
        let max = bytes(limits.max_bytes);
        return Some(format!(
            "About {estimate_text} is more than the largest stored file, {max}: the export would fail. Compress the file, \
             choose fewer rows or columns, or export without the background."
        ));
    }
    free.filter(|free| !of_workspace && estimate > *free).map(|free| {
        format!(
            "About {estimate_text} is more than your free storage, {}. Delete exports, or compress the file.",
            bytes(free)
        )
    })
}

/// Returns the size of the file as far as it is known. `is_packed`: the compression makes it smaller than the estimate.
pub fn estimated_size(estimate: Option<u64>, is_packed: bool) -> String {
    match (estimate, is_packed) {
        (Some(estimate), false) => format!("About {}", bytes(estimate)),
        (Some(estimate), true) => format!("About {} before compression", bytes(estimate)),
        (None, _) => "Not known before".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use api::deliveries::DeliveryLimits;
    use api::exports::{ConcurrentLimit, RateLimit, RetentionHours};

    use super::*;

    fn limits(remaining: u32, used: u64) -> ExportLimits {
        ExportLimits {
            rate: RateLimit {
                limit: Some(10),
                remaining: Some(remaining),
                reset_at: (remaining == 0).then(|| "2026-01-28T12:00:00Z".parse().unwrap()),
            },
            max_bytes: 100_000_000,
            max_rows: None,
            retention_hours: RetentionHours {
                default: 168,
                max: 720,
            },
            quota: QuotaUsage {
                used,
                limit: Some(1_000_000_000),
            },
            formats: Vec::new(),
            concurrent: ConcurrentLimit { limit: 5, running: 1 },
            background_rows: 100_000,
            delivery: DeliveryLimits::default(),
        }
    }

    #[test]
    fn limits_are_said_before_they_refuse() {
        let moment = |time: Timestamp| time.to_string();
        assert_eq!(rate(&limits(7, 0)), "7 of 10 exports left this hour");
        assert_eq!(storage(limits(7, 312_000_000).quota), "312.0 MB of 1.0 GB used");
        assert_eq!(percent_used(limits(7, 312_000_000).quota), Some(31));
        assert_eq!(limit_obstacle(&limits(1, 0), false, moment), None);
        let obstacle = limit_obstacle(&limits(0, 0), true, moment).unwrap();
        assert!(
            obstacle.contains("10 exports") && obstacle.contains("2026-01-28T12:00:00Z"),
            "{obstacle}"
        );
        let full = limit_obstacle(&limits(1, 1_000_000_000), false, moment).unwrap();
        assert_eq!(limit_obstacle(&limits(1, 1_000_000_000), true, moment), None);
        assert!(
            full.starts_with("Your storage is full: 1.0 GB of 1.0 GB used."),
            "{full}"
        );
        assert_eq!(size_warning(99_000_000, &limits(1, 0), false), None);
        assert!(
            size_warning(101_000_000, &limits(1, 0), true)
                .unwrap()
                .contains("largest stored file, 100.0 MB")
        );
        assert!(
            size_warning(50_000_000, &limits(1, 960_000_000), false)
                .unwrap()
                .contains("free storage, 40.0 MB")
        );
    }

    #[test]
    fn a_time_of_whole_days_is_one_of_days() {
        assert_eq!([24, 36, 168].map(hours), ["24 h", "36 h", "7 d"]);
    }
}
