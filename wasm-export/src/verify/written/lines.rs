//! Lines of Markdown and text as Decant writes them: one for each row, because line ends within a cell are written as other
//! characters.

use std::io::{self, BufRead};

use memchr::memchr;

use super::row_count::RowCount;

/// More of a line is never compared.
const LINE_BYTES_MAX: usize = 64 * 1024;

const NO_TABLE: RowCount =
    RowCount::Unknown("only the rows of a table are counted, and this is a transcript or another text");

/// Calls `take` with each line, without its line feed. Of a longer one only the beginning is kept. Returns whether the last line has
/// a line feed, as that of an empty file has.
fn each_line(mut input: impl BufRead, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
    let (mut line, mut is_begun) = (Vec::new(), false);
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            if is_begun {
                take(&line);
            }
            return Ok(!is_begun);
        }
        let (length, mut rest) = (chunk.len(), chunk);
        while !rest.is_empty() {
            let found = memchr(b'\n', rest);
            let end = found.unwrap_or(rest.len());
            let free = LINE_BYTES_MAX - line.len();
            line.extend_from_slice(&rest[..end.min(free)]);
            is_begun = found.is_none();
            if found.is_some() {
                take(&line);
                line.clear();
            }
            rest = &rest[(end + 1).min(rest.len())..];
        }
        input.consume(length);
    }
}

/// The place of a line in a Markdown file with a table.
enum Place {
    /// Before the headings: title and facts.
    Before,
    Headings,
    Rows,
    /// The number of rows, in a file with metadata.
    Behind,
    /// The file is no table.
    Other,
}

/// Counts the lines of a table behind its headings.
pub(super) fn count_table(input: impl BufRead) -> io::Result<RowCount> {
    let (mut place, mut rows) = (Place::Before, 0);
    let is_whole = each_line(input, |line| {
        let is_row = line.starts_with(b"|");
        place = match &place {
            Place::Before if is_row => Place::Headings,
            Place::Before if is_introduction(line) => Place::Before,
            Place::Headings if is_rule(line) => Place::Rows,
            Place::Rows if is_row => {
                rows += 1;
                Place::Rows
            }
            Place::Rows | Place::Behind if line.is_empty() || line.starts_with(b"Rows: ") => Place::Behind,
            _ => Place::Other,
        };
    })?;
    match place {
        Place::Rows | Place::Behind if is_whole => Ok(RowCount::Rows(rows)),
        Place::Rows | Place::Behind | Place::Headings => {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its end is missing"))
        }
        Place::Before | Place::Other => Ok(NO_TABLE),
    }
}

fn is_introduction(line: &[u8]) -> bool {
    line.is_empty() || line.starts_with(b"# ") || line.starts_with(b"- ")
}

/// Returns whether a line stands between the headings and the rows: `| --- | ---: |`.
fn is_rule(line: &[u8]) -> bool {
    line.starts_with(b"|") && line.iter().all(|byte| b"|-: ".contains(byte)) && line.contains(&b'-')
}

/// Counts the lines of a log. No line feed is behind the last one.
pub(super) fn count_log(input: impl BufRead) -> io::Result<RowCount> {
    let mut rows = 0;
    let mut is_log = true;
    each_line(input, |line| {
        rows += 1;
        is_log &= line.starts_with(b"[");
    })?;
    match is_log {
        true => Ok(RowCount::Rows(rows)),
        false => Ok(RowCount::Unknown("it is no log of probes")),
    }
}
