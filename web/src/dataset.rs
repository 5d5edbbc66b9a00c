//! Datasets and their filters.

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

/// Identifies the rows of a selection: equal keys, equal rows. Columns do not matter, and the zone only
/// if a filter on a time is set, since the server reads that time in the zone.
pub fn rows_key(dataset: &Dataset, selection: &Selection) -> String {
    let reads_time = dataset
        .filters
        .iter()
        .any(|filter| filter.kind == FilterKind::Timestamp && selection.filters.contains_key(&filter.name));
    let deciding = Selection {
        filters: selection.filters.clone(),
        columns: None,
        zone: selection.zone.clone().filter(|_| reads_time),
    };
    format!("{}?{}", dataset.name, deciding.rows_query())
}

/// Returns the column's own name if the dataset has no such column.
pub fn column_label(dataset: &Dataset, name: &str) -> String {
    let column = dataset.columns.iter().find(|column| column.name == name);
    column.map_or_else(|| name.to_owned(), |column| column.label.clone())
}

#[cfg(test)]
mod tests {
    use api::datasets::Filter;

    use super::*;

    #[test]
    fn the_rows_are_the_same_in_every_zone_unless_a_time_is_read_in_it() {
        let filter = |name: &str, kind| Filter {
            name: name.to_owned(),
            label: name.to_owned(),
            kind,
            many: false,
            values: Vec::new(),
            options: false,
            comparison: None,
        };
        let dataset = Dataset {
            name: "logs".to_owned(),
            title: "Logs".to_owned(),
            group: None,
            listed: true,
            available: true,
            reason: None,
            columns: Vec::new(),
            order: Vec::new(),
            descending: false,
            filters: vec![
                filter("start", FilterKind::Timestamp),
                filter("model", FilterKind::Text),
            ],
            parameters: Vec::new(),
            table: Vec::new(),
            quick: Vec::new(),
            figures: Vec::new(),
            formats: Vec::new(),
            layouts: Vec::new(),
        };
        let key = |query: &str| rows_key(&dataset, &Selection::parse(query));
        assert_eq!(key("model=a&zone=Asia/Shanghai&columns=model"), key("model=a"));
        assert_ne!(key("model=a"), key("model=b"));
        assert_ne!(key("model=a"), key(""));
        let since = "start=2026-01-28T12:00";
        assert_eq!(key(&format!("{since}&columns=start")), key(since));
        assert_ne!(key(&format!("{since}&zone=Asia/Shanghai")), key(since));
    }
}
