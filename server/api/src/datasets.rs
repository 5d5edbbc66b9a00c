//! Datasets, row counts and the values of filters.

use serde::{Deserialize, Serialize};
use wasm_export::options::{Format, Layout};
use wasm_export::rows::Column;

crate::examples! {
    Datasets = "datasets",
    Dataset = "dataset",
    RowCount = "row_count",
    FilterOptions = "filter_options",
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Datasets {
    /// Those that the caller may see, ordered by name.
    pub datasets: Vec<Dataset>,
}

/// A dataset as this caller may use it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dataset {
    /// As in its address: `usage-logs`.
    pub name: String,
    pub title: String,
    pub available: bool,
    /// Why it is not available, for administrators: file, key and PostgreSQL's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Empty while the dataset is not available.
    pub columns: Vec<Column>,
    /// Names of the columns that order the rows.
    pub order: Vec<String>,
    /// Only those that the caller may use.
    pub filters: Vec<Filter>,
    /// Formats that can have these columns. Empty while the dataset is not available.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub formats: Vec<Format>,
    /// Layouts of a Markdown file that can have these columns.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub layouts: Vec<Layout>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Filter {
    /// The query parameter: `status_code`.
    pub name: String,
    pub label: String,
    pub kind: FilterKind,
    /// Whether `/api/datasets/{name}/options/{filter}` lists its values.
    pub options: bool,
}

/// The type of a filter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum FilterKind {
    Integer,
    Text,
    /// A time in the `zone` of the request, unless it names its own offset.
    Timestamp,
    /// `true` applies the filter; `false` is the same as no filter.
    Boolean,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RowCount {
    /// Exact, not the planner's estimate.
    pub rows: u64,
}

/// The values that a filter offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FilterOptions {
    /// Distinct values in the order of their labels.
    pub options: Vec<FilterOption>,
    /// Whether there are more values than are listed.
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FilterOption {
    /// The value of the query parameter.
    pub value: String,
    pub label: String,
}
