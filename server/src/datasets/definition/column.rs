//! A column of a dataset.

use std::collections::BTreeMap;

use api::datasets::{ColumnRole, Tone};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// For programs: `status_code`.
    pub name: String,
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// SQL of the value. `{name}` is the value of the parameter with this name.
    pub sql: String,
    /// Only for the order and the cursor. It never reaches a file.
    #[serde(default)]
    pub hidden: bool,
    /// Left out, unless an administrator chooses it by name.
    #[serde(default)]
    pub secret: bool,
    /// Left out, unless a caller chooses it by name or asks for all system fields.
    #[serde(default)]
    pub system: bool,
    /// The boolean parameter that must be true. Otherwise the column is left out, unless a caller chooses it by name.
    pub when: Option<String>,
    /// Whether the table shows it at first. See [`Definition::table`](super::Definition::table).
    pub table: Option<bool>,
    /// Its width in the table, in pixels.
    pub width: Option<u16>,
    /// Its part in the table.
    pub role: Option<ColumnRole>,
    /// The tones of values as in a CSV file. `5*` is any value that begins so, and an empty text is no value.
    #[serde(default)]
    pub tones: BTreeMap<String, Tone>,
}
