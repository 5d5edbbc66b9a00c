//! Permissions of people and roles for exports: the rows of `decant.export_permissions`, and the defaults where no row decides.
//!
//! | file | contents |
//! |---|---|
//! | `row` | a row of the table |
//! | `target` | the exports that a question is about |
//! | `decision` | which row decides |
//! | `right` | the rights that rows decide about |
//! | `rights` | the rights of one caller |
//! | `store` | reads the rows that count for a caller |
//! | `error` | why something is refused |
//!
//! A row never gives more rows than the access of the dataset. `true` lifts a `false` of a less exact row, and no other limit.

mod decision;
mod error;
mod right;
mod rights;
mod row;
mod store;
mod target;

pub use error::{NotPermitted, TooManyRows};
pub use right::Right;
pub use rights::{DownloadRight, ExportRight, Permissions};
pub use row::PermissionRow;
pub use store::PermissionStore;
pub use target::ExportTarget;
