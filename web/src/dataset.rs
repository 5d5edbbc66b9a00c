//! Datasets and their filters.

use std::collections::BTreeMap;

use api::datasets::{Dataset, FilterKind};

use crate::selection::Selection;

/// Returns the names of the visible columns.
pub fn column_names(dataset: &Dataset) -> impl Iterator<Item = &str> {
    dataset
        .columns
        .iter()
        .filter(|column| !column.hidden)
        .map(|column| column.name.as_str())
}

/// Returns the names of the columns that the table shows at first.
pub fn table_columns(dataset: &Dataset) -> Vec<String> {
    let all: Vec<&str> = column_names(dataset).collect();
    let names = dataset.table.iter().map(|column| column.name.as_str());
    let shown: Vec<&str> = names.filter(|name| all.contains(name)).collect();
    let shown = if shown.is_empty() { all } else { shown };
    shown.into_iter().map(str::to_owned).collect()
}

/// Returns whether the dataset has a filter or a parameter with this name.
pub fn has_filter(dataset: &Dataset, name: &str) -> bool {
    let mut filters = dataset.filters.iter();
    let mut parameters = dataset.parameters.iter();
    filters.any(|filter| filter.name == name) || parameters.any(|parameter| parameter.name == name)
}

/// The filters of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkFilters {
    pub applied: BTreeMap<String, String>,
    /// Those that the dataset does not have, or not for this caller.
    pub unknown: BTreeMap<String, String>,
}

impl LinkFilters {
    pub fn new(dataset: &Dataset, filters: BTreeMap<String, String>) -> Self {
        let has = |(name, _): &(String, String)| has_filter(dataset, name);
        let (mut applied, unknown): (BTreeMap<_, _>, _) = filters.into_iter().partition(has);
        applied.retain(|name, value| !is_switched_off(dataset, name, value));
        Self { applied, unknown }
    }
}

/// A filter that is off is no filter. A parameter that is off may differ from its default.
fn is_switched_off(dataset: &Dataset, name: &str, value: &str) -> bool {
    let filter = dataset.filters.iter().find(|filter| filter.name == name);
    filter.is_some_and(|filter| filter.kind == FilterKind::Boolean) && matches!(value, "false" | "0" | "off")
}

/// Identifies the rows of a selection, with the workspace that they belong to: equal keys, equal rows in the same order. Columns do not matter, and the zone only
/// if a filter on a time is set, since the server reads that time in the zone.
pub fn rows_key(dataset: &Dataset, selection: &Selection) -> String {
    let reads_time = dataset
        .filters
        .iter()
        .any(|filter| filter.kind == FilterKind::Timestamp && selection.filters.contains_key(&filter.name));
    let deciding = Selection {
        filters: selection.filters.clone(),
        workspace: selection.workspace.clone(),
        zone: selection.zone.clone().filter(|_| reads_time),
        reversed: selection.reversed,
        ..Selection::default()
    };
    format!("{}?{}", dataset.name, deciding.rows_query())
}

/// Returns the column's own name if the dataset has no such column.
pub fn column_label(dataset: &Dataset, name: &str) -> String {
    let column = dataset.columns.iter().find(|column| column.name == name);
    column.map_or_else(|| name.to_owned(), |column| column.label.clone())
}

/// Returns a dataset with two filters and some quick choices.
#[cfg(test)]
pub fn sample() -> Dataset {
    let json = serde_json::json!({
        "name": "logs", "title": "Logs", "available": true, "order": ["time"], "descending": true,
        "columns": [
            { "name": "user", "label": "User", "kind": "text", "pg_type": "text" },
            { "name": "time", "label": "Time", "kind": "timestamp", "pg_type": "timestamptz" },
            { "name": "cost", "label": "Cost (USD)", "kind": "decimal", "pg_type": "numeric" },
            { "name": "took", "label": "Duration (ms)", "kind": "integer", "pg_type": "int4" },
            { "name": "id", "label": "ID", "kind": "integer", "pg_type": "int4", "hidden": true },
        ],
        "filters": [
            { "name": "start", "label": "From", "kind": "timestamp", "options": false },
            { "name": "end", "label": "Before", "kind": "timestamp", "options": false, "match": "before" },
            { "name": "model", "label": "Model", "kind": "text", "options": true },
        ],
        "table": [
            { "name": "time", "width": 156, "role": "time" },
            { "name": "took", "role": "duration" },
            { "name": "cost", "width": 96, "role": "usd" },
        ],
        "quick": [
            { "name": "all", "label": "All", "filters": {} },
            { "name": "today", "label": "Today", "filters": { "start": "today" } },
            { "name": "week", "label": "7 days", "filters": { "start": "7 days" } },
            { "name": "month", "label": "This month", "filters": { "start": "this month" } },
        ],
        "formats": [], "layouts": [],
    });
    serde_json::from_value(json).expect("it is a dataset")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_the_same_in_every_zone_unless_a_time_is_read_in_it() {
        let dataset = sample();
        let key = |query: &str| rows_key(&dataset, &Selection::parse(query));
        assert_eq!(key("model=a&zone=Asia/Shanghai&columns=model"), key("model=a"));
        assert_ne!(key("model=a"), key("model=b"));
        assert_ne!(key("model=a"), key(""));
        assert_ne!(key("workspace=1&model=a"), key("workspace=2&model=a"));
        let since = "start=2026-01-28T12:00";
        assert_eq!(key(&format!("{since}&columns=start")), key(since));
        assert_ne!(key(&format!("{since}&zone=Asia/Shanghai")), key(since));
    }

    #[test]
    fn the_order_decides_about_the_rows_and_the_page_does_not() {
        let dataset = sample();
        let key = |query: &str| rows_key(&dataset, &Selection::parse(query));
        assert_ne!(key("model=a&sort=reversed"), key("model=a"));
        assert_eq!(key("model=a&limit=100&after=abc.100"), key("model=a"));
    }

    #[test]
    fn filters_of_a_link_apply_only_if_the_dataset_has_them() {
        let mut dataset = sample();
        let filters = |query: &str| Selection::parse(query).filters;
        let link = LinkFilters::new(&dataset, filters("model=a&user=3&colour=red"));
        assert_eq!(link.applied, filters("model=a"));
        assert_eq!(link.unknown, filters("user=3&colour=red"));

        let failed = serde_json::json!(
            { "name": "failed", "label": "Failed", "kind": "boolean", "options": false });
        dataset.filters.push(serde_json::from_value(failed).unwrap());
        let link = |query: &str| LinkFilters::new(&dataset, filters(query));
        assert_eq!(link("failed=false"), LinkFilters::default());
        assert_eq!(link("failed=true").applied, filters("failed=true"));
    }

    #[test]
    fn a_table_without_columns_of_its_own_has_all() {
        let mut dataset = sample();
        assert_eq!(table_columns(&dataset), ["time", "took", "cost"]);
        dataset.table.clear();
        assert_eq!(table_columns(&dataset), ["user", "time", "cost", "took"]);
    }
}
