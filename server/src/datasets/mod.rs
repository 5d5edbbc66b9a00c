//! Datasets: declared in TOML, prepared against the database, narrowed by filters, turned into SQL.

mod after;
pub mod catalog;
pub mod definition;
pub mod options;
pub mod query;
mod search_path;
pub mod selection;
pub mod template;

pub use catalog::{Catalog, Dataset};
pub use query::Query;
pub use selection::Selection;
