//! Reads a raw-row stream in pieces of any length.

use memchr::memchr;
use serde::de::DeserializeOwned;

use super::control::{Control, End, Problem};
use super::error::ReadError;
use super::event::{Event, Row};
use super::header::Header;
use super::limits::{HEADER_BYTES_MAX, ROW_BYTES_MAX};
use super::tally::Tally;

/// A line buffer that has grown beyond this length is freed after the line.
const CARRY_BYTES_KEPT: usize = 1024 * 1024;

/// Reads one raw-row stream. It holds an incomplete last line and the last whole row, and nothing else of the stream.
#[derive(Default)]
pub struct Reader {
    header: Option<Header>,
    tally: Tally,
    /// Whether the last line has come.
    ended: bool,
    /// The beginning of a line whose newline has not come yet.
    carry: Vec<u8>,
    /// Whether the line in `carry` is whole and has been returned.
    carry_is_read: bool,
}

/// The events of one chunk. The caller must read them until `None` or an error, because unread events are lost.
#[must_use = "events that are not read are lost"]
pub struct Events<'r, 'c> {
    reader: &'r mut Reader,
    chunk: &'c [u8],
    /// End of the part of the chunk that has been read.
    at: usize,
    /// Start of the rows that the tally does not contain yet. Only rows lie between here and `at`.
    run_start: usize,
    /// Start of the last of these rows.
    last_row_start: usize,
}

impl Reader {
    /// Returns a reader at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next bytes of the stream.
    pub fn read<'r, 'c>(&'r mut self, chunk: &'c [u8]) -> Events<'r, 'c> {
        Events {
            reader: self,
            chunk,
            at: 0,
            run_start: 0,
            last_row_start: 0,
        }
    }

    /// Returns the header, or `None` before it has come.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Returns whether the last line of the stream has come.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns the number of rows so far.
    pub fn rows(&self) -> u64 {
        self.tally.rows
    }

    /// Returns the bytes of these rows, newlines included. The value is exact between chunks only.
    pub fn bytes(&self) -> u64 {
        self.tally.bytes
    }

    /// Returns the last whole row without its newline, or `None` before the first. The value is exact between chunks
    /// only.
    pub fn last_row(&self) -> Option<&[u8]> {
        self.tally.last_row()
    }

    fn drop_read_carry(&mut self) {
        if self.carry_is_read {
            self.carry_is_read = false;
            self.carry.clear();
            self.carry.shrink_to(CARRY_BYTES_KEPT);
        }
    }

    fn check_line_length(&self, length: usize) -> Result<(), ReadError> {
        match self.header {
            None if length > HEADER_BYTES_MAX => Err(ReadError::HeaderTooLong),
            Some(_) if length > ROW_BYTES_MAX => Err(ReadError::RowTooLong {
                row: self.tally.rows + 1,
            }),
            _ => Ok(()),
        }
    }
}

/// The kind of a whole line. It borrows nothing, so that the reader can be changed meanwhile.
enum Line {
    Header,
    Row,
    Heartbeat,
    Failed(Problem),
    End(End),
}

/// The place of a whole line.
#[derive(Clone, Copy)]
enum LineSpan {
    Carry,
    Chunk { start: usize, end: usize },
}

impl<'c> Events<'_, 'c> {
    /// Returns the next event, or `None` at the end of the chunk.
    ///
    /// # Errors
    /// When the bytes are not a raw-row stream, or the end record differs from the rows.
    #[expect(
        clippy::should_implement_trait,
        reason = "an event borrows from here, which Iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, ReadError> {
        loop {
            let Some(span) = self.next_line()? else {
                return Ok(None);
            };
            let event = match self.read_line(span)? {
                Line::Heartbeat => continue,
                Line::Header => self.reader.header.as_ref().map(Event::Header),
                Line::Row => {
                    let columns = self
                        .reader
                        .header
                        .as_ref()
                        .map_or(0, |header| header.columns.len());
                    Some(Event::Row(Row {
                        line: self.line(span),
                        number: self.reader.tally.rows,
                        columns,
                    }))
                }
                Line::Failed(problem) => Some(Event::Failed(problem)),
                Line::End(end) => Some(Event::End(end)),
            };
            return Ok(event);
        }
    }

    /// Returns the bytes of the chunk behind the last event. Behind [`Event::End`] these are the next stream's.
    pub fn rest(self) -> &'c [u8] {
        &self.chunk[self.at..]
    }

    /// Finds the next whole line. An incomplete line is kept for the next chunk.
    fn next_line(&mut self) -> Result<Option<LineSpan>, ReadError> {
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
        let end = newline.map_or(self.chunk.len(), |length| start + length);
        self.reader
            .check_line_length(self.reader.carry.len() + end - start)?;
        if newline.is_none() {
            self.end_run(start);
            self.reader.carry.extend_from_slice(rest);
            self.at = end;
            return Ok(None);
        }
        self.at = end + 1;
        if self.reader.carry.is_empty() {
            return Ok(Some(LineSpan::Chunk { start, end }));
        }
        self.reader.carry.extend_from_slice(&self.chunk[start..self.at]);
        self.reader.carry_is_read = true;
        self.run_start = self.at;
        Ok(Some(LineSpan::Carry))
    }

    fn line(&self, span: LineSpan) -> &[u8] {
        match span {
            LineSpan::Carry => &self.reader.carry[..self.reader.carry.len() - 1],
            LineSpan::Chunk { start, end } => &self.chunk[start..end],
        }
    }

    fn read_line(&mut self, span: LineSpan) -> Result<Line, ReadError> {
        let control = match self.line(span) {
            line @ [b'\\', ..] => Control::read(line),
            _ => Control::Row,
        };
        let line = match (control, &self.reader.header) {
            (Control::Row, Some(_)) => {
                self.take_row(span);
                return Ok(Line::Row);
            }
            (Control::Row, None) => {
                self.reader.header = Some(Header::read(self.line(span))?);
                Line::Header
            }
            (Control::Heartbeat, _) => Line::Heartbeat,
            (Control::Failure(json), _) => Line::Failed(self.read_json(json)?),
            (Control::End(json), Some(_)) => Line::End(self.read_json(json)?),
            (Control::End(_), None) => {
                return Err(ReadError::NotAStream {
                    reason: "an end record".to_owned(),
                });
            }
            (Control::Unknown, _) => {
                return Err(ReadError::UnknownControl {
                    row: self.reader.tally.rows + 1,
                });
            }
        };
        if let LineSpan::Chunk { start, .. } = span {
            self.end_run(start);
            self.run_start = self.at;
        }
        if let Line::End(end) = &line {
            self.reader.tally.check(end)?;
        }
        self.reader.ended = matches!(line, Line::End(_) | Line::Failed(_));
        Ok(line)
    }

    fn read_json<T: DeserializeOwned>(&self, json: &[u8]) -> Result<T, ReadError> {
        let row = self.reader.tally.rows + 1;
        serde_json::from_slice(json).map_err(|error| ReadError::ControlJson {
            row,
            reason: error.to_string(),
        })
    }

    fn take_row(&mut self, span: LineSpan) {
        self.reader.tally.rows += 1;
        match span {
            LineSpan::Carry => self.reader.tally.take(&self.reader.carry, 0),
            LineSpan::Chunk { start, .. } => self.last_row_start = start,
        }
    }

    /// Gives all rows before `end` to the tally in one piece, because one digest call for each row is slow.
    fn end_run(&mut self, end: usize) {
        if end > self.run_start {
            self.reader.tally.take(
                &self.chunk[self.run_start..end],
                self.last_row_start - self.run_start,
            );
            self.run_start = end;
        }
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
