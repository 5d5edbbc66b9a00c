//! A reader of the raw-row stream that shares no code with the crate under test.

use serde::Deserialize;
use wasm_export::rows::Header;

use crate::problem::Problem;

#[derive(Debug)]
pub struct RawRows {
    pub header: Header,
    /// The rows with their newlines, without control lines.
    pub bytes: Vec<u8>,
    pub heartbeats: usize,
    pub failure: Option<Problem>,
    /// `None` if the stream is incomplete.
    pub end: Option<End>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub rows: u64,
    /// Size of the rows in bytes.
    pub bytes: u64,
    /// XXH3-64 of those bytes, as 16 hexadecimal digits.
    pub digest: String,
    /// Start of the next page; `None` if there are no rows.
    pub cursor: Option<String>,
}

/// The cells of a row; `None` is null.
pub type Row = Vec<Option<String>>;

impl RawRows {
    /// Parses a stream, and checks its end record if there is one. Ignores a last line without newline.
    pub fn parse(stream: &[u8]) -> Self {
        let mut lines = stream
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"));
        let header = lines.next().expect("a stream has a header");
        let header = serde_json::from_slice(header).expect("the header is JSON");
        let mut rows = Self {
            header,
            bytes: Vec::new(),
            heartbeats: 0,
            failure: None,
            end: None,
        };
        for line in lines {
            assert!(
                rows.failure.is_none() && rows.end.is_none(),
                "something follows the last record"
            );
            match line {
                b"\\~\n" => rows.heartbeats += 1,
                [b'\\', b'!', problem @ ..] => {
                    rows.failure = Some(serde_json::from_slice(problem).expect("a failure is a problem"));
                }
                [b'\\', b'.', end @ ..] => {
                    rows.end = Some(serde_json::from_slice(end).expect("an end is JSON"))
                }
                row => rows.bytes.extend_from_slice(row),
            }
        }
        if let Some(end) = &rows.end {
            let digest = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&rows.bytes));
            assert_eq!((end.rows, end.bytes), (rows.count(), rows.bytes.len() as u64));
            assert_eq!(end.digest, digest);
        }
        rows
    }

    /// Parses the streams of a bundle's parts, one behind the other. The last one may be incomplete.
    pub fn parts(stream: &[u8]) -> Vec<Self> {
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        for line in stream.split_inclusive(|byte| *byte == b'\n') {
            part.extend_from_slice(line);
            if line.starts_with(b"\\.") {
                parts.push(Self::parse(&std::mem::take(&mut part)));
            }
        }
        if !part.is_empty() {
            parts.push(Self::parse(&part));
        }
        parts
    }

    /// Asserts that the stream has an end record.
    pub fn whole(self) -> Self {
        assert!(self.failure.is_none(), "{:?}", self.failure);
        assert!(self.end.is_some(), "the stream has no end record");
        self
    }

    pub fn count(&self) -> u64 {
        self.bytes.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// Returns all rows, with hidden columns.
    pub fn rows(&self) -> Vec<Row> {
        let text = std::str::from_utf8(&self.bytes).expect("the rows are UTF-8");
        text.lines()
            .map(|line| line.split('\t').map(cell).collect())
            .collect()
    }

    /// Returns the cells of the column with this name.
    pub fn column(&self, name: &str) -> Row {
        let position = self.position(name);
        self.rows()
            .into_iter()
            .map(|mut row| row.swap_remove(position))
            .collect()
    }

    fn position(&self, name: &str) -> usize {
        let mut columns = self.header.columns.iter();
        columns
            .position(|column| column.name == name)
            .unwrap_or_else(|| panic!("there is no column {name}"))
    }

    /// Returns the cursor of the end record, or else of the last whole row.
    pub fn cursor(&self) -> String {
        use base64::Engine as _;
        if let Some(end) = &self.end {
            return end.cursor.clone().expect("there are rows");
        }
        let last = self.bytes.strip_suffix(b"\n").expect("there are rows");
        let last = last
            .rsplit(|byte| *byte == b'\n')
            .next()
            .expect("there is a last row");
        let cells: Vec<_> = last.split(|byte| *byte == b'\t').collect();
        let order = self.header.order.iter().map(|name| cells[self.position(name)]);
        let cursor = order.collect::<Vec<_>>().join(&b'\t');
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(cursor)
    }
}

/// A cell of `COPY … (FORMAT text)`: <https://www.postgresql.org/docs/current/sql-copy.html>.
fn cell(raw: &str) -> Option<String> {
    if raw == "\\N" {
        return None;
    }
    let mut text = String::new();
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next().expect("a backslash is followed by something") {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                other => other,
            },
            other => other,
        });
    }
    Some(text)
}
