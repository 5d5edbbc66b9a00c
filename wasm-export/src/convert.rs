//! Converts a file to another format.
//!
//! The cells that a reader finds become a raw-row stream, and [`Export`] makes the new file from it. Therefore a
//! conversion has every format and option of an export.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};

use crate::export::{Export, ExportError, Summary};
use crate::json::{self, decode};
use crate::options::{Format, Options};
use crate::reading::{
    self, Cell, Head, HeadColumn, InputFormat, ReadBackError, ReadOptions, Refusal, Row, Rows,
};
use crate::rows::{
    Column, Digest, End, HEADER_BYTES_MAX, Header, Kind, NULL, VERSION, end_line, escape_into, header_line,
};

/// The output is written in pieces of about this size.
const PIECE_BYTES: usize = 256 * 1024;

/// Why a file could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadBackError),
    /// The options cannot be applied to the rows.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The output cannot be written.
    #[error(transparent)]
    Output(io::Error),
    /// The input has neither rows nor columns.
    #[error("the file has no columns, so there is nothing to write")]
    NoColumns,
}

/// Reads a file by `read_options`, and writes it by `options`. `name` is the name of the dataset for an input that
/// does not contain one.
///
/// # Errors
/// When the input cannot be read, or the output cannot be written. The output is incomplete then.
pub fn convert<'a>(
    input: impl BufRead + 'a,
    read_options: &ReadOptions,
    name: &str,
    options: Options,
    output: &mut impl Write,
) -> Result<Summary, ConvertError> {
    let mut converter = Converter {
        name,
        is_json: matches!(options.format, Format::Json | Format::Jsonl)
            && matches!(read_options.format, InputFormat::Json | InputFormat::Jsonl),
        export: Export::new(options),
        kinds: Vec::new(),
        raw: Vec::new(),
        unescaped: Vec::new(),
        file: Vec::new(),
        digest: Digest::new(),
        rows: 0,
        bytes: 0,
        output,
        failed: None,
    };
    let read = reading::read(input, read_options, &mut converter);
    // An error of the output stops the reader too, whose own error means nothing then.
    if let Some(failed) = converter.failed {
        return Err(failed);
    }
    read?;
    converter.finish()
}

struct Converter<'a, W> {
    name: &'a str,
    /// Whether input and output are both JSON.
    is_json: bool,
    export: Export,
    kinds: Vec<Kind>,
    raw: Vec<u8>,
    unescaped: Vec<u8>,
    file: Vec<u8>,
    digest: Digest,
    rows: u64,
    bytes: u64,
    output: &'a mut W,
    failed: Option<ConvertError>,
}

impl<W: Write> Rows for Converter<'_, W> {
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        if head.columns.is_empty() {
            return self.fail(ConvertError::NoColumns);
        }
        let mut names = HashSet::new();
        for column in head.columns {
            if !names.insert(column.name.as_str()) {
                return Err(format!("the column `{}` is there twice", column.name));
            }
        }
        let header = self.header(head);
        self.kinds = header.columns.iter().map(|column| column.kind).collect();
        let line = header_line(&header);
        if line.len() > HEADER_BYTES_MAX {
            let count = head.columns.len();
            return Err(format!(
                "the file has {count} columns, more than can be converted"
            ));
        }
        let pushed = self.export.push(&line, &mut self.file);
        pushed.or_else(|error| self.fail(error.into()))
    }

    fn row(&mut self, row: &Row) -> Result<(), Refusal> {
        let start = self.raw.len();
        for (index, cell) in row.cells().enumerate() {
            if index > 0 {
                self.raw.push(b'\t');
            }
            let kind = self.kinds.get(index).copied().unwrap_or(Kind::Text);
            self.unescaped.clear();
            if !raw_cell(cell, kind, &mut self.unescaped)? {
                self.raw.extend_from_slice(NULL);
                continue;
            }
            escape_into(&self.unescaped, &mut self.raw);
        }
        self.raw.push(b'\n');
        self.rows += 1;
        self.bytes += (self.raw.len() - start) as u64;
        if self.raw.len() < PIECE_BYTES {
            return Ok(());
        }
        self.pass_on().or_else(|error| self.fail(error))
    }
}

