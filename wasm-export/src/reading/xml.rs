//! Reads XML in Decant's layout: `export` with `metadata`, `columns`, a `row` for each row, and `end`. In the file of a bundle,
//! `export` has a `part` with these for each part.
//!
//! A cell that is missing in its row is null. A cell with `encoding="base64"` contains characters that XML cannot
//! represent. A line end within a text is a newline, whatever the file has (XML 1.0, section 2.11).

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read};
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader as XmlReader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::location::Location;
use super::row::CellType;
use super::well_formed;
use super::{Counts, FileMetadata, Head, HeadColumn, ReadBackError, Refusal, Row, Rows};
use crate::rows::Kind;

const NAMESPACE: &str = "urn:decant:export:1";

/// The refusal of another program's XML.
const FOREIGN: &str =
    "only Decant's own XML is read: the root element is not `export` in the namespace `urn:decant:export:1`";

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The longest row, in bytes.
const ROW_BYTES_MAX: usize = crate::rows::ROW_BYTES_MAX;

pub(super) fn read(input: &mut dyn BufRead, rows: &mut impl Rows) -> Result<Counts, ReadBackError> {
    let (marks_bytes, beginning) = skip_marks(input)?;
    let mut input = beginning.chain(input);
    let track = Rc::new(RefCell::new(Track {
        recent: Vec::new(),
        start: 0,
        location: Location::start(),
    }));
    let mut xml = XmlReader::from_reader(Tracked {
        input: &mut input,
        track: Rc::clone(&track),
    });
    xml.config_mut().check_comments = true;
    let mut reader = Reader {
        rows,
        is_beginning: true,
        within: Vec::new(),
        metadata: None,
        columns: Vec::new(),
        elements: Vec::new(),
        row: Row::default(),
        column: 0,
        start: 0,
        is_base64: false,
        text: Vec::new(),
        filter: String::new(),
        has_head: false,
        parts: None,
        rows_before: 0,
        said_rows: None,
        counts: Counts::default(),
    };
    let mut buffer = Vec::new();
    loop {
        let before = xml.buffer_position();
        // Forgets all before the next event, so that memory holds no more than one event.
        track.borrow_mut().forget(before);
        buffer.clear();
        let event = match xml.read_event_into(&mut buffer) {
            Ok(Event::Eof) => break,
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => {
                return Err(io::Error::new(error.kind(), error.to_string()).into());
            }
            // The parser's position is relative to the event, so that the fault is searched for here.
            Err(quick_xml::Error::Encoding(_)) => {
                return Err(track.borrow().first_fault().error("the bytes are not UTF-8"));
            }
            Err(error) => {
                let at = xml.error_position();
                return Err(track.borrow().location(at).error(error.to_string()));
            }
        };
        reader
            .take(event)
            .map_err(|refusal| track.borrow().location(before).error(refusal))?;
    }
    let end = track.borrow().end();
    reader.counts.bytes = marks_bytes + track.borrow().bytes();
    reader.finish().map_err(|refusal| end.error(refusal))
}

/// Skips byte order marks. Returns their length, and the three bytes behind them in one piece, because the parser
/// looks for a mark in the first piece only and does not count it.
fn skip_marks(input: &mut dyn BufRead) -> io::Result<(u64, Cursor<Vec<u8>>)> {
    let mut bytes = 0;
    loop {
        let mut beginning = Vec::new();
        Read::take(&mut *input, MARK.len() as u64).read_to_end(&mut beginning)?;
        if beginning != MARK {
            return Ok((bytes, Cursor::new(beginning)));
        }
        bytes += MARK.len() as u64;
    }
}

/// The bytes since the last event, whose lines are counted only for an error.
struct Track {
    recent: Vec<u8>,
    /// Offset of these bytes in the file.
    start: u64,
    location: Location,
}

impl Track {
    fn part(&self, until: u64) -> &[u8] {
        let length = usize::try_from(until.saturating_sub(self.start)).unwrap_or(usize::MAX);
        &self.recent[..length.min(self.recent.len())]
    }

