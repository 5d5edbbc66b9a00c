//! Datasets, row counts and the values of filters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasm_export::options::{Format, Layout};
use wasm_export::rows::Column;
pub use wasm_export::tone::Tone;

use crate::workspaces::WorkspaceRole;

crate::examples! {
    Datasets = "datasets",
    Dataset = "dataset",
    RowCount = "row_count",
    Summary = "summary",
    FilterOptions = "filter_options",
    RowsRequest = "rows_request",
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Datasets {
    /// Those that the caller may see, ordered by name.
    pub datasets: Vec<Dataset>,
    /// Whether the database is a hub's. Otherwise there are no session requests and no log clean-up.
    #[serde(default = "yes")]
    pub hub: bool,
}

/// A dataset as this caller may use it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dataset {
    /// As in its address: `usage-logs`.
    pub name: String,
    pub title: String,
    /// The heading under which the page lists it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether the page lists it.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub listed: bool,
    pub available: bool,
    /// Whether its rows belong to workspaces. Each request then names one with the parameter `workspace`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub workspace: bool,
    /// Whether the runs of a schedule may have the new rows only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incremental: bool,
    /// The least role in a workspace that may export its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_role: Option<WorkspaceRole>,
    /// Why it is not available, for administrators: file, key and PostgreSQL's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Empty while the dataset is not available.
    pub columns: Vec<Column>,
    /// Names of the columns that order the rows.
    pub order: Vec<String>,
    /// Whether the order begins with the greatest value of its first column.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub descending: bool,
    /// Only those that the caller may use.
    pub filters: Vec<Filter>,
    /// Values that the columns depend on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The columns that a table shows at first, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<TableColumn>,
    /// Filters to set with one click.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quick: Vec<Quick>,
    /// Values of all rows of a selection, which `/api/datasets/{name}/summary` gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// Formats that can have these columns. Empty while the dataset is not available.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub formats: Vec<Format>,
    /// Layouts of a Markdown file that can have these columns.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub layouts: Vec<Layout>,
    /// The name of its files without the extension, in which `{date}`, `{time}` and, if the rows belong to workspaces, `{scope}`
    /// stand for what the client knows. Absent: the dataset's name and the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Filter {
    /// The query parameter: `status_code`.
    pub name: String,
    pub label: String,
    pub kind: FilterKind,
    /// Whether it takes several values, separated by commas or each in a parameter of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub many: bool,
    /// The only values that it takes. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether `/api/datasets/{name}/options/{filter}` lists its values.
    pub options: bool,
    /// The column whose values it takes: a page lets a visitor tick rows, and asks for them with this filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticks: Option<String>,
    /// How a row's value compares with the filter's. Absent: a page does not name it.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// The comparison of a row's value with the value of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    Equal,
    Contains,
    /// It begins with the filter's value.
    Begins,
    /// It is the filter's value or greater.
    Least,
    /// It is the filter's value or less.
    Most,
    /// It is less than the filter's value. A page that asks for a last day sends the day after it.
    Before,
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
    /// At most 30 digits before the point and 20 after it.
    Decimal,
    Uuid,
    /// `2026-01-28`.
    Date,
}

/// A value that the columns of a dataset depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parameter {
    /// The query parameter: `includeTimestamps`.
    pub name: String,
    pub label: String,
    pub kind: FilterKind,
    /// The value without the query parameter.
    pub default: String,
}

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableColumn {
    pub name: String,
    /// In pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ColumnRole>,
    /// The tones of values as in a CSV file. `5*` is any value that begins so, and an empty text is no value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tones: BTreeMap<String, Tone>,
}

/// The part that a column has in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ColumnRole {
    /// The first column, which stays in sight.
    Time,
    /// The second column.
    Status,
    /// Whose row it is. A caller who sees only their own rows is not shown it.
    Owner,
    /// Where the row comes from, such as a key.
    Origin,
    /// What the row is about.
    Main,
    Number,
    /// US dollars.
    Usd,
    /// Milliseconds.
    Duration,
}

/// Filters that a page sets with one click.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quick {
    pub name: String,
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The values of filters and parameters, of which none means all rows. A time may be `today`, `this month`, or `7 days`: the
    /// first of the last seven days in the caller's zone.
    pub filters: BTreeMap<String, String>,
}

/// A value of all rows of a selection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figure {
    /// In `/api/datasets` and in the summary, unique within the dataset: `cost`.
    pub name: String,
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    pub format: FigureFormat,
}

/// How a page shows a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum FigureFormat {
    /// With all its digits, grouped by thousands: 98,731.
    #[default]
    Number,
    /// Three digits or so: 1.32 B.
    Compact,
    /// US dollars, with cents.
    Usd,
    /// As a percentage of the first figure.
    Share,
}

/// The figures of a selection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summary {
    /// In the order of the dataset's figures.
    pub figures: Vec<FigureValue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FigureValue {
    pub name: String,
    /// As PostgreSQL writes it, without rounding: `1795.310000000000001`. Absent without a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A selection of rows as a body, for selections that are too long for an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RowsRequest {
    /// Filters and parameters by name, each with a value or a list of them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub filters: BTreeMap<String, FilterValues>,
    /// Names of columns, in the order of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// `declared` or `reversed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Of times without a zone: an IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// A cursor of an end record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The start time of the export that is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Whether columns that describe the system are not left out.
    #[serde(
        default,
        rename = "includeSystemFields",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub include_system_fields: bool,
    /// The id of the workspace, for a dataset whose rows belong to workspaces. The query parameter has the same meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    #[serde(default, rename = "dateRange", skip_serializing_if = "Option::is_none")]
    pub date_range: Option<DateRange>,
}

/// The times of the column that the dataset declares as its range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DateRange {
    /// The first time, or a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The time before which the range ends, or its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// The values of a filter in a body: a text, number or boolean, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FilterValues(pub Vec<String>);

impl<'de> Deserialize<'de> for FilterValues {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(value) => Ok(value.to_string()),
            _ => Err(serde::de::Error::custom(
                "the value of a filter is a text, a number, a boolean, or a list of them",
            )),
        };
        let values = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(values) => values.into_iter().map(text).collect::<Result<_, _>>()?,
            value => vec![text(value)?],
        };
        Ok(Self(values))
    }
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
    /// Whether there may be more values than are listed. A search finds them.
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FilterOption {
    /// The value of the query parameter.
    pub value: String,
    pub label: String,
}
