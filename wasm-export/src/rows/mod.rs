//! The raw-row stream, written and read side by side.
//!
//! A stream is lines of UTF-8, readable with `curl`:
//!
//! 1. one JSON [`Header`];
//! 2. rows as PostgreSQL's `COPY … TO STDOUT (FORMAT text)` writes them: cells separated by a tab, `\N` for null,
//!    backslash escapes (<https://www.postgresql.org/docs/current/sql-copy.html>, "Text Format");
//! 3. control lines, each beginning with a backslash and a character that COPY never writes there:
//!    `\~` is a heartbeat, `\!{problem}` a failed export, `\.{end}` the end record.
//!
//! The stream of a bundle is the streams of its parts, one behind the other. The header of each names its part.
//!
//! Only a stream with an end record is complete. The record contains the number of rows, the number of their bytes, and
//! the digest of these bytes.

mod control;
mod copy_text;
mod cursor;
mod error;
mod event;
mod header;
mod limits;
mod reader;
mod tally;

pub use control::{Digest, End, HEARTBEAT, Problem, end_line, failure_line, header_line};
pub(crate) use copy_text::read_escape;
pub use copy_text::{NULL, escape_into, unescape, unescape_into};
pub use cursor::{Cursor, CursorError};
pub use error::ReadError;
pub use event::{Event, Row};
pub use header::{BUNDLE_MEDIA_TYPE, Column, Header, Highlight, Kind, MEDIA_TYPE};
pub use limits::{HEADER_BYTES_MAX, ROW_BYTES_MAX, VERSION};
pub use reader::{Events, Reader};
