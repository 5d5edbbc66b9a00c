//! Decant's formatter: PostgreSQL's raw rows in, a finished file out, natively and in the browser.
//!
//! Every file of Decant is made here, whoever asks for it: the export worker in the visitor's browser, the server's
//! fallback, a background export, the command line. So the same rows give the same bytes everywhere.
//!
//! | module | what |
//! |---|---|
//! | [`rows`] | the raw-row stream: header, rows, end record; written and read face to face |
//! | [`options`], `locale` | what a caller may choose about a file; what Excel expects where it runs |
//! | [`export`] | [`Export`]: push bytes, finish |
//! | [`mod@format`] | the formats, one file each; the formula guard and its decoder |
//! | [`value`] | a raw cell and its column's kind, understood |
//! | [`sum`] | exact sums of decimal text |
//! | [`timestamp`], [`zone`] | times, written again in a zone and a style |
//! | `compression`, `deflate`, `zip` | the whole file packed |
//! | [`mod@file_name`] | what a finished file is called, and what the name of one says |
//! | [`json`] | what is wrong with a JSON document, and where |
//! | [`pretty`] | a JSON document laid out for people, losing nothing |
//! | [`reading`] | files read back: their rows, and whether they are well formed |
//! | [`mod@convert`], [`mod@verify`] | a file made into another; a file checked |
//! | [`dump`] | PostgreSQL's own dumps: what is in one, and whether it is whole |
//! | [`session_request`] | the file of a session's stored request |
//!
//! No module here opens a connection, reads a clock or waits; only `browser`, which exists on wasm32 alone, does.
//!
//! ```
//! use wasm_export::rows::{Column, Cursor, Digest, End, Header, Kind, end_line, header_line};
//! use wasm_export::{Export, Options};
//!
//! // What a server writes …
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
//!     dataset: "greetings".to_owned(),
//!     title: "Greetings".to_owned(),
//!     columns: vec![column("id", Kind::Integer), column("said", Kind::Text)],
//!     order: vec!["id".to_owned()],
//!     as_of: "2026-01-28T12:00:00Z".to_owned(),
//!     zone: "UTC".to_owned(),
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
//!     cursor: Some(Cursor::encode([&b"2"[..]])),
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
//! assert_eq!(String::from_utf8(file)?, "\u{feff}\"ID\",SAID\r\n1,\"hello, world\"\r\n2,\"'=1+1\"\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(target_arch = "wasm32")]
pub mod browser;
mod compression;
pub mod convert;
mod day;
mod deflate;
pub mod dump;
pub mod export;
pub mod file_name;
pub mod format;
pub mod json;
mod locale;
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
pub mod value;
pub mod verify;
mod zip;
pub mod zone;

pub use convert::{ConvertError, convert};
pub use export::{Export, ExportError, Progress, ResumePoint, Summary};
pub use file_name::{LocalTime, file_name, format_from_file_name};
pub use options::Options;
pub use verify::{Verified, verify};
pub use zone::Zone;
