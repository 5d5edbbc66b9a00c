//! XML 1.0 in the namespace `urn:decant:export:1`, which `schema/export-1.xsd` describes. Every row gives well-formed XML.
//!
//! ```xml
//! <?xml version="1.0" encoding="UTF-8"?>
//! <export xmlns="urn:decant:export:1" dataset="usage-logs">
//! <columns>
//! <column element="created_at" kind="timestamp">
//! <name>created_at</name>
//! <label>Time</label>
//! </column>
//! </columns>
//! <row><created_at>2026-01-28T12:34:56.789Z</created_at></row>
//! <end rows="1"/>
//! </export>
//! ```
//!
//! - A cell is an element with the name of its column, in the order of `columns`. **Null is a missing element**, as in
//!   PostgreSQL's `query_to_xml`; empty text is an empty element.
//! - In a name that is not an XML name, `_xHHHH_` replaces each invalid character, as in SQL/XML (ISO 9075-14) and in
//!   PostgreSQL: `cost (usd)` becomes `cost_x0020__x0028_usd_x0029_`; `_x` itself becomes `_x005F_x`.
//! - Text that XML cannot represent even by references is written as base64 of its bytes, in an element with
//!   `encoding="base64"`: control characters, U+FFFE, U+FFFF, bytes that are not UTF-8.
//! - Tabs, line ends, and spaces at either end become references: a row is one line, and readers may trim.
//! - Times, numbers and booleans are written as in JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wide::u8x16;

use super::markup::{Cells, Mark, Markup, replace};
use super::metadata::Metadata;
use super::scan::{Special, mark_controls};
use super::{FileFormat, FormatError};
use crate::options::{self, DecimalMark, Options};
use crate::rows::{Header, Kind, ReadError, Row};

/// The namespace of all elements.
pub(super) const NAMESPACE: &str = "urn:decant:export:1";

/// Text between a start tag that lacks its `>` and an end tag.
struct InElement;

impl Special for InElement {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        // U+FFFE and U+FFFF begin with 0xef.
        is(b'\\') | is(b'&') | is(b'<') | is(b'>') | is(0xef) | mark_controls(bytes)
    }
}

impl Markup for InElement {
    const BEFORE: &[u8] = b">";

    fn write(text: &[u8], out: &mut Vec<u8>) {
        if !can_be_held(text) {
            out.extend_from_slice(b" encoding=\"base64\">");
            out.extend_from_slice(STANDARD.encode(text).as_bytes());
            return;
        }
        out.extend_from_slice(Self::BEFORE);
        replace(text, out, |at, byte| match byte {
            b'&' => Some("&amp;"),
            b'<' => Some("&lt;"),
            b'>' => Some("&gt;"),
            b'\t' => Some("&#9;"),
            b'\n' => Some("&#10;"),
            b'\r' => Some("&#13;"),
            b' ' if at == 0 || at + 1 == text.len() => Some("&#32;"),
            _ => None,
        });
    }
}

/// Returns whether all characters are `Char` (XML 1.0, section 2.2).
fn can_be_held(text: &[u8]) -> bool {
    let is_char = |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    let has_noncharacter =
        || memchr::memchr_iter(0xef, text).any(|at| matches!(text[at..], [0xef, 0xbf, 0xbe | 0xbf, ..]));
    text.iter().all(is_char) && std::str::from_utf8(text).is_ok() && !has_noncharacter()
}

/// Writes one XML file.
pub(super) struct Xml {
    /// The file before its rows.
    beginning: Vec<u8>,
    elements: Vec<Element>,
    cells: Cells<InElement>,
    /// The end tag of the element around the rows.
    end_tag: &'static str,
    rows: u64,
}

/// The cells of a column.
struct Element {
    position: usize,
    kind: Kind,
    /// `<created_at`
    start: Mark,
    /// `</created_at>`
    end: Mark,
}

