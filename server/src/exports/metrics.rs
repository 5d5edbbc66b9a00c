//! The metrics of background exports, as this process has seen them since its start.

use std::time::Duration;

use api::deliveries::DeliveryKind;
use api::exports::ExportType;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};
use wasm_export::options::Format;

use super::record::ExportRecord;
use crate::metrics::{Collectors, counter, counters, gauge, histogram};

/// The upper bounds of the histogram in seconds: from a small file to the rows of a year.
const SECONDS: [f64; 12] = [
    0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0,
];

/// How an export ended, as the label `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exports) enum EndStatus {
    Completed,
    Failed,
    Cancelled,
}

impl EndStatus {
    const ALL: [Self; 3] = [Self::Completed, Self::Failed, Self::Cancelled];

    fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a delivery ended, as the label `outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exports) enum DeliveryOutcome {
    Delivered,
    Failed,
    Cancelled,
}

impl DeliveryOutcome {
    const ALL: [Self; 3] = [Self::Delivered, Self::Failed, Self::Cancelled];

    fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The metrics of background exports. Clones share the numbers.
#[derive(Clone, Debug)]
pub struct ExportMetrics {
    ended: IntCounterVec,
    seconds: Histogram,
    rows: IntCounter,
    bytes: IntCounter,
    downloads: IntCounter,
    deliveries: IntCounterVec,
    workers: IntGauge,
}

impl Default for ExportMetrics {
    /// Shows a zero for each end of each kind: `increase()` does not count the first value of a series.
    fn default() -> Self {
        let metrics = Self {
            ended: counters(
                "decant_exports_total",
                "Background exports that ended, by this process.",
                &["type", "format", "status"],
            ),
            seconds: histogram(
                "decant_export_duration_seconds",
                "Time that a worker of this process took to make the file of a completed background export.",
                &SECONDS,
            ),
            rows: counter(
                "decant_export_rows_total",
                "Rows in the files of background exports that this process completed.",
            ),
            bytes: counter(
                "decant_export_bytes_total",
                "Bytes of the files of background exports that this process completed.",
            ),
            downloads: counter(
                "decant_downloads_total",
                "Downloads of files of background exports that this process sent to their end.",
            ),
            deliveries: counters(
                "decant_deliveries_total",
                "Deliveries of background exports that ended, by this process.",
                &["kind", "outcome"],
            ),
            workers: gauge(
                "decant_workers",
                "Workers for background exports in this process.",
            ),
        };
        for kind in DeliveryKind::ALL {
            for outcome in DeliveryOutcome::ALL {
                metrics.of_delivery(kind, outcome);
            }
        }
        for export_type in ExportType::ALL {
            for format in Format::ALL {
                for status in EndStatus::ALL {
                    metrics.of(export_type, *format, status);
                }
            }
        }
        metrics
    }
}

impl ExportMetrics {
    /// Returns the metrics for a registry.
    #[must_use]
    pub fn collectors(&self) -> Collectors {
        vec![
            Box::new(self.ended.clone()),
            Box::new(self.seconds.clone()),
            Box::new(self.rows.clone()),
            Box::new(self.bytes.clone()),
            Box::new(self.downloads.clone()),
            Box::new(self.deliveries.clone()),
            Box::new(self.workers.clone()),
        ]
    }

    pub(in crate::exports) fn set_workers(&self, workers: usize) {
        self.workers.set(i64::try_from(workers).unwrap_or(i64::MAX));
    }

    /// Counts an export whose file was made in this time.
    pub(in crate::exports) fn completed(&self, record: &ExportRecord, took: Duration, rows: u64, bytes: u64) {
        self.seconds.observe(took.as_secs_f64());
        self.rows.inc_by(rows);
        self.bytes.inc_by(bytes);
        // The last, so that who sees the end sees its rows.
        self.ended(record, EndStatus::Completed);
    }

    /// Counts an export that ended.
    pub(in crate::exports) fn ended(&self, record: &ExportRecord, status: EndStatus) {
        self.of(record.export_type, record.options.format, status).inc();
    }

    /// Counts an export by the words of its record. One with a word of a newer version is left out, so that the number of series
    /// has a bound.
    pub(in crate::exports) fn ended_by_words(&self, export_type: &str, format: &str, status: EndStatus) {
        let export_type = ExportType::ALL
            .into_iter()
            .find(|known| known.word() == export_type);
        let format = Format::ALL.iter().find(|known| known.word() == format);
        if let (Some(export_type), Some(format)) = (export_type, format) {
            self.of(export_type, *format, status).inc();
        }
    }

    pub(in crate::exports) fn downloaded(&self) {
        self.downloads.inc();
    }

    pub(in crate::exports) fn delivery(&self, kind: DeliveryKind, outcome: DeliveryOutcome) {
        self.of_delivery(kind, outcome).inc();
    }

    fn of_delivery(&self, kind: DeliveryKind, outcome: DeliveryOutcome) -> IntCounter {
        self.deliveries.with_label_values(&[kind.word(), outcome.word()])
    }

    fn of(&self, export_type: ExportType, format: Format, status: EndStatus) -> IntCounter {
        let labels = [export_type.word(), format.word(), status.word()];
        self.ended.with_label_values(&labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_words_become_labels() {
        let metrics = ExportMetrics::default();
        metrics.ended_by_words("dataset", "csv", EndStatus::Failed);
        metrics.ended_by_words("dataset", "csv\",x=\"", EndStatus::Failed);
        metrics.ended_by_words("of tomorrow", "csv", EndStatus::Failed);
        let failed = metrics.of(ExportType::Dataset, Format::Csv, EndStatus::Failed);
        assert_eq!(failed.get(), 1);
        let series = |metrics: &ExportMetrics| -> usize {
            let families = prometheus::core::Collector::collect(&metrics.ended);
            families.iter().map(|family| family.get_metric().len()).sum()
        };
        assert_eq!(series(&metrics), series(&ExportMetrics::default()));
    }
}
