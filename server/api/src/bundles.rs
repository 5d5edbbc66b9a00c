//! Bundles: several datasets in one file.

use serde::{Deserialize, Serialize};
use wasm_export::options::Format;

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
    pub available: bool,
    /// Why it is not available, for administrators: file, key and problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The formats of its files, the default first.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub formats: Vec<Format>,
    /// The parts that this database has, in the order of the stream.
    pub parts: Vec<Part>,
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
