//! Metrics in Prometheus' data model. A domain makes and updates its own ones, and `monitor` shows those of all.
//!
//! The functions panic for a name that Prometheus does not allow. Names are constants, and each is made at the start.

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, PullingGauge,
};

/// Metrics of one domain.
pub type Collectors = Vec<Box<dyn Collector>>;

const VALID: &str = "the name is a valid constant";

/// Returns a number that rises and falls.
#[must_use]
pub fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect(VALID)
}

/// Returns gauges that differ in their labels.
#[must_use]
pub fn gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(name, help), labels).expect(VALID)
}

/// Returns a gauge whose number is asked for when metrics are read.
#[must_use]
pub fn asked_gauge(name: &str, help: &str, ask: impl Fn() -> usize + Send + Sync + 'static) -> PullingGauge {
    PullingGauge::new(name, help, Box::new(move || ask() as f64)).expect(VALID)
}

/// Returns a number that only rises.
#[must_use]
pub fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect(VALID)
}

/// Returns counters that differ in their labels.
#[must_use]
pub fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect(VALID)
}

/// Returns a histogram with these upper bounds.
#[must_use]
pub fn histogram(name: &str, help: &str, bounds: &[f64]) -> Histogram {
    let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
    Histogram::with_opts(options).expect(VALID)
}
