//! Deletes old rows of the hub's log.
//!
//! The rows are deleted in batches, each a transaction, in the order of the primary key. Rows that another session has
//! locked are left. With `archiveFirst`, all columns of the rows are written to an archive, the archive is read back, and
//! only the versions of rows that it holds are deleted. The hub's ledger, `usage_ledger`, keeps the statistics of deleted
//! rows; clean-ups do not change it.
//!
//! | module | content |
//! |---|---|
//! | [`request`] | the parsed request |
//! | [`message_log`] | the table, with all SQL |
//! | [`archive`] | files of deleted rows in the storage |
//! | [`cleaner`] | starts clean-ups |
//! | [`run`] | the steps of a clean-up |
//! | [`restore`] | inserts the rows of an archive again |
//! | [`schedule`] | clean-ups on a schedule |
//! | `error` | why a clean-up failed |

pub mod archive;
pub mod cleaner;
mod error;
pub mod message_log;
pub mod request;
pub mod restore;
pub mod run;
pub mod schedule;

pub use cleaner::LogCleaner;
pub use error::CleanupError;
pub use restore::Permitted;
pub use run::Batches;
