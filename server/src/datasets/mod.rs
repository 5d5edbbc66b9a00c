//! Datasets: declared in TOML, checked against the database, narrowed by a selection, turned into SQL.
//!
//! - [`definition`] parses the TOML file of a dataset.
//! - [`words`] lists the parameter names that no filter may have.
//! - [`bundle`] parses the definition of a bundle: several datasets in one file. [`bundle_parts`] finds those that a database has,
//!   and [`bundle_request`] parses what a caller asks of them.
//!   `period` completes its times.
//! - [`catalog`] holds all datasets, and checks them against the database.
//! - [`new_definition`] writes a definition of a table or a view.
//! - [`warnings`] finds what is doubtful about a site's own datasets, and `secret_names` columns that look secret.
//! - `search_path` finds roles that may create functions where the SQL of a site would find them.
//! - [`selection`] parses a caller's columns, filters, limit and cursor.
//! - [`query`] makes the SQL of a selection, within the caller's scope.
//! - [`workspaces`] asks who may enter which workspace of a site.
//! - `named_tables` checks the tables that SQL names after `{hub}` or `{site}`.
//! - `column_type` looks up the types of columns, and `definition_files` reads the files of a site.
//! - `unavailable` is why a dataset cannot be used.
//! - `id_type` is the type of the id of an owner or a workspace.
//! - `owner` compares the owner of a row with the subject of a caller.
//! - `value` parses the value of a query parameter.
//! - `export_target` describes an export for permissions.
//! - [`increment`] narrows rows to those since an earlier export, and [`settled`] finds the time before which no row comes any more.
//! - `keyset` makes the condition "after this row".
//! - [`template`] renders SQL with values.
//! - [`options`] reads and caches the values that a filter offers.

pub mod bundle;
pub mod bundle_parts;
pub mod bundle_request;
pub mod catalog;
mod column_type;
pub mod definition;
mod definition_files;
mod export_target;
mod id_type;
pub mod increment;
mod keyset;
mod named_tables;
pub mod new_definition;
pub mod options;
mod owner;
mod period;
pub mod query;
mod search_path;
mod secret_names;
pub mod selection;
pub mod settled;
pub mod template;
pub mod unavailable;
mod value;
pub mod warnings;
pub mod words;
pub mod workspaces;

pub use bundle_parts::BundleParts;
pub use bundle_request::BundleRequest;
pub use catalog::{Catalog, Dataset};
pub use query::{Query, RenderError};
pub use selection::Selection;
