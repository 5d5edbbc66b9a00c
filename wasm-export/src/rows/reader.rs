//! Bytes of a raw-row stream in, in any pieces; header, rows and end out.

use memchr::memchr;

use super::control::{Control, Digest, End, Problem};
use super::error::ReadError;
use super::header::Header;

/// The longest header line, in bytes.
pub const HEADER_BYTES_MAX: usize = 1024 * 1024;

/// The longest row or control line, in bytes.
pub const ROW_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A line buffer that has grown beyond this is given back after the line.
const CARRY_BYTES_KEPT: usize = 1024 * 1024;

/// Reads one raw-row stream. It keeps no more of it than an incomplete last line and the last whole row.
#[derive(Default)]
pub struct Reader {
    header: Option<Header>,
    ended: bool,
    /// The beginning of a line whose newline has not come yet.
    carry: Vec<u8>,
    /// The line in `carry` is whole and has been given out.
    carry_is_read: bool,
    rows: u64,
    bytes: u64,
    digest: Digest,
    last_row: Vec<u8>,
}

/// What comes next in a stream.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// The header, once, before any row.
    Header(&'a Header),
    /// A row.
    Row(Row<'a>),
    /// The export failed on the server; nothing follows.
    Failed(Problem),
    /// The end record, which agrees with the rows; nothing follows.
    End(End),
}

/// One row as PostgreSQL wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    line: &'a [u8],
    number: u64,
    columns: usize,
}

/// The events of one chunk. To be read to its `None`, or to an error; what is left unread is lost.
pub struct Events<'r, 'c> {
    reader: &'r mut Reader,
    chunk: &'c [u8],
    /// Up to where the chunk has been read.
    at: usize,
    /// Where the rows begin that the digest has not seen; they reach to `at`, or end in a control line.
    run_start: usize,
    /// Where the last of those rows begins.
    last_row_start: usize,
}

impl Reader {
    /// A reader at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next bytes of the stream.
    pub fn read<'r, 'c>(&'r mut self, chunk: &'c [u8]) -> Events<'r, 'c> {
        Events { reader: self, chunk, at: 0, run_start: 0, last_row_start: 0 }
    }

    /// The header, once it has come.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Whether the stream has said its last word.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// How many rows have come.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many bytes those rows were, newlines included. Up to date between chunks.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The last whole row without its newline; `None` before the first. Up to date between chunks.
    #[must_use]
    pub fn last_row(&self) -> Option<&[u8]> {
        (self.rows > 0).then_some(self.last_row.as_slice())
    }

    fn drop_read_carry(&mut self) {
        if self.carry_is_read {
            self.carry_is_read = false;
            self.carry.clear();
            self.carry.shrink_to(CARRY_BYTES_KEPT);
        }
    }

    fn line_bytes_max(&self) -> usize {
        if self.header.is_none() { HEADER_BYTES_MAX } else { ROW_BYTES_MAX }
    }

    fn line_is_too_long(&self) -> ReadError {
        match self.header {
            None => ReadError::HeaderTooLong,
            Some(_) => ReadError::RowTooLong { row: self.rows + 1 },
        }
    }

    /// Adds rows to what the end record is checked against; `rows` is whole rows with their newlines.
    fn count(&mut self, rows: &[u8], last_row_start: usize) {
        self.bytes += rows.len() as u64;
        self.digest.update(rows);
        self.last_row.clear();
        self.last_row.extend_from_slice(&rows[last_row_start..rows.len() - 1]);
    }

    /// The same for the one row in `carry`.
    fn count_carry(&mut self) {
        let row = std::mem::take(&mut self.carry);
        self.count(&row, 0);
        self.carry = row;
    }

    fn check_end(&self, end: &End) -> Result<(), ReadError> {
        if end.rows != self.rows {
            return Err(ReadError::EndRows { said: end.rows, came: self.rows });
        }
        if end.bytes != self.bytes {
            return Err(ReadError::EndBytes { said: end.bytes, came: self.bytes });
        }
        if end.digest != self.digest.hex() {
            return Err(ReadError::EndDigest);
        }
        Ok(())
    }
}

impl<'a> Row<'a> {
    /// The whole row without its newline.
    #[must_use]
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Its raw cells, as many as the header has columns.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub fn cells(&self) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, ReadError> {
        self.check_cells(memchr::memchr_iter(b'\t', self.line).count() + 1)?;
        Ok(self.line.split(|&byte| byte == b'\t'))
    }

    /// Checks a number of cells that the caller has counted against the header.
    ///
    /// # Errors
    /// When they differ.
    pub fn check_cells(&self, found: usize) -> Result<(), ReadError> {
        if found == self.columns {
            Ok(())
        } else {
            Err(ReadError::Cells { row: self.number, expected: self.columns, found })
        }
    }
}

