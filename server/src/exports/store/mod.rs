//! The records of exports, as requests use them.
//!
//! - `create` records new exports, with the limits of a person.
//! - `find` returns one export, its messages and its place in the queue, and waits for its end.
//! - `limits` returns what a person or a workspace may still do.
//! - `list` returns the exports of a caller.
//! - `config` writes the settings in force for people.
//! - `change` cancels, repeats and deletes.
//! - `permissions` and `templates` list and change these.
//! - `statistics` returns figures.
//! - `workspace_files` lists the stored files of a workspace.
//! - `records` is the connection that they share.

mod change;
mod config;
mod create;
mod find;
mod limits;
mod list;
mod permissions;
mod records;
mod statistics;
mod templates;
mod workspace_files;

pub use create::{Created, Creation};
pub(super) use create::{insert, record_refusal};
pub use list::{ListRequest, Listing};
pub use permissions::PermissionListRequest;
pub use records::ExportStore;
pub(super) use records::{LogKind, log};