    fn forget(&mut self, until: u64) {
        let length = self.part(until).len();
        let mut location = self.location;
        location.pass(&self.recent[..length]);
        self.location = location;
        self.recent.drain(..length);
        self.start += length as u64;
    }

    fn location(&self, at: u64) -> Location {
        let mut location = self.location;
        location.pass(self.part(at));
        location
    }

    /// Returns the location of the first byte that is not UTF-8.
    fn first_fault(&self) -> Location {
        let valid = self
            .recent
            .utf8_chunks()
            .next()
            .map_or(0, |chunk| chunk.valid().len());
        self.location(self.start + valid as u64)
    }

    fn end(&self) -> Location {
        self.location(u64::MAX)
    }

    fn bytes(&self) -> u64 {
        self.start + self.recent.len() as u64
    }
}

struct Tracked<'a> {
    input: &'a mut dyn BufRead,
    track: Rc<RefCell<Track>>,
}

impl Read for Tracked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Tracked<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.track.borrow().recent.len() > ROW_BYTES_MAX {
            return Err(io::Error::other(format!(
                "a piece of the XML is longer than {ROW_BYTES_MAX} bytes"
            )));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(bytes) = self.input.fill_buf() {
            let bytes = &bytes[..amount.min(bytes.len())];
            self.track.borrow_mut().recent.extend_from_slice(bytes);
        }
        self.input.consume(amount);
    }
}

/// The elements of the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Export,
    /// A part of a bundle, which contains what `export` has of one dataset.
    Part,
    Metadata,
    Title,
    ExportedAt,
    Zone,
    Filter,
    Columns,
    Column,
    Name,
    Label,
    Row,
    Cell,
    End,
}

struct Reader<'a, R> {
    rows: &'a mut R,
    /// Whether nothing has been read: only there a declaration may stand.
    is_beginning: bool,
    within: Vec<Element>,
    metadata: Option<FileMetadata>,
    columns: Vec<HeadColumn>,
    /// Names of the columns' elements.
    elements: Vec<String>,
    row: Row,
    /// The column of the current cell.
    column: usize,
    start: usize,
    is_base64: bool,
    /// The text of an element that is not a cell.
    text: Vec<u8>,
    filter: String,
    has_head: bool,
    /// The parts of a bundle that have ended, if the file is one.
    parts: Option<u64>,
    /// The rows before the current part.
    rows_before: u64,
    said_rows: Option<String>,
    counts: Counts,
}

