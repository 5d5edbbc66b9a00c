//! The browser's part of an export: from `fetch` through [`Export`](crate::Export) to the disk.
//!
//! It runs in a worker, so that the page stays responsive. The page starts the worker and exchanges the messages of
//! [`protocol`] with it; [`worker::run`] is the whole program. Whatever is dropped stops: a dropped
//! [`stream::ByteStream`] ends its request, and the file of a dropped worker is removed by [`disk::sweep`].
//!
//! The raw rows go to the [`row_cache`] beside the file, so that another file of the same rows needs no server.
//!
//! Pages that fetch their bytes themselves use `RowExport` of `js_api` instead, a feature of this crate. With it come
//! `PrettyJson` and, for dumps, `DumpReader`.

pub mod answer;
#[cfg(feature = "dumps")]
mod archive_job;
#[cfg(feature = "bundles")]
mod bundle_job;
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
