//! Markdown: a table of GitHub Flavored Markdown, or a conversation to read ([`transcript`]).
//!
//! Everything that could be markup in some reader is escaped. Line ends become `<br>`, and control characters become
//! visible symbols (`␛`). Null and empty text are both an empty cell. Escapes cannot prevent that some readers make
//! links of mail addresses.

mod inline;
mod transcript;

use self::inline::{Inline, introduction};
use self::transcript::Transcript;
use super::columns::heading;
use super::markup::{Cells, Markup};
use super::{FileFormat, FormatError};
use crate::options::{self, HeaderStyle, Layout, Options};
use crate::rows::{Header, Kind, ReadError, Row};

/// Writes one Markdown file, in either layout.
pub(super) struct Markdown(Box<dyn FileFormat>);

impl Markdown {
    /// Returns a writer for the columns at these positions.
    ///
    /// # Errors
    /// When the options ask for a transcript of rows that are not messages.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        Ok(Self(match options.layout {
            Layout::Table => Box::new(Table::new(header, positions, options)),
            Layout::Transcript => Box::new(Transcript::new(header, positions, options)?),
        }))
    }
}

impl FileFormat for Markdown {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.0.begin(out);
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.0.row(row, out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.0.finish(out);
    }
}

/// Writes a table, one line for each row.
struct Table {
    /// Title and metadata, if the file has them, and the headings.
    beginning: Vec<u8>,
    has_metadata: bool,
    columns: Vec<(usize, Kind)>,
    cells: Cells<Inline>,
    rows: u64,
}

impl Table {
    fn new(header: &Header, positions: &[usize], options: &Options) -> Self {
        let mut beginning = introduction(header, positions, options);
        beginning.push(b'|');
        for &position in positions {
            beginning.push(b' ');
            if options.header != HeaderStyle::None {
                Inline::write(
                    heading(&header.columns[position], options).as_bytes(),
                    &mut beginning,
                );
            }
            beginning.extend_from_slice(b" |");
        }
        beginning.extend_from_slice(b"\n|");
        for &position in positions {
            let is_number = header.columns[position].kind.is_number();
            beginning.extend_from_slice(if is_number { b" ---: |" } else { b" --- |" });
        }
        beginning.push(b'\n');
        Self {
            beginning,
            has_metadata: options.metadata == options::Metadata::With,
            columns: positions
                .iter()
                .map(|&position| (position, header.columns[position].kind))
                .collect(),
            cells: Cells::new(Inline, header, options),
            rows: 0,
        }
    }
}

impl FileFormat for Table {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.beginning);
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.cells.read(row)?;
        self.rows += 1;
        out.push(b'|');
        for (index, &(position, kind)) in self.columns.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b" | ");
            } else {
                out.push(b' ');
            }
            self.cells.write(row.line(), position, kind, out);
        }
        out.extend_from_slice(b" |\n");
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.has_metadata {
            out.extend_from_slice(format!("\nRows: {}\n", self.rows).as_bytes());
        }
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
