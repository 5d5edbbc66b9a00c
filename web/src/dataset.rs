//! What the server says of its datasets.

use serde::Deserialize;
use wasm_export::options::Format;
use wasm_export::rows::Column;

use crate::selection::Selection;

/// A dataset: something that can be looked at and exported.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Dataset {
    /// Its name in addresses: `usage-logs`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Whether the database has what it is made of.
    pub available: bool,
    /// Why not.
    #[serde(default)]
    pub reason: Option<String>,
    /// Its columns in their order.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// What its rows can be narrowed by; only filters that the caller may use are listed.
    #[serde(default)]
    pub filters: Vec<Filter>,
}

/// The formats as people know them.
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

/// What a format is called.
#[must_use]
pub fn format_name(format: Format) -> &'static str {
    FORMATS
        .iter()
        .find(|(known, _)| *known == format)
        .map_or("", |(_, name)| name)
}

/// A way to narrow a dataset's rows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Filter {
    /// Its word in addresses: `status_code`.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What its value is.
    pub kind: FilterKind,
    /// Whether the server can list the values there are.
    #[serde(default)]
    pub options: bool,
}

/// What a filter's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    /// A whole number.
    Integer,
    /// Any text.
    Text,
    /// A time, in the chosen zone where it names none.
    Timestamp,
    /// Yes or no; no is the same as no filter.
    Boolean,
}

/// The values of a filter that rows have.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct FilterOptions {
    /// The values, in an order that people can search.
    pub options: Vec<FilterOption>,
    /// Whether there are more than are listed.
    #[serde(default)]
    pub truncated: bool,
}

/// One value of a filter.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FilterOption {
    /// What the address says.
    pub value: String,
    /// What people read.
    pub label: String,
}

impl Dataset {
    /// The names of the columns that people see.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns
            .iter()
            .filter(|column| !column.hidden)
            .map(|column| column.name.as_str())
    }

    /// The formats that its rows can be written in, each with its name for people. Lines of text are made of probe logs
    /// alone.
    #[must_use]
    pub fn formats(&self) -> Vec<(Format, &'static str)> {
        let has_probes = ["ok", "latency_ms"]
            .iter()
            .all(|probe| self.columns.iter().any(|column| column.name == *probe));
        let mut formats = FORMATS.to_vec();
        formats.retain(|(format, _)| *format != Format::Text || has_probes);
        formats
    }

    /// Which of the rows are meant, in the words of an address: the same text, the same rows. Columns do not decide it,
    /// nor does the zone, unless a time is to be read in it.
    #[must_use]
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

    /// The name for people of a column; its own name where the dataset has none.
    #[must_use]
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
