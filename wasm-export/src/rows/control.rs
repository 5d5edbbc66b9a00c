//! The lines of a stream that are not rows: written and read face to face.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::header::Header;

/// A line that only says that the export is alive. It never reaches a file.
pub const HEARTBEAT: &[u8] = b"\\~\n";

const FAILURE: &[u8] = b"\\!";
const END: &[u8] = b"\\.";

/// The end record: without it a stream is not an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct End {
    /// How many rows the stream held.
    pub rows: u64,
    /// How many bytes those rows were, their newlines included.
    pub bytes: u64,
    /// The [`Digest`] of those bytes.
    pub digest: String,
    /// The [`super::Cursor`] of the last row; `None` when there was no row.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cursor: Option<String>,
}

/// Why an export failed part-way: problem+json (RFC 9457) with Decant's stable `code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Problem {
    /// A URI of this kind of problem; `about:blank` where there is none.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub r#type: String,
    /// What went wrong, in a few words.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub title: String,
    /// The HTTP status that fits.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub status: u16,
    /// What went wrong this time, and what can be done.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub detail: String,
    /// The word programs match on: `source_failed`.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub code: String,
    /// The parameter that was wrong, where one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The request as the server's log names it.
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

/// The digest of the row bytes of a stream: XXH3-64 with seed 0.
#[derive(Clone, Default)]
pub struct Digest(Xxh3);

impl Digest {
    /// The digest of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in further row bytes, newlines included, in any pieces.
    pub fn update(&mut self, rows: &[u8]) {
        self.0.update(rows);
    }

    /// The digest of all bytes so far: 16 lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:016x}", self.0.digest())
    }
}

/// The first line of a stream.
#[must_use]
pub fn header_line(header: &Header) -> Vec<u8> {
    json_line(b"", header)
}

/// The last line of a stream whose rows have all been written.
#[must_use]
pub fn end_line(end: &End) -> Vec<u8> {
    json_line(END, end)
}

/// The last line of a stream that fails part-way.
#[must_use]
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

/// What a line that begins with a backslash is.
pub(super) enum Control<'a> {
    /// A row all the same: its first cell begins with an escape, or is null.
    Row,
    Heartbeat,
    /// The JSON of a [`Problem`].
    Failure(&'a [u8]),
    /// The JSON of an [`End`].
    End(&'a [u8]),
    /// None of those; a later version's perhaps.
    Unknown,
}

impl<'a> Control<'a> {
    /// Tells what a line (without its newline) that begins with a backslash is.
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
