//! A filter of a dataset, and the values that it takes and offers.

use api::datasets::{Comparison, FilterKind};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// As the query parameter: `status_code`.
    pub name: String,
    pub label: String,
    /// Other names of the query parameter: `statusCode`.
    #[serde(default)]
    pub aliases: Vec<String>,
    pub kind: FilterKind,
    /// SQL of the condition, with `{}` for the value. A boolean filter has no `{}`: its `true` adds the condition.
    pub sql: String,
    /// The filter takes several values, and `{}` is an array of them.
    #[serde(default)]
    pub many: bool,
    /// The only values that it takes. Empty: any.
    #[serde(default)]
    pub values: Vec<String>,
    /// The column whose values it takes, for the tick boxes of the page.
    pub ticks: Option<String>,
    /// Only for administrators. It has no effect for another caller, who sees only their own rows.
    #[serde(default)]
    pub admin_only: bool,
    /// The values that it offers.
    pub options: Option<Choices>,
    /// How a row's value compares with the filter's, for the page.
    pub r#match: Option<Comparison>,
    /// Name of a timestamp filter whose value must be earlier than the value of this filter.
    pub later_than: Option<String>,
    /// A value of another filter with which no row can match.
    pub contradicts: Option<Contradiction>,
}

impl Filter {
    /// Returns whether the filter has this name or alias.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }
}

/// The values that a filter offers: distinct values of the caller's rows, or of another table.
///
/// The SQL of value and label must also fit the dataset's rows where `from` has no `owner` and not only administrators choose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// SQL of the value.
    pub value: String,
    /// SQL of the label.
    pub label: String,
    /// SQL after `from`, when another table is quicker than the dataset's rows. Without an `owner`, only administrators are
    /// offered its values; another caller is offered those of their own rows.
    pub from: Option<String>,
    /// SQL of the id of the user who may choose a value.
    pub owner: Option<String>,
}

/// Two filters that cannot both hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    pub filter: String,
    /// Its value that contradicts.
    pub value: String,
}

/// Returns the PostgreSQL type of the value, for a cast.
pub fn pg_type(kind: FilterKind) -> &'static str {
    match kind {
        FilterKind::Integer => "bigint",
        FilterKind::Text => "pg_catalog.text",
        FilterKind::Timestamp => "pg_catalog.timestamptz",
        FilterKind::Boolean => "boolean",
        FilterKind::Decimal => "numeric",
        FilterKind::Uuid => "pg_catalog.uuid",
        FilterKind::Date => "pg_catalog.date",
    }
}
