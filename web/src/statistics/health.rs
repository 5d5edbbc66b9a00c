//! The exports of the last 30 days by dataset and format, as the server's view has them.

use serde::Deserialize;
use serde_json::Value;

/// A row of the view.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Health {
    /// The name of a dataset or a bundle.
    pub dataset: String,
    /// The word of a format.
    pub format: String,
    pub total_exports: u64,
    pub failed_exports: u64,
    /// `None` until one has completed or failed.
    pub success_rate_percent: Option<f64>,
    /// Milliseconds of a completed one.
    pub avg_processing_time_ms: Option<u64>,
    /// Bytes of a file.
    pub avg_export_size: Option<u64>,
    pub total_downloads: u64,
}

/// Returns the rows that can be read, with the most exports first.
pub fn rows(values: &[Value]) -> Vec<Health> {
    let rows = values.iter();
    rows.filter_map(|row| Health::deserialize(row).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_may_lack_what_is_not_known() {
        let values = [
            json!({ "dataset": "a", "format": "csv", "total_exports": 8, "success_rate_percent": 87.5 }),
            json!({ "dataset": "b", "success_rate_percent": null }),
            json!("unreadable"),
        ];
        let read = rows(&values);
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[0].total_exports, read[0].success_rate_percent),
            (8, Some(87.5))
        );
        assert_eq!(read[1].success_rate_percent, None);
    }
}
