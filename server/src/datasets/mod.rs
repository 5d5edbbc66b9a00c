//! Datasets: declared in TOML, checked against the database, narrowed by a selection, turned into SQL.
//!
//! | module | content |
//! |---|---|
//! | [`definition`] | a dataset as its TOML file declares it |
//! | [`words`] | parameter names that no filter may have |
//! | [`catalog`] | all datasets, and whether the database can answer them |
//! | `search_path` | other roles that may create functions where a site's SQL finds them |
//! | [`selection`] | a caller's columns, filters, limit and cursor |
//! | [`query`] | the SQL of a selection, within the caller's scope |
//! | `keyset` | the condition "after this row" |
//! | [`template`] | SQL with placeholders for values |
//! | [`options`] | the values that a filter offers |

pub mod catalog;
pub mod definition;
mod keyset;
pub mod options;
pub mod query;
mod search_path;
pub mod selection;
pub mod template;
pub mod words;

pub use catalog::{Catalog, Dataset};
pub use query::Query;
pub use selection::Selection;
