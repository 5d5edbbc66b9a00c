//! Datasets: declared in TOML, prepared against the database, narrowed by filters, turned into SQL.

pub mod catalog;
pub mod definition;
pub mod options;
pub mod query;
pub mod selection;

pub use catalog::{Catalog, Dataset};
pub use query::Query;
pub use selection::{ParameterError, Selection};