/// What a whole line turned out to be. It borrows nothing, so the reader can be changed meanwhile.
enum Line {
    Header,
    Row,
    Heartbeat,
    Failed(Problem),
    End(End),
}

/// Where a whole line lies.
#[derive(Clone, Copy)]
enum Place {
    Carry,
    Chunk { start: usize, end: usize },
}

impl Events<'_, '_> {
    /// The next event; `None` when the chunk has been read.
    ///
    /// # Errors
    /// When the bytes are no raw-row stream, or the end record does not agree with the rows.
    #[expect(clippy::should_implement_trait, reason = "an event borrows from here, which Iterator cannot say")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, ReadError> {
        loop {
            let Some(place) = self.next_line()? else { return Ok(None) };
            let event = match self.read_line(place)? {
                Line::Heartbeat => continue,
                Line::Row => {
                    let columns = self.reader.header.as_ref().map_or(0, |header| header.columns.len());
                    Event::Row(Row { line: self.line(place), number: self.reader.rows, columns })
                }
                Line::Header => return Ok(self.reader.header.as_ref().map(Event::Header)),
                Line::Failed(problem) => Event::Failed(problem),
                Line::End(end) => Event::End(end),
            };
            return Ok(Some(event));
        }
    }

    /// Finds the next whole line; an incomplete one is carried over to the next chunk.
    fn next_line(&mut self) -> Result<Option<Place>, ReadError> {
        self.reader.drop_read_carry();
        let start = self.at;
        let rest = &self.chunk[start..];
        if rest.is_empty() {
            self.end_run(start);
            return Ok(None);
        }
        if self.reader.ended {
            return Err(ReadError::AfterEnd);
        }
        let newline = memchr(b'\n', rest);
        let length = newline.unwrap_or(rest.len());
        if self.reader.carry.len() + length > self.reader.line_bytes_max() {
            return Err(self.reader.line_is_too_long());
        }
        let end = start + length;
        if newline.is_none() {
            self.end_run(start);
            self.reader.carry.extend_from_slice(rest);
            self.at = end;
            return Ok(None);
        }
        self.at = end + 1;
        if self.reader.carry.is_empty() {
            return Ok(Some(Place::Chunk { start, end }));
        }
        self.reader.carry.extend_from_slice(&self.chunk[start..self.at]);
        self.reader.carry_is_read = true;
        self.run_start = self.at;
        Ok(Some(Place::Carry))
    }

    fn line(&self, place: Place) -> &[u8] {
        match place {
            Place::Carry => &self.reader.carry[..self.reader.carry.len() - 1],
            Place::Chunk { start, end } => &self.chunk[start..end],
        }
    }

    fn read_line(&mut self, place: Place) -> Result<Line, ReadError> {
        let control = match self.line(place) {
            line @ [b'\\', ..] => Control::read(line),
            _ => Control::Row,
        };
        if self.reader.header.is_some() && matches!(control, Control::Row) {
            self.take_row(place);
            return Ok(Line::Row);
        }
        let row = self.reader.rows + 1;
        let line = match control {
            Control::Row => {
                let header = Header::read(self.line(place))?;
                self.reader.header = Some(header);
                Line::Header
            }
            Control::Heartbeat => Line::Heartbeat,
            Control::Failure(json) => Line::Failed(control_json(json, row)?),
            Control::End(json) => Line::End(control_json(json, row)?),
            Control::Unknown => return Err(ReadError::UnknownControl { row }),
        };
        self.end_run(match place {
            Place::Carry => self.run_start,
            Place::Chunk { start, .. } => start,
        });
        self.run_start = self.at;
        match &line {
            Line::Failed(_) => self.reader.ended = true,
            Line::End(end) => {
                self.reader.check_end(end)?;
                self.reader.ended = true;
            }
            _ => {}
        }
        Ok(line)
    }

    fn take_row(&mut self, place: Place) {
        self.reader.rows += 1;
        match place {
            Place::Carry => self.reader.count_carry(),
            Place::Chunk { start, .. } => self.last_row_start = start,
        }
    }

    /// Counts the rows up to here, all at once: one digest over a run of rows costs far less than one a row.
    fn end_run(&mut self, end: usize) {
        if end > self.run_start {
            self.reader.count(&self.chunk[self.run_start..end], self.last_row_start - self.run_start);
            self.run_start = end;
        }
    }
}

fn control_json<T: serde::de::DeserializeOwned>(json: &[u8], row: u64) -> Result<T, ReadError> {
    serde_json::from_slice(json).map_err(|error| ReadError::ControlJson { row, reason: error.to_string() })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
