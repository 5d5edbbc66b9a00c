//! Decant's formatter: raw rows from PostgreSQL in, a finished file out, natively and in the browser.
//!
//! This crate makes every file of Decant: for the worker in the browser, for the server, and for the command line. Therefore
//! the same rows give the same bytes everywhere.
//!
//! | module | contents |
//! |---|---|
//! | [`rows`] | the raw-row stream: header, rows, end record; written and read side by side |
//! | [`options`], `locale` | the options of a file; Excel's defaults for a language |
//! | [`export`] | [`Export`]: push bytes, finish |
//! | [`mod@bundle`] | [`Bundle`]: several datasets in one file |
//! | [`grid`] | the first cells of a file as texts, for a preview |
//! | [`mod@format`] | the formats, one file each; the guard against formulas and its decoder |
//! | [`value`] | a raw cell, parsed by the kind of its column |
//! | [`sum`] | exact sums of decimal text |
//! | [`timestamp`], [`zone`] | timestamps, converted to a zone and style |
//! | [`language`], [`tone`] | numbers, dates and labels in the languages of reports; the meaning of values |
//! | `compression`, `deflate`, `zip` | the compression of a whole file |
//! | [`mod@file_name`] | names of finished files |
//! | [`json`] | faults of a JSON document, with their places |
//! | [`pretty`] | JSON documents, indented without loss |
//! | [`reading`] | files read back |
//! | [`mod@convert`], [`mod@verify`] | a file converted to another format; a file checked |
//! | [`dump`] | dumps by pg_dump: their contents, and whether they are whole |
//! | [`session_request`] | the file of a session's stored request |
//!
//! No module opens a connection, reads a clock or waits, except `browser`, which exists on wasm32 only.
//!
//! ```
//! use wasm_export::rows::{Column, Cursor, Digest, End, Header, Kind, end_line, header_line};
//! use wasm_export::{Export, Options};
//!
//! // A server writes a stream …
//! let column = |name: &str, kind| Column {
//!     name: name.to_owned(),
//!     label: name.to_uppercase(),
//!     labels: Default::default(),
//!     kind,
//!     pg_type: "text".to_owned(),
//!     hidden: false,
//! };
//! let header = Header {
//!     decant: 1,
//!     part: None,
//!     dataset: "greetings".to_owned(),
//!     title: "Greetings".to_owned(),
//!     columns: vec![column("id", Kind::Integer), column("text", Kind::Text)],
//!     order: vec!["id".to_owned()],
//!     reversed: false,
//!     as_of: "2026-01-28T12:00:00Z".to_owned(),
//!     zone: "UTC".to_owned(),
//!     fraction: None,
//!     highlights: Vec::new(),
//!     filters: Default::default(),
//!     estimated_rows: None,
//! };
//! let rows = b"1\thello, world\n2\t=1+1\n";
//! let mut digest = Digest::new();
//! digest.update(rows);
//! let end = End {
//!     rows: 2,
//!     bytes: rows.len() as u64,
//!     digest: digest.hex(),
//!     cursor: Some(Cursor::encode([&b"2"[..]], false)),
//! };
//! let stream = [header_line(&header), rows.to_vec(), end_line(&end)].concat();
//!
//! // … becomes a file, however the network cuts it.
//! let mut export = Export::new(Options::default());
//! let mut file = Vec::new();
//! for chunk in stream.chunks(7) {
//!     export.push(chunk, &mut file)?;
//! }
//! let summary = export.finish(&mut file)?;
//! assert_eq!(summary.rows, 2);
//! assert_eq!(String::from_utf8(file)?, "\u{feff}\"ID\",TEXT\r\n1,\"hello, world\"\r\n2,\"'=1+1\"\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod bundle;
mod compression;
pub mod convert;
pub mod day;
mod deflate;
pub mod dump;
pub mod export;
pub mod file_name;
pub mod format;
pub mod grid;
pub mod json;
pub mod language;
mod locale;
mod number;
pub mod options;
pub mod pretty;
pub mod reading;
pub mod rows;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod sample;
pub mod session_request;
pub mod sum;
pub mod timestamp;
pub mod tone;
pub mod value;
pub mod verify;
mod zip;
pub mod zone;

pub use bundle::{Bundle, BundleError};
pub use convert::{ConvertError, convert};
pub use export::{Export, ExportError, Progress, ResumePoint, Summary};
pub use file_name::{file_name, format_from_file_name};
pub use options::Options;
pub use verify::{Verified, verify, verify_archive};
pub use zone::Zone;