impl<R: Rows> Reader<'_, R> {
    fn take(&mut self, event: Event<'_>) -> Result<(), Refusal> {
        let is_beginning = std::mem::take(&mut self.is_beginning);
        match event {
            Event::Start(start) => self.start(&start),
            Event::Empty(start) => {
                self.start(&start)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => {
                well_formed::check_text(&text)?;
                self.text(&text.xml10_content())
            }
            Event::CData(_) | Event::GeneralRef(_) if self.within.is_empty() => {
                Err("there is text outside the root element".to_owned())
            }
            Event::CData(text) => {
                well_formed::check_characters(&text)?;
                self.text(&text.xml10_content())
            }
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::DocType(_) => Err("document types are not supported".to_owned()),
            Event::Decl(declaration) if is_beginning => well_formed::check_declaration(&declaration),
            Event::Decl(_) => Err("the XML declaration must stand at the beginning of the file".to_owned()),
            Event::PI(instruction) => well_formed::check_instruction(&instruction),
            Event::Comment(comment) => well_formed::check_characters(&comment),
            Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Refusal> {
        well_formed::check_start(start)?;
        let name = start.name().into_inner();
        let unexpected = || format!("the element `{name}` is not expected here");
        let parent = match (self.within.last(), self.parts) {
            // A part contains what `export` has without parts.
            (Some(Element::Part), _) => Some(Element::Export),
            (Some(Element::Export), Some(_)) => Some(Element::Part),
            (parent, _) => parent.copied(),
        };
        let element = match (parent, name) {
            (None, "export") if self.said_rows.is_none() => {
                if attribute(start, "xmlns")?.as_deref() != Some(NAMESPACE) {
                    return Err(FOREIGN.to_owned());
                }
                self.parts = attribute(start, "bundle")?.map(|_| 0);
                if let Some(dataset) = attribute(start, "dataset")? {
                    self.metadata = Some(FileMetadata {
                        dataset,
                        ..FileMetadata::default()
                    });
                }
                Element::Export
            }
            (Some(Element::Export | Element::Part), _) if self.said_rows.is_some() => {
                return Err(unexpected());
            }
            (Some(Element::Part), "part") => {
                self.rows.part(&attribute(start, "name")?.unwrap_or_default())?;
                self.rows_before = self.counts.rows;
                self.has_head = false;
                self.metadata = None;
                self.columns.clear();
                self.elements.clear();
                Element::Part
            }
            (Some(Element::Part), "end") => {
                let said = attribute(start, "parts")?.unwrap_or_default();
                let parts = self.parts.unwrap_or_default();
                if said != parts.to_string() {
                    return Err(format!("`end` announces {said} parts, but there are {parts}"));
                }
                self.said_rows = Some(attribute(start, "rows")?.unwrap_or_default());
                self.rows_before = 0;
                Element::End
            }
            (Some(Element::Export), "metadata") if !self.has_head => Element::Metadata,
            (Some(Element::Export), "columns") if !self.has_head => {
                let fraction = attribute(start, "fraction")?.and_then(|word| word.parse().ok());
                self.metadata.get_or_insert_default().fraction = fraction;
                Element::Columns
            }
            (Some(Element::Export), "row") if self.has_head => {
                self.row.clear_to_nulls(self.columns.len());
                // No cell begins at 0, which marks a missing cell in the row.
                self.row.text().push(b' ');
                self.column = 0;
                Element::Row
            }
            (Some(Element::Export), "end") if self.has_head => {
                self.said_rows = Some(attribute(start, "rows")?.unwrap_or_default());
                Element::End
            }
            (Some(Element::Metadata), "title") => Element::Title,
            (Some(Element::Metadata), "exported_at") => Element::ExportedAt,
            (Some(Element::Metadata), "zone") => Element::Zone,
            (Some(Element::Metadata), "filter") => {
                self.filter = attribute(start, "name")?.unwrap_or_default();
                Element::Filter
            }
            (Some(Element::Columns), "column") => {
                let element = attribute(start, "element")?.unwrap_or_default();
                let kind = attribute(start, "kind")?.unwrap_or_default();
                let kind: Option<Kind> = serde_json::from_value(kind.into()).ok();
                self.columns.push(HeadColumn {
                    kind,
                    ..HeadColumn::named(element.clone())
                });
                self.elements.push(element);
                Element::Column
            }
            (Some(Element::Column), "name") => Element::Name,
            (Some(Element::Column), "label") => Element::Label,
            (Some(Element::Row), _) => {
                self.begin_cell(name)?;
                Element::Cell
            }
            (None, _) if self.said_rows.is_none() => return Err(FOREIGN.to_owned()),
            _ => return Err(unexpected()),
        };
        self.is_base64 = match attribute(start, "encoding")? {
            None => false,
            Some(encoding) if encoding == "base64" => true,
            Some(encoding) => return Err(format!("the encoding `{encoding}` is unknown")),
        };
        self.text.clear();
        self.within.push(element);
        Ok(())
    }

    fn begin_cell(&mut self, name: &str) -> Result<(), Refusal> {
        // Cells come in the order of their columns, and cells that are null are missing.
        let found = self
            .elements
            .iter()
            .skip(self.column)
            .position(|element| element == name);
        let Some(found) = found else {
            return Err(format!(
                "the row's element `{name}` belongs to no column, or is out of order"
            ));
        };
        self.column += found;
        self.start = self.row.text().len();
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Refusal> {
        match self.within.last() {
            Some(Element::Cell) => {
                if self.row.text().len() + text.len() > ROW_BYTES_MAX {
                    return Err(format!("the row is longer than {ROW_BYTES_MAX} bytes"));
                }
                self.row.text().extend_from_slice(text.as_bytes());
            }
            Some(
                Element::Title
                | Element::ExportedAt
                | Element::Zone
                | Element::Filter
                | Element::Name
                | Element::Label,
            ) => self.text.extend_from_slice(text.as_bytes()),
            _ if text.trim_ascii().is_empty() => {}
            _ => return Err("there is text between elements".to_owned()),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Refusal> {
        let name: &str = reference;
        let unknown = || format!("the reference `&{};` is not known", name);
        let character = match reference.resolve_char_ref() {
            Ok(Some(character)) => character,
            Ok(None) => match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => return Err(unknown()),
            },
            Err(_) => return Err(unknown()),
        };
        well_formed::check_character(character)?;
        self.text(character.encode_utf8(&mut [0; 4]))
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let Some(element) = self.within.pop() else {
            return Err("an end tag has no start tag".to_owned());
        };
        if element == Element::Cell {
            return self.end_cell();
        }
        if self.is_base64 {
            self.is_base64 = false;
            self.text = from_base64(&self.text)?.into_bytes();
        }
        // Text outside base64 is UTF-8, because the parser has checked it.
        let text = || String::from_utf8_lossy(&self.text).into_owned();
        let metadata = self.metadata.get_or_insert_default();
        match element {
            Element::Title => metadata.title = text(),
            Element::ExportedAt => metadata.exported_at = text(),
            Element::Filter => {
                metadata.filters.insert(std::mem::take(&mut self.filter), text());
            }
            Element::Name | Element::Label => {
                let text = text();
                if let Some(column) = self.columns.last_mut() {
                    if element == Element::Name {
                        column.name = text;
                    } else {
                        column.label = text;
                    }
                }
            }
            Element::Columns => {
                self.has_head = true;
                return self.rows.head(&Head {
                    columns: &self.columns,
                    metadata: self.metadata.as_ref(),
                });
            }
            Element::Row => {
                self.counts.rows += 1;
                return self.rows.row(&self.row);
            }
            Element::Export | Element::Part if self.said_rows.is_none() => {
                return Err("the file has no `end` element: it is incomplete".to_owned());
            }
            Element::Part => {
                self.said_rows = None;
                self.parts = self.parts.map(|parts| parts + 1);
                self.rows.end_part(self.counts.rows - self.rows_before);
            }
            Element::End => {
                let said = self.said_rows.as_deref().unwrap_or_default();
                let rows = self.counts.rows - self.rows_before;
                if said != rows.to_string() {
                    return Err(format!("`end` announces {said} rows, but there are {rows}"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Refusal> {
        if self.is_base64 {
            self.is_base64 = false;
            let text = from_base64(self.row.text_from(self.start))?;
            self.row.text().truncate(self.start);
            self.row.text().extend_from_slice(text.as_bytes());
        }
        self.row.set_cell(self.column, self.start, CellType::Text);
        self.column += 1;
        Ok(())
    }

    fn finish(self) -> Result<Counts, Refusal> {
        if self.within.is_empty() && self.said_rows.is_some() {
            Ok(self.counts)
        } else {
            Err("the file is incomplete".to_owned())
        }
    }
}

/// Returns the text that `text` encodes. An error names base64 that is malformed, or bytes that are not UTF-8.
fn from_base64(text: &[u8]) -> Result<String, Refusal> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| format!("the element is not base64: {error}"))?;
    // The parser has checked only the base64, and every caller expects UTF-8 in a cell.
    String::from_utf8(bytes).map_err(|_| "the bytes in this base64 are not UTF-8".to_owned())
}

/// Returns the value of an attribute, with its references resolved.
fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, Refusal> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.into_inner() == name {
            let value = quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}
