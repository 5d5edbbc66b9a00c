//! The times of requests: over a period, mostly in working hours, fewer at weekends, more each month.

use super::period::Period;

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
    end: i64,
    /// For each hour, the weight of all hours before it, and the whole weight at the end.
    before: Vec<u64>,
}

impl Calendar {
    pub(crate) const WHOLE: u64 = 1 << 32;

    pub(crate) fn new(period: Period) -> Self {
        let (start, end) = (period.start(), period.end());
        let hours = (end - start).cast_unsigned().div_ceil(HOUR_MICROSECONDS);
        let first_hour = start.div_euclid(HOUR_MICROSECONDS as i64);
        let mut before = vec![0];
        let mut total = 0;
        for hour in 0..hours {
            let since_epoch = (first_hour + hour as i64).rem_euclid(7 * 24) as u64;
            // 1970 began on a Thursday, so days 2 and 3 of its weeks are the weekend.
            let is_weekend = matches!(since_epoch / 24, 2 | 3);
            let busy = WORKING_DAY[(since_epoch % 24) as usize];
            total += (if is_weekend { busy.div_ceil(4) } else { busy }) * (hours + hour);
            before.push(total);
        }
        Self { start, end, before }
    }

    /// Returns the start of the period, in microseconds since 1970.
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// Returns the time of `position` in microseconds since 1970. A higher position has a later time.
    pub(crate) fn time(&self, position: u64) -> i64 {
        // Weights with 32 bits behind the point: those of a short period are small numbers.
        let wanted = u128::from(position) * u128::from(self.before[self.before.len() - 1]);
        let scaled = |weight: u64| u128::from(weight) << 32;
        let hour = self.before.partition_point(|&before| scaled(before) <= wanted) - 1;
        let (from, to) = (scaled(self.before[hour]), scaled(self.before[hour + 1]));
        let begin = self.start + (hour as u64 * HOUR_MICROSECONDS) as i64;
        // The last hour may be a part of one.
        let length = (self.end - begin).cast_unsigned().min(HOUR_MICROSECONDS);
        let within = (wanted - from) * u128::from(length) / (to - from);
        begin + within as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ninety_days() -> Period {
        Period::new(None, "2026-01-28T00:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn times_stay_within_a_short_period() {
        let [start, end] = ["2026-01-27T22:30:00Z", "2026-01-28T00:00:00Z"].map(|time| time.parse().unwrap());
        let period = Period::new(Some(start), end).unwrap();
        let calendar = Calendar::new(period);
        let last = calendar.time(Calendar::WHOLE - 1);
        assert_eq!(calendar.time(0), period.start());
        assert!(last < period.end() && last > period.end() - 1_000_000, "{last}");
    }

    #[test]
    fn times_rise_from_ninety_days_ago_to_now() {
        let until = 1_769_558_400_000_000;
        let calendar = Calendar::new(ninety_days());
        let times: Vec<i64> = (0..1000)
            .map(|n| calendar.time(n * Calendar::WHOLE / 1000))
            .collect();
        assert!(times.is_sorted());
        assert_eq!(times[0], until - 90 * DAY_MICROSECONDS);
        assert!(times[999] < until && times[999] > until - DAY_MICROSECONDS);
    }

    #[test]
    fn afternoons_are_busier_than_nights() {
        let calendar = Calendar::new(ninety_days());
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
