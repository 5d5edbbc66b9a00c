//! A figure of a dataset: one value of all rows of a selection.

use std::collections::BTreeMap;

use api::datasets::FigureFormat;
use serde::Deserialize;

use super::{Definition, check_name, no_name_twice};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// For programs: `cost`.
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

impl Definition {
    pub(super) fn check_figures(&self) -> Result<(), String> {
        no_name_twice("figure", self.figures.iter().map(|figure| figure.name.as_str()))?;
        for figure in &self.figures {
            check_name("figure", &figure.name, '_')?;
        }
        match self.figures.first() {
            Some(first) if first.format == FigureFormat::Share => Err(format!(
                "the figure `{}` is a `share`, which is a part of the first figure; declare another figure before it",
                first.name
            )),
            Some(_) => Ok(()),
            None => {
                Err("`figure` is an empty list; leave it out, and the number of rows is the only one".into())
            }
        }
    }
}
