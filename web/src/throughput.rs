//! How fast an export goes and how long it still takes.

use std::collections::VecDeque;

/// Only the last seconds count, so that a slow start or a pause is soon forgotten.
const WINDOW_MS: f64 = 3_000.0;

/// No percentage says "done" before the file is.
const PERCENT_MAX: u64 = 99;

/// The last seconds of an export.
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
    /// Takes note of how far the export was at a moment.
    pub fn observe(&mut self, at_ms: f64, rows: u64, bytes: u64) {
        // The oldest moment before the window stays: without it the window would not reach back to its edge.
        while self
            .seen
            .get(1)
            .is_some_and(|moment| moment.at_ms <= at_ms - WINDOW_MS)
        {
            self.seen.pop_front();
        }
        self.seen.push_back(Moment { at_ms, rows, bytes });
    }

    /// Rows per second over the last seconds; `None` while nothing can be said.
    #[must_use]
    pub fn rows_per_second(&self) -> Option<f64> {
        self.per_second(|moment| moment.rows)
    }

    /// Bytes per second over the last seconds; `None` while nothing can be said.
    #[must_use]
    pub fn bytes_per_second(&self) -> Option<f64> {
        self.per_second(|moment| moment.bytes)
    }

    /// Seconds until `rows_expected` are there, at the throughput of the last seconds.
    #[must_use]
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

/// How much of an export is done, 0 to 99; `None` where nobody knows how much there is.
#[must_use]
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
        // Ten times as fast from here on: three seconds later the slow start is forgotten.
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
