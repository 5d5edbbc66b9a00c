//! `COPY` as a raw-row stream: header, rows as PostgreSQL wrote them, end record.
//!
//! The stream of a bundle is those of its parts, one behind the other, all read in one transaction.
//!
//! Dropping the stream stops the export: it closes the connection, which ends the query.
//!
//! - `prepared` plans the queries, each into a `planned_part`.
//! - `stream` runs them, and yields chunks, heartbeats and the end.
//! - `chunk_buffer` collects rows into chunks.
//! - `connection` is closed unless all was read.
//! - `bad_characters` finds the value that ended a stream.
//! - `export_audit` records how an export ends.

mod bad_characters;
mod chunk_buffer;
mod connection;
mod export_audit;
mod planned_part;
mod prepared;
mod stream;

pub use chunk_buffer::CHUNK_BYTES;
pub use export_audit::ExportAudit;
pub use prepared::{NothingToExport, PlanError, Prepared};
pub use stream::StreamTiming;
