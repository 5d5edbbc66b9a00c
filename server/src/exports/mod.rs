//! Background exports: files that outlive the request. A record in the state database says what is to be made and how far it is;
//! workers make the files and store them.
//!
//! | module | content |
//! |---|---|
//! | `options` | the settings |
//! | [`alerts`] | alerts for operators |
//! | [`analytics`] | sums by day, which stay when records are removed |
//! | [`metrics`], [`backlog`] | what this process has done; what waits, runs and is stored in all processes |
//! | `record` | an export as it is recorded, and as callers see it |
//! | `order` | a requested export, checked and planned |
//! | `new_export` | an export that is to be recorded |
//! | `idempotency` | requests that are sent twice |
//! | `store` | the records: created, found, listed, cancelled, repeated, deleted |
//! | [`schedules`] | exports that are made again and again, or once at a later time |
//! | `limits` | what a person may create, run and store |
//! | `notices` | notifications between processes, in PostgreSQL and Redis |
//! | `queue` | which export is next, and the lease of the worker that has it |
//! | `plan`, `failure` | the rows and the formatter of a record, with the rights of now; why an attempt fails |
//! | `work` | workers |
//! | `error` | why a request for exports fails |
//! | [`files`] | the stored files: written with a manifest, read, listed, removed |
//! | `checked_stream` | a file compared with its hash while it is sent |
//! | [`file_key`] | their names |
//! | [`file_manifest`] | the manifest beside each |
//! | [`file_access`] | why a file cannot be had |
//! | `stored_file` | the file of a record |
//! | [`file_options`] | the settings of files |
//! | [`stored_exports`] | all that works on files, together |
//! | [`download`], [`open_downloads`] | downloads, counted when they are complete; those that have not ended |
//! | [`links`], [`link_signature`], [`link_address`] | links that need no other credential |
//! | [`deliveries`] | recipients of files, and the records of deliveries |
//! | [`sending`] | e-mail and webhooks are sent |
//! | [`verify`] | the check of a stored file |
//! | [`receipt`] | signed receipts of files |
//! | `new_permission` | a permission that is to be recorded |
//! | `templates`, `new_template` | values for requests: built in, and to be recorded |
//! | `relative_days` | days that are counted from today |
//! | `increments` | the runs of incremental schedules: one at a time, from where the last one ended |
//! | `run_rows` | the rows of a run of an incremental schedule |
//! | `target` | an export as permissions see it |
//! | `expiry` | the end of the time for which a file is kept |
//! | [`cleanup`], [`cleanup_schedule`] | what is over is removed |
//! | [`cleanup_report`] | what a clean-up reports |
//! | `orphans` | files without an export, exports without their file |
//! | `usage` | the space of each owner |
//!
//! PostgreSQL holds the truth. A notification is only a hint: workers look for exports every few seconds in any case, so
//! nothing is lost with a message, and nothing is done twice with two.

pub mod alerts;
pub mod analytics;
pub mod backlog;
mod checked_stream;
pub mod cleanup;
pub mod cleanup_report;
pub mod cleanup_schedule;
pub mod deliveries;
pub mod download;
pub mod error;
mod expiry;
mod failure;
pub mod file_access;
pub mod file_key;
pub mod file_manifest;
pub mod file_options;
pub mod files;
pub mod idempotency;
mod increments;
pub mod limits;
pub mod link_address;
pub mod link_signature;
pub mod links;
pub mod metrics;
pub mod new_export;
pub mod new_permission;
pub mod new_template;
pub mod notices;
pub mod open_downloads;
pub mod options;
pub mod order;
pub mod order_error;
mod orphans;
pub mod plan;
mod queue;
pub mod receipt;
pub mod record;
pub mod relative_days;
mod run_rows;
pub mod schedules;
pub mod sending;
pub mod store;
pub mod stored_exports;
mod stored_file;
mod target;
pub mod templates;
mod usage;
pub mod verify;
pub mod work;

pub use error::ExportError;
pub use options::Options;
