//! The times of requests: over ninety days, mostly in working hours, fewer at weekends, more each month.

/// The days that the rows cover.
pub(crate) const DAYS: u64 = 90;

const HOURS: u64 = DAYS * 24;
const HOUR_MICROSECONDS: u64 = 3_600_000_000;
pub(crate) const DAY_MICROSECONDS: i64 = 24 * HOUR_MICROSECONDS as i64;

/// The weight of each hour of a working day (UTC).
const WORKING_DAY: [u64; 24] = [
    6, 4, 3, 2, 2, 3, 6, 14, 30, 44, 50, 46, 34, 42, 52, 54, 50, 42, 30, 24, 22, 18, 14, 9,
];

/// Maps the numbers below [`Calendar::WHOLE`] to times, so that a busy hour holds more of them.
#[derive(Debug)]
pub(crate) struct Calendar {
    start: i64,
    /// For each hour, the weight of all hours before it, and the whole weight at the end.
    before: Vec<u64>,
}

impl Calendar {
    pub(crate) const WHOLE: u64 = 1 << 32;

    /// Covers the ninety days before `until`, in microseconds since 1970.
    pub(crate) fn until(until: i64) -> Self {
        let start = until - (HOURS * HOUR_MICROSECONDS) as i64;
        let first_hour = start.div_euclid(HOUR_MICROSECONDS as i64);
        let mut before = vec![0];
        let mut total = 0;
        for hour in 0..HOURS {
            let since_epoch = (first_hour + hour as i64).rem_euclid(7 * 24) as u64;
            // 1970 began on a Thursday, so days 2 and 3 of its weeks are the weekend.
            let is_weekend = matches!(since_epoch / 24, 2 | 3);
            let busy = WORKING_DAY[(since_epoch % 24) as usize];
            total += (if is_weekend { busy.div_ceil(4) } else { busy }) * (HOURS + hour);
            before.push(total);
        }
        Self { start, before }
    }

    /// Returns the time of `position` in microseconds since 1970. A higher position has a later time.
    pub(crate) fn time(&self, position: u64) -> i64 {
        let total = u128::from(self.before[HOURS as usize]);
        let wanted = ((u128::from(position) * total) >> 32) as u64;
        let hour = self.before.partition_point(|&before| before <= wanted) - 1;
        let (from, to) = (self.before[hour], self.before[hour + 1]);
        let within = u128::from(wanted - from) * u128::from(HOUR_MICROSECONDS) / u128::from(to - from);
        self.start + (hour as u64 * HOUR_MICROSECONDS) as i64 + within as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rise_from_ninety_days_ago_to_now() {
        let until = 1_769_558_400_000_000;
        let calendar = Calendar::until(until);
        let times: Vec<i64> = (0..1000)
            .map(|n| calendar.time(n * Calendar::WHOLE / 1000))
            .collect();
        assert!(times.is_sorted());
        assert_eq!(times[0], until - 90 * DAY_MICROSECONDS);
        assert!(times[999] < until && times[999] > until - DAY_MICROSECONDS);
    }

    #[test]
    fn afternoons_are_busier_than_nights() {
        let calendar = Calendar::until(1_769_558_400_000_000);
        let (mut night, mut afternoon) = (0, 0);
        for n in 0..100_000 {
            match calendar
                .time(n * Calendar::WHOLE / 100_000)
                .div_euclid(HOUR_MICROSECONDS as i64)
                .rem_euclid(24)
            {
                3 => night += 1,
                15 => afternoon += 1,
                _ => {}
            }
        }
        assert!(afternoon > 10 * night, "{afternoon} {night}");
    }
}
