//! Quick choices: filters that the page sets with one click, such as the last seven days.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quick {
    /// Unique within the dataset: `last-week`.
    pub name: String,
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The values of filters and parameters. A time may be `today`, `this month`, or `7 days`: the first of the last seven days.
    #[serde(default)]
    pub filters: BTreeMap<String, String>,
}
