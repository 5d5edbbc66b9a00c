//! Bundles: several datasets in one file.

use serde::{Deserialize, Serialize};
use wasm_export::bundle::Contents;
use wasm_export::options::Format;

use crate::workspaces::WorkspaceRole;

crate::examples! {
    Bundles = "bundles",
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bundles {
    /// Those that the caller may see.
    pub bundles: Vec<Bundle>,
}

/// A bundle as this caller may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bundle {
    /// As in its address: `user-data`.
    pub name: String,
    pub title: String,
    /// The kind of export: `user_data`.
    pub export_type: String,
    /// Whether the rows are those of one person: the caller, or the person that an administrator names.
    pub of_person: bool,
    /// Whether the rows are those of one workspace, which a request names.
    #[serde(default)]
    pub of_workspace: bool,
    /// The least role in the workspace that may export it, if it is of workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_role: Option<WorkspaceRole>,
    /// The days of the period of a request without `start` and `end`. Without the number there is no such period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_days: Option<u16>,
    /// The languages that its HTML file can have, the default first. Without any it has no texts of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    pub available: bool,
    /// Why it is not available, for administrators: file, key and problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The formats of its files, the default first.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub formats: Vec<Format>,
    /// The name of its files without the extension. The client fills `{date}` and `{time}`, `{subject}` for rows of one person,
    /// and `{scope}` and `{workspace}` for those of a workspace. Absent: the name and the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// The parts that this database has, in the order of the stream.
    pub parts: Vec<Part>,
    /// The contents of a file beside its rows: the formatter in the browser takes it as it is. Absent while it is not available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub contents: Option<Contents>,
}

/// A part of a bundle: the rows of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = BundlePart))]
pub struct Part {
    /// The name in the file: `usageLogs`.
    pub name: String,
    /// The title of the dataset.
    pub title: String,
    pub dataset: String,
    /// Whether it has at most one row, which is an object in JSON.
    pub single: bool,
    /// Whether `start` and `end` narrow it.
    pub range: bool,
}
