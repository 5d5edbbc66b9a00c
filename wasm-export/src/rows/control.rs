//! The lines of a stream that are not rows, written and read side by side.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::header::Header;

/// A line that shows that the export is alive. It never reaches a file.
pub const HEARTBEAT: &[u8] = b"\\~\n";

const FAILURE: &[u8] = b"\\!";
const END: &[u8] = b"\\.";

/// The end record, without which a stream is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct End {
    /// Number of rows in the stream.
    pub rows: u64,
    /// Bytes of these rows, newlines included.
    pub bytes: u64,
    /// The [`Digest`] of these bytes.
    pub digest: String,
    /// The [`super::Cursor`] of the last row; `None` when there was no row.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cursor: Option<String>,
}

/// Why an export failed midway: problem+json (RFC 9457) with Decant's stable `code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Problem {
    /// A URI for the kind of problem, or `about:blank`.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub r#type: String,
    /// A short text, the same for every problem with this code.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub title: String,
    /// The HTTP status that fits.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub status: u16,
    /// The cause of this problem, and advice.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub detail: String,
    /// A stable word for programs: `source_failed`.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub code: String,
    /// The parameter that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The id of the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Default for Problem {
    fn default() -> Self {
        Self {
            r#type: "about:blank".to_owned(),
            title: String::new(),
            status: 500,
            detail: String::new(),
            code: String::new(),
            field: None,
            request_id: None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.title.is_empty(), self.detail.is_empty()) {
            (false, false) => write!(f, "{}: {}", self.title, self.detail),
            (false, true) => f.write_str(&self.title),
            (true, false) => f.write_str(&self.detail),
            (true, true) => f.write_str("the server gave no reason"),
        }
    }
}

/// The digest of a stream's row bytes: XXH3-64 with seed 0.
#[derive(Clone, Default)]
pub struct Digest(Xxh3);

impl Digest {
    /// Returns the digest of no bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds row bytes, newlines included, in pieces of any length.
    pub fn update(&mut self, rows: &[u8]) {
        self.0.update(rows);
    }

    /// Returns the digest of all bytes so far: 16 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.0.digest())
    }
}

/// Returns the first line of a stream.
pub fn header_line(header: &Header) -> Vec<u8> {
    json_line(b"", header)
}

/// Returns the last line of a complete stream.
pub fn end_line(end: &End) -> Vec<u8> {
    json_line(END, end)
}

/// Returns the last line of a stream that fails midway.
pub fn failure_line(problem: &Problem) -> Vec<u8> {
    json_line(FAILURE, problem)
}

fn json_line(mark: &[u8], value: &impl Serialize) -> Vec<u8> {
    let mut line = mark.to_vec();
    serde_json::to_writer(&mut line, value)
        .expect("these structs have string keys, and a Vec takes every byte");
    line.push(b'\n');
    line
}

/// The kind of a line that begins with a backslash.
pub(super) enum Control<'a> {
    /// A row whose first cell begins with an escape or is null.
    Row,
    Heartbeat,
    /// The JSON of a [`Problem`].
    Failure(&'a [u8]),
    /// The JSON of an [`End`].
    End(&'a [u8]),
    /// Any other line, perhaps of a later version.
    Unknown,
}

impl<'a> Control<'a> {
    /// Returns the kind of a line that begins with a backslash. `line` has no newline.
    pub(super) fn read(line: &'a [u8]) -> Self {
        match line.get(1) {
            Some(b'N' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' | b'v') => Self::Row,
            Some(b'~') if line.len() == 2 => Self::Heartbeat,
            Some(b'!') => Self::Failure(&line[2..]),
            Some(b'.') => Self::End(&line[2..]),
            _ => Self::Unknown,
        }
    }
}
