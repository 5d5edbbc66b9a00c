//! All metrics as text, in Prometheus' format of version 0.0.4.

use api::alerts::AlertKind;
use prometheus::TextEncoder;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;

use super::Monitor;
use crate::exports::backlog::BacklogFigures;
use crate::metrics::{gauge, gauges};

/// The media type of [`Monitor::scrape`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Monitor {
    /// Returns all metrics. Without a state database, and while it is away, those of its contents are left out.
    ///
    /// # Errors
    /// If a metric has no values, which the registry leaves out.
    pub async fn scrape(&self) -> prometheus::Result<String> {
        let figures = self.backlog.figures().await;
        let mut families = self.registry.gather();
        families.extend(figures.iter().flat_map(of_backlog));
        families.sort_by(|a, b| a.name().cmp(b.name()));
        TextEncoder::new().encode_to_string(&families)
    }
}

/// Returns the figures of the state database as metrics. They are made anew each time, so that none stays when the database is
/// away.
fn of_backlog(figures: &BacklogFigures) -> Vec<MetricFamily> {
    let BacklogFigures {
        queue,
        stored,
        alerts,
        stopped_schedules,
    } = figures;
    let shown = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let bytes = gauges(
        "decant_storage_bytes",
        "Bytes of stored files of background exports, of all processes with this state database, by the kind of their owner.",
        &["kind"],
    );
    for (kind, stored) in [("users", stored.users), ("workspaces", stored.workspaces)] {
        bytes.with_label_values(&[kind]).set(shown(stored));
    }
    let begun = gauges(
        "decant_export_alerts",
        "1 while operators should look at this: many exports fail, one waits long for a worker, or the storage is nearly full.",
        &["kind"],
    );
    for kind in AlertKind::ALL {
        let labels = [kind.word()];
        begun
            .with_label_values(&labels)
            .set(alerts.contains(&kind).into());
    }
    let mut families = bytes.collect();
    families.extend(begun.collect());
    for (name, help, number) in [
        (
            "decant_exports_queued",
            "Background exports that wait for a worker of any process, counted to 10,000.",
            queue.queued,
        ),
        (
            "decant_exports_processing",
            "Background exports that a worker of any process makes now.",
            queue.processing,
        ),
        (
            "decant_queue_oldest_seconds",
            "Time for which the oldest queued background export could have begun; 0 if none waits.",
            queue.oldest_seconds.unwrap_or_default(),
        ),
        (
            "decant_schedule_failures",
            "Schedules of background exports that stopped after too many failures in a row.",
            *stopped_schedules,
        ),
    ] {
        let gauge = gauge(name, help);
        gauge.set(shown(number));
        families.extend(gauge.collect());
    }
    families
}

#[cfg(test)]
mod tests {
    use api::data_exports::QueueFigures;

    use super::*;
    use crate::exports::backlog::StoredBytes;
    use crate::exports::metrics::ExportMetrics;
    use crate::monitor::registry;

    #[test]
    fn every_metric_has_a_name_of_its_own() {
        let figures = BacklogFigures {
            queue: QueueFigures::default(),
            stored: StoredBytes {
                users: 1,
                workspaces: 2,
            },
            alerts: vec![AlertKind::Waiting],
            stopped_schedules: 3,
        };
        let mut families = registry(ExportMetrics::default().collectors()).gather();
        families.extend(of_backlog(&figures));
        let mut names: Vec<_> = families.iter().map(MetricFamily::name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        let text = TextEncoder::new().encode_to_string(&families).unwrap();
        assert!(
            text.contains("decant_storage_bytes{kind=\"workspaces\"} 2\n"),
            "{text}"
        );
    }
}
