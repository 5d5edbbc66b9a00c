//! Reads CSV (RFC 4180) in every dialect that Decant writes. An empty cell without quotes is null, and an empty cell
//! in quotes is empty text.
//!
//! The first row shows how the rows of the file end: with a newline, or with a carriage return alone, as old programs
//! for the Macintosh write it. Blank lines at the end of a file are no rows. A first line such as `sep=;`, by which
//! Excel is told the delimiter, is not a row either.
//!
//! This is Decant's own code, because the `csv` crate does not distinguish the two, and reports no column of an
//! error.

use std::io::BufRead;

use memchr::memchr;

use super::location::Location;
use super::options::Guarded;
use super::row::CellType;
use super::{Cell, Counts, Head, HeadColumn, ReadBackError, ReadOptions, Refusal, Row, Rows};
use crate::format::guard;

/// Bytes of a file that are searched for its delimiter.
const SAMPLE_BYTES: usize = 64 * 1024;

/// The longest row, in bytes.
const ROW_BYTES_MAX: usize = crate::rows::ROW_BYTES_MAX;

/// The most columns of a file. PostgreSQL allows 1,600 in a table, Excel 16,384 in a sheet.
const COLUMNS_MAX: usize = 100_000;

pub(super) fn read(
    input: &mut dyn BufRead,
    options: &ReadOptions,
    rows: &mut impl Rows,
) -> Result<Counts, ReadBackError> {
    let mut beginning = Vec::new();
    while beginning.len() < SAMPLE_BYTES {
        let piece = input.fill_buf()?;
        let length = piece.len().min(SAMPLE_BYTES - beginning.len());
        if length == 0 {
            break;
        }
        beginning.extend_from_slice(&piece[..length]);
        input.consume(length);
    }
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&beginning);
    let declared = declared_delimiter(text);
    let (text, declaration) = match declared {
        Some((_, length)) => (&text[length..], &text[..length]),
        None => (text, &text[..0]),
    };
    let delimiter = match (options.delimiter, declared) {
        (Some(given), _) => given.byte(),
        (None, Some((delimiter, _))) => delimiter,
        (None, None) => likely_delimiter(text),
    };
    let mut location = Location::start();
    location.pass(declaration);
    let mut reader = Reader {
        delimiter,
        row_end: row_end(text),
        guarded: options.guarded,
        rows,
        columns: None,
        row: Row::default(),
        cell_start: 0,
        state: State::CellStart,
        location,
        cell_location: location,
        row_location: location,
        blank_location: None,
        counts: Counts {
            bytes: (beginning.len() - text.len()) as u64,
            ..Counts::default()
        },
    };
    reader.push(text)?;
    loop {
        let piece = input.fill_buf()?;
        let length = piece.len();
        if length == 0 {
            return reader.finish();
        }
        reader.push(piece)?;
        input.consume(length);
    }
}

/// Returns the common delimiter that is most frequent in the first row, quoted cells aside.
fn likely_delimiter(text: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut is_quoted = false;
    for &byte in text {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if is_quoted => {}
            _ => {
                for (delimiter, count) in &mut counts {
                    *count += usize::from(*delimiter == byte);
                }
            }
        }
    }
    let mut likely = counts[0];
    for other in counts {
        if other.1 > likely.1 {
            likely = other;
        }
    }
    likely.0
}

/// Returns the delimiter that the first line declares, and the length of the line: `sep=;`, with or without quotes.
fn declared_delimiter(text: &[u8]) -> Option<(u8, usize)> {
    let line = text.split_inclusive(|&byte| byte == b'\n').next()?;
    let declaration = line.strip_suffix(b"\n")?;
    let declaration = declaration.strip_suffix(b"\r").unwrap_or(declaration);
    let unquoted = declaration
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    match unquoted.unwrap_or(declaration) {
        [b's', b'e', b'p', b'=', delimiter] if is_delimiter(*delimiter) => Some((*delimiter, line.len())),
        _ => None,
    }
}

fn is_delimiter(byte: u8) -> bool {
    byte == b'\t' || (byte.is_ascii_punctuation() && byte != b'"') || byte == b' '
}

/// Returns the byte that ends the rows: a newline, or a carriage return where the first row ends with one alone.
fn row_end(text: &[u8]) -> u8 {
    let mut is_quoted = false;
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\r' if !is_quoted && text.get(index + 1) != Some(&b'\n') => return b'\r',
            b'\n' if !is_quoted => return b'\n',
            _ => {}
        }
    }
    b'\n'
}

struct Reader<'a, R> {
    delimiter: u8,
    row_end: u8,
    guarded: Guarded,
    rows: &'a mut R,
    /// Number of columns, once the headings have been read.
    columns: Option<usize>,
    row: Row,
    cell_start: usize,
    state: State,
    location: Location,
    /// Location of the cell's first byte.
    cell_location: Location,
    /// Location of the row's first byte.
    row_location: Location,
    /// Location of the first blank line, if no row has followed it.
    blank_location: Option<Location>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: the end of the cell, or the first of two quotes.
    Quote,
    /// Behind a quoted cell and a carriage return.
    QuoteReturn,
}

