//! Datasets and their filters.

use serde::Deserialize;
use wasm_export::options::Format;
use wasm_export::rows::Column;

use crate::selection::Selection;

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Dataset {
    pub name: String,
    pub title: String,
    pub available: bool,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub columns: Vec<Column>,
    #[serde(default)]
    pub filters: Vec<Filter>,
}

const FORMATS: &[(Format, &str)] = &[
    (Format::Csv, "CSV"),
    (Format::Xlsx, "Excel (XLSX)"),
    (Format::Json, "JSON"),
    (Format::Jsonl, "JSON lines"),
    (Format::Xml, "XML"),
    (Format::Markdown, "Markdown"),
    (Format::Html, "HTML report"),
    (Format::Text, "Text"),
];

pub fn format_name(format: Format) -> &'static str {
    FORMATS
        .iter()
        .find(|(known, _)| *known == format)
        .map_or("", |(_, name)| name)
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Filter {
    pub name: String,
    pub label: String,
    pub kind: FilterKind,
    #[serde(default)]
    pub options: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    Integer,
    Text,
    Timestamp,
    Boolean,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct FilterOptions {
    pub options: Vec<FilterOption>,
    #[serde(default)]
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FilterOption {
    pub value: String,
    pub label: String,
}

impl Dataset {
    /// Returns the names of the visible columns.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns
            .iter()
            .filter(|column| !column.hidden)
            .map(|column| column.name.as_str())
    }

    pub fn formats(&self) -> Vec<(Format, &'static str)> {
        let has_probes = ["ok", "latency_ms"]
            .iter()
            .all(|probe| self.columns.iter().any(|column| column.name == *probe));
        let mut formats = FORMATS.to_vec();
        formats.retain(|(format, _)| *format != Format::Text || has_probes);
        formats
    }

    /// Identifies the rows of a selection: equal keys, equal rows. Columns do not matter, and the zone only
    /// if a filter on a time is set, since the server reads that time in the zone.
    pub fn rows_key(&self, selection: &Selection) -> String {
        let reads_time = self.filters.iter().any(|filter| {
            filter.kind == FilterKind::Timestamp && selection.filters.contains_key(&filter.name)
        });
        let deciding = Selection {
            filters: selection.filters.clone(),
            columns: None,
            zone: selection.zone.clone().filter(|_| reads_time),
        };
        format!("{}?{}", self.name, deciding.rows_query())
    }

    /// Returns the column's own name if the dataset has no such column.
    pub fn column_label(&self, name: &str) -> String {
        let column = self.columns.iter().find(|column| column.name == name);
        column.map_or_else(|| name.to_owned(), |column| column.label.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_dataset_says_why_and_no_more() {
        let text = r#"{"name":"alerts","title":"Alerts","available":false,"reason":"no table alerts"}"#;
        let dataset: Dataset = serde_json::from_str(text).unwrap();
        assert!(!dataset.available);
        assert_eq!(dataset.reason.as_deref(), Some("no table alerts"));
    }

    #[test]
    fn the_rows_are_the_same_in_every_zone_unless_a_time_is_read_in_it() {
        let text = r#"{"name":"logs","title":"Logs","available":true,"filters":[
            {"name":"start","label":"Start","kind":"timestamp"},{"name":"model","label":"Model","kind":"text"}]}"#;
        let dataset: Dataset = serde_json::from_str(text).unwrap();
        let rows_key = |query: &str| dataset.rows_key(&Selection::parse(query));
        assert_eq!(
            rows_key("model=a&zone=Asia/Shanghai&columns=model"),
            rows_key("model=a")
        );
        assert_ne!(rows_key("model=a"), rows_key("model=b"));
        assert_ne!(rows_key("model=a"), rows_key(""));
        let since = "start=2026-01-28T12:00";
        assert_eq!(rows_key(&format!("{since}&columns=start")), rows_key(since));
        assert_ne!(rows_key(&format!("{since}&zone=Asia/Shanghai")), rows_key(since));
    }
}
