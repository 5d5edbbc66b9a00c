//! HTML: a report in a single page, with a summary.
//!
//! The page contains no script and forbids any. `&<>"'` become references, control characters become visible symbols
//! (`␛`), and bytes that are not UTF-8 become U+FFFD. Null is an empty cell of the class `null`.
//!
//! The summary ([`summary`]) is written behind the rows and shown before them, so that memory does not grow with the
//! rows.

mod between_tags;
mod conditions;
mod frequencies;
mod highlighted;
mod summary;

pub(in crate::format) use self::between_tags::{BetweenTags, escape, fact};
pub(in crate::format) use self::conditions::{CELL_BYTES_MAX, Conditions, ROWS_MAX, beginning_of, raw_cell};
pub(in crate::format) use self::frequencies::Frequencies;
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
    /// Numbers have a class, because the style rules at the begin of the page were written before the columns were known.
    has_classes: bool,
    /// The tags between the rows and the summary, and those behind it.
    tags: [&'static str; 2],
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
            summary: Summary::new(header, positions, options, "summary"),
            has_classes: false,
            tags: ["</main>\n", "</body>\n</html>\n"],
        })
    }

    /// Returns a writer of a section of a bundle's page. The name of the part is made of ASCII letters, digits and `_`.
    pub(super) fn part(part: &str, header: &Header, positions: &[usize], options: &Options) -> Self {
        Self {
            beginning: section(part, header, positions, options),
            columns: positions
                .iter()
                .map(|&position| (position, header.columns[position].kind))
                .collect(),
            cells: Cells::new(BetweenTags, header, options),
            summary: Summary::new(header, positions, options, &format!("summary-{part}")),
            has_classes: true,
            tags: ["</div>\n", "</section>\n"],
        }
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
                match self.has_classes && kind.is_number() {
                    true => out.extend_from_slice(b"<td class=\"number\">"),
                    false => out.extend_from_slice(b"<td>"),
                }
                self.cells.write(line, position, kind, out);
                out.extend_from_slice(b"</td>");
            }
        }
        out.extend_from_slice(b"</tr>\n");
        self.summary.take(line, &mut self.cells);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let [behind_rows, behind_summary] = self.tags;
        out.extend_from_slice(b"</tbody>\n</table>\n");
        out.extend_from_slice(behind_rows.as_bytes());
        self.summary.write(&mut self.cells, out);
        out.extend_from_slice(behind_summary.as_bytes());
    }
}

fn beginning(header: &Header, positions: &[usize], options: &Options) -> Vec<u8> {
    let mut page = head(&header.title, &alignment(header, positions));
    if options.metadata == options::Metadata::With {
        page += &facts(&Metadata::new(header, positions, options));
    }
    // The table scrolls, and the keyboard must reach it.
    page += "</header>\n<main tabindex=\"0\">\n";
    page += &table(header, positions, options, "");
    page.into_bytes()
}

/// Returns the beginning of a part's section. As on a page of one dataset, the summary is behind the rows.
fn section(part: &str, header: &Header, positions: &[usize], options: &Options) -> Vec<u8> {
    let title = escape(&header.title);
    let mut section = format!(
        "<section class=\"part\" aria-labelledby=\"part-{part}\">\n<h2 id=\"part-{part}\">{title}</h2>\n"
    );
    if options.metadata == options::Metadata::With {
        section += &facts(&Metadata::new(header, positions, options));
    }
    section +=
        &format!("<div class=\"rows\" role=\"region\" aria-labelledby=\"part-{part}\" tabindex=\"0\">\n");
    section += &table(header, positions, options, " class=\"number\"");
    section.into_bytes()
}

/// Returns the page up to its heading.
pub(super) fn head(title: &str, more_style: &str) -> String {
    let document = document("en", title, &[STYLE, more_style]);
    format!("{document}<header>\n<h1>{}</h1>\n", escape(title))
}

/// Returns a document up to the begin of its body. It forbids scripts and loads nothing.
pub(super) fn document(language: &str, title: &str, styles: &[&str]) -> String {
    let (title, style) = (escape(title), styles.concat());
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n\
         {style}</style>\n</head>\n<body>\n"
    )
}

/// Returns a table up to its first row. `of_numbers` are the attributes of the headings of numbers.
fn table(header: &Header, positions: &[usize], options: &Options, of_numbers: &str) -> String {
    let mut page = "<table>\n".to_owned();
    if options.header != HeaderStyle::None {
        page += "<thead>\n<tr>";
        for &position in positions {
            let heading = escape(&heading(&header.columns[position], options));
            let attributes = match header.columns[position].kind.is_number() {
                true => of_numbers,
                false => "",
            };
            page += &format!("<th scope=\"col\"{attributes}>{heading}</th>");
        }
        page += "</tr>\n</thead>\n";
    }
    page + "<tbody>\n"
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