impl<R: Rows> Reader<'_, R> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), ReadBackError> {
        self.counts.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            let length = match self.state {
                State::Quoted => {
                    let length = memchr(b'"', rest).unwrap_or(rest.len());
                    self.row.text().extend_from_slice(&rest[..length]);
                    if length < rest.len() {
                        self.state = State::Quote;
                        length + 1
                    } else {
                        length
                    }
                }
                State::CellStart if byte == b'"' => {
                    self.state = State::Quoted;
                    1
                }
                State::CellStart | State::Plain => self.plain(rest)?,
                State::Quote => {
                    match byte {
                        b'"' => {
                            self.row.text().push(b'"');
                            self.state = State::Quoted;
                        }
                        _ if byte == self.row_end => self.quoted_row_end()?,
                        b'\r' => self.state = State::QuoteReturn,
                        _ if byte == self.delimiter => self.end_cell(true)?,
                        _ => return Err(self.after_quotes()),
                    }
                    1
                }
                State::QuoteReturn if byte == b'\n' => {
                    self.quoted_row_end()?;
                    1
                }
                State::QuoteReturn => return Err(self.after_quotes()),
            };
            self.pass(&rest[..length]);
            rest = &rest[length..];
            if self.row.text().len() > ROW_BYTES_MAX {
                let what = format!("the row is longer than {ROW_BYTES_MAX} bytes; is a quote missing?");
                return Err(self.cell_location.error(what));
            }
        }
        Ok(())
    }

    fn quoted_row_end(&mut self) -> Result<(), ReadBackError> {
        self.end_cell(true)?;
        self.end_row()
    }

    /// Reads a cell without quotes, or the rest of one.
    fn plain(&mut self, rest: &[u8]) -> Result<usize, ReadBackError> {
        let ends = |&byte: &u8| byte == self.delimiter || byte == self.row_end || byte == b'"';
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.row.text().extend_from_slice(&rest[..length]);
        self.state = State::Plain;
        match rest.get(length) {
            None => Ok(length),
            Some(b'"') => {
                let mut location = self.location;
                location.pass(&rest[..length]);
                Err(location.error("there is a quote in a cell that does not begin with one"))
            }
            Some(&byte) if byte == self.row_end => {
                // A carriage return before a newline belongs to the row's end. Elsewhere it is text.
                if byte == b'\n' && self.row.text_from(self.cell_start).ends_with(b"\r") {
                    self.row.text().pop();
                }
                self.end_cell(false)?;
                self.end_row()?;
                Ok(length + 1)
            }
            Some(_) => {
                self.end_cell(false)?;
                Ok(length + 1)
            }
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.location.pass(bytes);
        if self.row_end == b'\r' && bytes.ends_with(b"\r") && self.state == State::CellStart {
            self.location.next_line();
        }
        if self.state == State::CellStart {
            self.cell_location = self.location;
            if self.row.is_empty() {
                self.row_location = self.location;
            }
        }
    }

    fn after_quotes(&self) -> ReadBackError {
        self.location
            .error("text follows the closing quote; a quote within quotes must be doubled")
    }

    fn end_cell(&mut self, is_quoted: bool) -> Result<(), ReadBackError> {
        let text = self.row.text_from(self.cell_start);
        if simdutf8::basic::from_utf8(text).is_err() {
            return Err(self.cell_location.error("the cell is not UTF-8"));
        }
        if memchr(b'\'', text).is_some() {
            let plain = guard::decode(text, self.delimiter);
            if plain.len() < text.len() && guard::encode(&plain, self.delimiter) == text {
                self.counts.guarded += 1;
                if self.guarded == Guarded::Refused {
                    return Err(self.cell_location.guarded());
                }
            }
            if self.guarded == Guarded::Decoded {
                let plain = plain.into_owned();
                self.row.text().truncate(self.cell_start);
                self.row.text().extend_from_slice(&plain);
            }
        }
        let is_null = !is_quoted && self.row.text_from(self.cell_start).is_empty();
        let what = if is_null { CellType::Null } else { CellType::Text };
        self.row.end_cell(self.cell_start, what);
        self.cell_start = self.row.text().len();
        self.state = State::CellStart;
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), ReadBackError> {
        let is_blank = self.row.len() == 1 && self.row.cells().next() == Some(Cell::Null);
        if is_blank && self.columns.is_some_and(|columns| columns > 1) {
            self.blank_location.get_or_insert(self.row_location);
            self.row.clear();
            self.cell_start = 0;
            return Ok(());
        }
        if let Some(blank) = self.blank_location {
            return Err(blank.error("the line is blank, and rows follow it"));
        }
        let passed = match self.columns {
            None => {
                self.columns = Some(self.row.len());
                pass_head(&self.row, self.rows)
            }
            Some(columns) if columns == self.row.len() => {
                self.counts.rows += 1;
                self.rows.row(&self.row)
            }
            Some(columns) => Err(format!(
                "the row has {} cells where there are {columns} columns",
                self.row.len()
            )),
        };
        passed.map_err(|refusal| self.row_location.error(refusal))?;
        self.row.clear();
        self.cell_start = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Counts, ReadBackError> {
        match self.state {
            State::Quoted => {
                return Err(self
                    .cell_location
                    .error("the quote that opens this cell is never closed"));
            }
            State::QuoteReturn => return Err(self.after_quotes()),
            // All rows have ended with a newline.
            State::CellStart if self.row.is_empty() => {}
            state => {
                self.end_cell(state == State::Quote)?;
                self.end_row()?;
            }
        }
        if self.columns.is_none() {
            return Err(self
                .location
                .error("the file is empty: there is no row of headings"));
        }
        Ok(self.counts)
    }
}

fn pass_head(row: &Row, rows: &mut impl Rows) -> Result<(), Refusal> {
    // A packed file of some kilobytes can have millions of empty headings.
    let count = row.cells().count();
    if count > COLUMNS_MAX {
        return Err(format!(
            "the file has {count} columns; at most {COLUMNS_MAX} are read"
        ));
    }
    let name = |cell| match cell {
        Cell::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    let columns: Vec<HeadColumn> = row.cells().map(|cell| HeadColumn::named(name(cell))).collect();
    rows.head(&Head {
        columns: &columns,
        metadata: None,
    })
}
