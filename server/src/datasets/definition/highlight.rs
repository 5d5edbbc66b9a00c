//! Rows of a dataset that a report shows before the others.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasm_export::rows;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Highlight {
    pub heading: String,
    /// By the name of a column, the values of which it must have one.
    pub r#where: BTreeMap<String, Vec<String>>,
    /// The names of the columns that are shown.
    pub columns: Vec<String>,
}

impl Highlight {
    /// Returns the highlight for the header of a raw-row stream.
    pub fn in_header(&self) -> rows::Highlight {
        rows::Highlight {
            heading: self.heading.clone(),
            r#where: self.r#where.clone(),
            columns: self.columns.clone(),
        }
    }
}