impl Xml {
    /// Returns a writer for the columns at these positions.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        let dataset = xml_name(&header.dataset);
        let start = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<export xmlns=\"{NAMESPACE}\" dataset=\"{dataset}\">\n"
        );
        Ok(Self::within(&start, "</export>\n", header, positions, options))
    }

    /// Returns a writer of an element of a bundle.
    pub(super) fn part(part: &str, header: &Header, positions: &[usize], options: &Options) -> Self {
        let (part, dataset) = (xml_name(part), xml_name(&header.dataset));
        let start = format!("<part name=\"{part}\" dataset=\"{dataset}\">\n");
        Self::within(&start, "</part>\n", header, positions, options)
    }

    fn within(
        start_tag: &str,
        end_tag: &'static str,
        header: &Header,
        positions: &[usize],
        options: &Options,
    ) -> Self {
        let element = |&position: &usize| {
            let column = &header.columns[position];
            let name = xml_name(&column.name);
            Element {
                position,
                kind: column.kind,
                start: Mark::new(format!("<{name}").as_bytes()),
                end: Mark::new(format!("</{name}>").as_bytes()),
            }
        };
        let options = Options {
            // Numbers of XML Schema have a point.
            decimal: DecimalMark::Dot,
            ..options.clone()
        };
        Self {
            beginning: beginning(
                start_tag,
                &Metadata::new(header, positions, &options),
                options.metadata == options::Metadata::With,
            ),
            elements: positions.iter().map(element).collect(),
            cells: Cells::new(InElement, header, &options),
            end_tag,
            rows: 0,
        }
    }
}

impl FileFormat for Xml {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.beginning);
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.cells.read(row)?;
        self.rows += 1;
        let line = row.line();
        out.extend_from_slice(b"<row>");
        for element in &self.elements {
            if !self.cells.is_null(line, element.position) {
                element.start.append(out);
                self.cells.write(line, element.position, element.kind, out);
                element.end.append(out);
            }
        }
        out.extend_from_slice(b"</row>\n");
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("<end rows=\"{}\"/>\n{}", self.rows, self.end_tag).as_bytes());
    }
}

fn beginning(start_tag: &str, metadata: &Metadata<'_>, with_metadata: bool) -> Vec<u8> {
    let mut out = start_tag.as_bytes().to_vec();
    if with_metadata {
        out.extend_from_slice(b"<metadata>\n");
        write_element("title", metadata.title, &mut out);
        write_element("exported_at", metadata.exported_at, &mut out);
        write_element("zone", &metadata.zone, &mut out);
        for (name, value) in metadata.filters {
            out.extend_from_slice(format!("<filter name=\"{}\"", xml_name(name)).as_bytes());
            InElement::write(value.as_bytes(), &mut out);
            out.extend_from_slice(b"</filter>\n");
        }
        out.extend_from_slice(b"</metadata>\n");
    }
    // Without it a reader would write the timestamps with other digits.
    let fraction = metadata
        .fraction
        .map(|fraction| format!(" fraction=\"{fraction}\""));
    out.extend_from_slice(format!("<columns{}>\n", fraction.unwrap_or_default()).as_bytes());
    for column in &metadata.columns {
        let kind = serde_json::json!(column.kind);
        let kind = kind.as_str().unwrap_or_default();
        out.extend_from_slice(
            format!("<column element=\"{}\" kind=\"{kind}\">\n", xml_name(column.name)).as_bytes(),
        );
        write_element("name", column.name, &mut out);
        write_element("label", column.label, &mut out);
        out.extend_from_slice(b"</column>\n");
    }
    out.extend_from_slice(b"</columns>\n");
    out
}

fn write_element(name: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("<{name}").as_bytes());
    InElement::write(text.as_bytes(), out);
    out.extend_from_slice(format!("</{name}>\n").as_bytes());
}

/// Returns a valid XML name for any name. Different names stay different. Letters outside ASCII are escaped, because
/// readers differ on which of them are allowed.
pub(super) fn xml_name(name: &str) -> String {
    if name.is_empty() {
        return "_x_".to_owned();
    }
    let is_reserved = name
        .get(..3)
        .is_some_and(|first| first.eq_ignore_ascii_case("xml"));
    let mut mapped = String::with_capacity(name.len());
    for (at, letter) in name.char_indices() {
        let stays = match letter {
            '_' => !name[at..].starts_with("_x"),
            '0'..='9' | '-' | '.' => at > 0,
            'x' | 'X' => at > 0 || !is_reserved,
            other => other.is_ascii_alphabetic(),
        };
        if stays {
            mapped.push(letter);
        } else {
            mapped += &format!("_x{:04X}_", u32::from(letter));
        }
    }
    mapped
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
