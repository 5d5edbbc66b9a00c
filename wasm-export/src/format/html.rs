//! HTML: a report in a single page, with a summary.
//!
//! The page contains no script and forbids any. `&<>"'` become references, control characters become visible symbols
//! (`␛`), and bytes that are not UTF-8 become U+FFFD. Null is an empty cell of the class `null`.
//!
//! The summary ([`summary`]) is written behind the rows and shown before them, so that memory does not grow with the
//! rows.

mod between_tags;
mod highlighted;
mod summary;

use self::between_tags::{BetweenTags, escape, fact};
use self::summary::Summary;
use super::columns::heading;
use super::markup::Cells;
use super::metadata::Metadata;
use super::{FileFormat, FormatError};
use crate::options::{self, HeaderStyle, Options};
use crate::rows::{Header, Kind, ReadError, Row};

const STYLE: &str = include_str!("html/style.css");

pub(super) struct Html {
    /// The page before its rows.
    beginning: Vec<u8>,
    columns: Vec<(usize, Kind)>,
    cells: Cells<BetweenTags>,
    summary: Summary,
}

impl Html {
    /// Returns a writer for the columns at these positions.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        Ok(Self {
            beginning: beginning(header, positions, options),
            columns: positions
                .iter()
                .map(|&position| (position, header.columns[position].kind))
                .collect(),
            cells: Cells::new(BetweenTags, header, options),
            summary: Summary::new(header, positions, options),
        })
    }
}

impl FileFormat for Html {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.beginning);
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.cells.read(row)?;
        let line = row.line();
        out.extend_from_slice(b"<tr>");
        for &(position, kind) in &self.columns {
            if self.cells.is_null(line, position) {
                out.extend_from_slice(b"<td class=\"null\"></td>");
            } else {
                out.extend_from_slice(b"<td>");
                self.cells.write(line, position, kind, out);
                out.extend_from_slice(b"</td>");
            }
        }
        out.extend_from_slice(b"</tr>\n");
        self.summary.take(line, &mut self.cells);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"</tbody>\n</table>\n</main>\n");
        self.summary.write(&mut self.cells, out);
        out.extend_from_slice(b"</body>\n</html>\n");
    }
}

fn beginning(header: &Header, positions: &[usize], options: &Options) -> Vec<u8> {
    let title = escape(&header.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n\
         {STYLE}{}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n",
        alignment(header, positions)
    );
    if options.metadata == options::Metadata::With {
        page += &facts(&Metadata::new(header, positions, options));
    }
    // The table scrolls, and the keyboard must reach it.
    page += "</header>\n<main tabindex=\"0\">\n<table>\n";
    if options.header != HeaderStyle::None {
        page += "<thead>\n<tr>";
        for &position in positions {
            let heading = escape(&heading(&header.columns[position], options));
            page += &format!("<th scope=\"col\">{heading}</th>");
        }
        page += "</tr>\n</thead>\n";
    }
    page += "<tbody>\n";
    page.into_bytes()
}

/// Returns the style rule that aligns numbers to the right.
fn alignment(header: &Header, positions: &[usize]) -> String {
    let numbers: Vec<String> = positions
        .iter()
        .zip(1..)
        .filter(|&(&position, _)| header.columns[position].kind.is_number())
        .map(|(_, place)| format!("main th:nth-child({place}), main td:nth-child({place})"))
        .collect();
    if numbers.is_empty() {
        return String::new();
    }
    let rule = "text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums;";
    format!("{} {{ {rule} }}\n", numbers.join(", "))
}

fn facts(metadata: &Metadata<'_>) -> String {
    let known = [
        ("Dataset", metadata.dataset),
        ("Exported at", metadata.exported_at),
        ("Time zone", &metadata.zone),
    ];
    let filters = metadata.filters.iter().map(|(name, value)| (&**name, &**value));
    let facts: String = known
        .into_iter()
        .chain(filters)
        .map(|(name, value)| fact(&escape(name), &escape(value)))
        .collect();
    format!("<dl>\n{facts}</dl>\n")
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