impl<W: Write> Converter<'_, W> {
    /// Keeps the error, and returns a refusal that stops the reader.
    fn fail(&mut self, error: ConvertError) -> Result<(), Refusal> {
        self.failed = Some(error);
        Err(Refusal::new())
    }

    fn header(&self, head: &Head<'_>) -> Header {
        let metadata = head.metadata.cloned().unwrap_or_default();
        let column = |column: &HeadColumn| Column {
            name: column.name.clone(),
            label: if column.label.is_empty() {
                column.name.clone()
            } else {
                column.label.clone()
            },
            labels: Default::default(),
            // Values of unknown kinds stay JSON where input and output are JSON. Elsewhere they are text.
            kind: column
                .kind
                .unwrap_or(if self.is_json { Kind::Json } else { Kind::Text }),
            pg_type: "text".to_owned(),
            hidden: false,
        };
        let name = if metadata.dataset.is_empty() {
            self.name
        } else {
            &metadata.dataset
        };
        Header {
            decant: VERSION,
            part: None,
            dataset: name.to_owned(),
            title: if metadata.title.is_empty() {
                name.to_owned()
            } else {
                metadata.title.clone()
            },
            columns: head.columns.iter().map(column).collect(),
            order: Vec::new(),
            reversed: false,
            as_of: metadata.exported_at.clone(),
            zone: "UTC".to_owned(),
            fraction: metadata.fraction,
            highlights: Vec::new(),
            filters: metadata.filters.clone(),
            estimated_rows: None,
        }
    }

    fn pass_on(&mut self) -> Result<(), ConvertError> {
        self.digest.update(&self.raw);
        self.export.push(&self.raw, &mut self.file)?;
        self.raw.clear();
        self.output.write_all(&self.file).map_err(ConvertError::Output)?;
        self.file.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Summary, ConvertError> {
        self.pass_on()?;
        let end = end_line(&End {
            rows: self.rows,
            bytes: self.bytes,
            digest: self.digest.hex(),
            cursor: None,
        });
        self.export.push(&end, &mut self.file)?;
        let summary = self.export.finish(&mut self.file)?;
        self.output.write_all(&self.file).map_err(ConvertError::Output)?;
        Ok(summary)
    }
}

/// Appends the cell as PostgreSQL would have written it, but without escapes. Returns false when the cell is null.
///
/// Refuses a cell that does not look like its column's kind, because the guard protects text columns alone.
fn raw_cell(cell: Cell<'_>, kind: Kind, out: &mut Vec<u8>) -> Result<bool, Refusal> {
    if cell == Cell::Null {
        return Ok(false);
    }
    if kind == Kind::Json {
        match cell {
            Cell::Null => {}
            Cell::Json(json) | Cell::JsonString(json) => out.extend_from_slice(json),
            Cell::Text(text) if json::check(text).is_ok() => out.extend_from_slice(text),
            Cell::Text(text) => crate::format::write_json_string(text, out),
        }
        return Ok(true);
    }
    match cell {
        Cell::Null => {}
        Cell::Json(text) | Cell::Text(text) => out.extend_from_slice(text),
        Cell::JsonString(string) => {
            if !decode(string, out) {
                return Err(
                    "a string of the row holds half of a surrogate pair, which is no text".to_owned(),
                );
            }
        }
    }
    let is_of_kind = match kind {
        Kind::Text | Kind::Json | Kind::Bytes => true,
        Kind::Boolean => match out.as_slice() {
            b"true" | b"false" => {
                out.truncate(1);
                true
            }
            text => matches!(text, b"t" | b"f"),
        },
        Kind::Integer | Kind::Decimal | Kind::Float => {
            matches!(out.as_slice(), b"NaN" | b"Infinity" | b"-Infinity") || looks_like_a_number(out)
        }
        Kind::Timestamp => {
            write_timestamp(out);
            looks_like_a_time(out)
        }
        Kind::LocalTimestamp => {
            if let Some(separator) = out.get_mut(10).filter(|byte| **byte == b'T') {
                *separator = b' ';
            }
            looks_like_a_time(out)
        }
        Kind::Date | Kind::Time | Kind::Interval | Kind::Uuid => looks_like_a_time(out),
    };
    if is_of_kind {
        Ok(true)
    } else {
        let shown: String = String::from_utf8_lossy(out).chars().take(40).collect();
        Err(format!("the row has `{shown}` in a column of another kind"))
    }
}

/// Replaces a moment in ISO 8601 by PostgreSQL's text of it in UTC. Other text stays.
fn write_timestamp(text: &mut Vec<u8>) {
    let moment = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<jiff::Timestamp>().ok());
    if let Some(moment) = moment {
        let iso = moment.to_string();
        text.clear();
        text.extend_from_slice(iso.trim_end_matches('Z').replacen('T', " ", 1).as_bytes());
        text.extend_from_slice(b"+00");
    }
}

fn looks_like_a_number(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
        && text.first() != Some(&b'+')
        && text
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
}

/// Returns whether the text has only letters, digits, and the separators of times and identifiers. No spreadsheet
/// evaluates such text.
fn looks_like_a_time(text: &[u8]) -> bool {
    text.first()
        .is_some_and(|first| first.is_ascii_alphanumeric() || *first == b'-')
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'-' | b'+' | b' '))
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
