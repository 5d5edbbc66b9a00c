//! The browser's side of an export: bytes from `fetch`, through [`Export`](crate::Export), to the disk.
//!
//! It runs in a worker of its own, so that the page stays free. A page starts the worker and talks to it in the
//! words of [`protocol`]; [`worker::run`] is the whole program. Stopping is dropping: a dropped
//! [`stream::ByteStream`] ends its request, a dropped worker leaves a file that nobody names and that
//! [`disk::sweep`] removes.
//!
//! Beside the file the raw rows are [`kept`]: who wants the same rows in another format gets them from there.
//!
//! Pages that bring their own bytes use `RowExport` of `class` instead, a feature of this crate; with it come
//! `PrettyJson` and, for dumps, `DumpReader`.

pub mod answer;
#[cfg(feature = "dumps")]
mod archive_job;
mod command;
pub mod contents;
pub mod disk;
#[cfg(feature = "js-api")]
pub mod dump;
#[cfg(feature = "dumps")]
mod dump_job;
mod failure;
mod job;
#[cfg(feature = "js-api")]
pub mod js_api;
mod method;
#[cfg(feature = "js-api")]
pub mod pretty;
pub mod protocol;
pub mod row_cache;
pub mod sink;
mod stream;
pub mod worker;
#[cfg(feature = "js-api")]
pub mod writer;
