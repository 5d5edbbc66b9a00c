//! A figure of a dataset: one value of all rows of a selection.

use std::collections::BTreeMap;

use api::datasets::FigureFormat;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// In `/api/datasets` and in the summary, unique within the dataset: `cost`.
    pub name: String,
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// SQL of the value, with an aggregate. `{name}` is the value of the parameter with this name.
    pub sql: String,
    #[serde(default)]
    pub format: FigureFormat,
}

/// Returns the figures of a dataset that declares none: the number of rows.
pub(super) fn of_rows() -> Vec<Figure> {
    vec![Figure {
        name: "rows".to_owned(),
        label: "Rows".to_owned(),
        labels: BTreeMap::new(),
        sql: "pg_catalog.count(*)".to_owned(),
        format: FigureFormat::Number,
    }]
}
