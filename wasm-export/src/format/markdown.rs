//! Markdown: a table of GitHub Flavored Markdown, or a conversation to read ([`transcript`]).
//!
//! Everything that could be markup in some reader is escaped. Line ends become `<br>`, and control characters become
//! visible symbols (`␛`). Null and empty text are both an empty cell. Escapes cannot prevent that some readers make
//! links of mail addresses.

mod transcript;

use wide::{i8x16, u8x16};

use self::transcript::Transcript;
use super::columns::heading;
use super::markup::{Cells, Markup, replace};
use super::metadata::Metadata;
use super::scan::{Special, mark_controls};
use super::visible::{picture, utf8};
use super::{FileFormat, FormatError};
use crate::options::{self, HeaderStyle, Layout, Options};
use crate::rows::{Header, Kind, ReadError, Row};

/// Text within a line.
struct Inline;

impl Special for Inline {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        // The bit that makes letters small maps the five signs from `[` to `_` to the five from `{` to DEL, of which
        // the braces alone mean nothing. They are the last of ASCII, and bytes outside ASCII are negative.
        let small = bytes | u8x16::splat(0x20);
        let is_last = small
            .cast_signed()
            .simd_gt(i8x16::splat(b'z' as i8))
            .cast_unsigned();
        // Some readers make a link of `www.`.
        let is_w = small.simd_eq(u8x16::splat(b'w'));
        let is_other = is(b'`') | is(b'*') | is(b'$') | is(b'&') | is(b'<') | is(b':');
        is_last | is_w | is_other | mark_controls(bytes)
    }
}

impl Markup for Inline {
    fn write(text: &[u8], out: &mut Vec<u8>) {
        let text = &*utf8(text);
        replace(text, out, |at, byte| {
            let before = &text[..at];
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => None,
                b'\\' => Some("\\\\"),
                // Readers differ on a bar behind two backslashes.
                b'|' if before.ends_with(b"\\") => Some("&#124;"),
                b'|' => Some("\\|"),
                b'`' => Some("\\`"),
                b'*' => Some("\\*"),
                b'_' => Some("\\_"),
                b'[' => Some("\\["),
                b']' => Some("\\]"),
                b'~' => Some("\\~"),
                b'$' => Some("\\$"),
                b'^' => Some("\\^"),
                b'&' => Some("&amp;"),
                b'<' => Some("&lt;"),
                b':' if text[at..].starts_with(b"://") => Some("\\:"),
                b'.' if before.len() >= 3 && before[at - 3..].eq_ignore_ascii_case(b"www") => Some("\\."),
                b'\n' if before.ends_with(b"\r") => Some(""),
                b'\n' | b'\r' => Some("<br>"),
                b'\t' => Some("&#9;"),
                // Readers trim spaces at either end.
                b' ' if at == 0 || at + 1 == text.len() => Some("&#32;"),
                other => picture(other),
            }
        });
    }
}

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

/// Returns the title and a description of the rows, if the options ask for metadata.
fn introduction(header: &Header, positions: &[usize], options: &Options) -> Vec<u8> {
    let mut out = Vec::new();
    if options.metadata == options::Metadata::Without {
        return out;
    }
    let metadata = Metadata::new(header, positions, options);
    write_heading("#", metadata.title.as_bytes(), &mut out);
    out.push(b'\n');
    let facts = [
        ("Dataset", metadata.dataset),
        ("Exported at", metadata.exported_at),
        ("Time zone", &metadata.zone),
    ];
    let filters = metadata.filters.iter();
    for (name, value) in facts
        .into_iter()
        .chain(filters.map(|(name, value)| (&**name, &**value)))
    {
        out.extend_from_slice(b"- ");
        Inline::write(name.as_bytes(), &mut out);
        out.extend_from_slice(b": ");
        Inline::write(value.as_bytes(), &mut out);
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

/// Appends a heading and its newline.
fn write_heading(level: &str, text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(level.as_bytes());
    out.push(b' ');
    Inline::write(text, out);
    // Signs at the end of a heading may close it, and would be lost.
    if out.ends_with(b"#") {
        out.pop();
        out.extend_from_slice(b"\\#");
    }
    out.push(b'\n');
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
