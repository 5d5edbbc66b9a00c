//! The rate of a transfer and its remaining time.

use std::collections::VecDeque;

/// Short, so that a slow start or a pause stops counting soon.
const WINDOW_MS: f64 = 3_000.0;

/// A progress bar reaches 100 % only when the file is complete.
const PERCENT_MAX: u64 = 99;

/// Samples of the last seconds.
#[derive(Clone, Debug, Default)]
pub struct Throughput {
    seen: VecDeque<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    at_ms: f64,
    rows: u64,
    bytes: u64,
}

impl Throughput {
    /// Adds a sample: rows and bytes since the start, at a time in milliseconds.
    pub fn observe(&mut self, at_ms: f64, rows: u64, bytes: u64) {
        // Keeps one sample older than the window, so that the samples cover the whole window.
        while self
            .seen
            .get(1)
            .is_some_and(|moment| moment.at_ms <= at_ms - WINDOW_MS)
        {
            self.seen.pop_front();
        }
        self.seen.push_back(Moment { at_ms, rows, bytes });
    }

    /// `None` before the second sample.
    pub fn rows_per_second(&self) -> Option<f64> {
        self.per_second(|moment| moment.rows)
    }

    /// `None` before the second sample.
    pub fn bytes_per_second(&self) -> Option<f64> {
        self.per_second(|moment| moment.bytes)
    }

    /// Returns the time until `rows_expected` rows have arrived; `None` while nothing arrives, or when more
    /// rows have arrived than expected.
    pub fn seconds_left(&self, rows_expected: u64) -> Option<f64> {
        let rows = self.seen.back()?.rows;
        let throughput = self.rows_per_second().filter(|throughput| *throughput > 0.0)?;
        Some(rows_expected.saturating_sub(rows) as f64 / throughput).filter(|_| rows < rows_expected)
    }

    fn per_second(&self, quantity: impl Fn(&Moment) -> u64) -> Option<f64> {
        let (first, last) = (self.seen.front()?, self.seen.back()?);
        let seconds = (last.at_ms - first.at_ms) / 1_000.0;
        (seconds > 0.0).then(|| quantity(last).saturating_sub(quantity(first)) as f64 / seconds)
    }
}

/// Returns 0 to 99, or `None` without an expected number.
pub fn percent(rows: u64, rows_expected: Option<u64>) -> Option<u64> {
    let expected = rows_expected.filter(|expected| *expected > 0)?;
    Some((rows.saturating_mul(100) / expected).min(PERCENT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let mut throughput = Throughput::default();
        throughput.observe(0.0, 0, 0);
        assert_eq!(
            (throughput.rows_per_second(), throughput.seconds_left(100)),
            (None, None)
        );
        throughput.observe(1_000.0, 100, 2_000);
        assert_eq!(throughput.rows_per_second(), Some(100.0));
        assert_eq!(throughput.bytes_per_second(), Some(2_000.0));
        // Ten times as fast from here on: after three seconds the slow start no longer counts.
        for second in 2_u32..=5 {
            throughput.observe(
                f64::from(second) * 1_000.0,
                100 + 1_000 * u64::from(second - 1),
                0,
            );
        }
        assert_eq!(throughput.rows_per_second(), Some(1_000.0));
        assert_eq!(throughput.seconds_left(14_100), Some(10.0));
    }

    #[test]
    fn a_standstill_has_no_end_in_sight() {
        let mut throughput = Throughput::default();
        throughput.observe(0.0, 10, 100);
        throughput.observe(500.0, 10, 100);
        assert_eq!(throughput.seconds_left(20), None);
    }

    #[test]
    fn an_estimate_that_was_too_low_promises_nothing() {
        let mut throughput = Throughput::default();
        throughput.observe(0.0, 0, 0);
        throughput.observe(1_000.0, 500, 0);
        assert_eq!(throughput.seconds_left(400), None);
    }

    #[test]
    fn no_percentage_says_done_before_the_file_is() {
        assert_eq!(percent(0, Some(1_000)), Some(0));
        assert_eq!(percent(505, Some(1_000)), Some(50));
        assert_eq!(percent(1_000, Some(1_000)), Some(99));
        assert_eq!(percent(5_000, Some(1_000)), Some(99));
        assert_eq!(percent(5, Some(0)), None);
        assert_eq!(percent(5, None), None);
    }
}
