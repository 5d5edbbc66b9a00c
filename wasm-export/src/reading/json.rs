//! Reads rows from JSON: an array of objects, Decant's object with metadata around such an array, or one object on
//! each line.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::json_bundle::BundleReader;
use super::row::CellType;
use super::{Counts, FileMetadata, Head, HeadColumn, ReadBackError, Refusal, Row, Rows};
use crate::json::{Handler, JsonError, Piece, Shape, Tokenizer, decode};
use crate::rows::HEADER_BYTES_MAX;

/// The longest row, in bytes.
const ROW_BYTES_MAX: usize = crate::rows::ROW_BYTES_MAX;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The arrangement of rows in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In an array, or in an object that contains one.
    Array,
    /// One object on each line.
    Lines,
}

/// The keys that rows without metadata may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keys<'a> {
    /// These; if there are none, those of the first row.
    Known(&'a [String]),
    /// Any. The head is passed after the last row, and no row is passed.
    Any,
}

/// Reads rows.
pub(super) fn read(
    input: &mut dyn BufRead,
    layout: Layout,
    keys: Keys<'_>,
    rows: &mut impl Rows,
) -> Result<Counts, ReadBackError> {
    let mut reader = Reader::new(layout, rows);
    match keys {
        Keys::Known(columns) => columns
            .iter()
            .for_each(|column| reader.add_column(column.clone())),
        Keys::Any => reader.collects_keys = true,
    }
    match (reader.read(input, layout), reader.new_key) {
        (Err(ReadBackError::Content { line, column, .. }), Some(key)) => {
            Err(ReadBackError::NewKey { line, column, key })
        }
        (read, _) => read.map(|()| reader.counts),
    }
}

impl From<JsonError> for ReadBackError {
    fn from(error: JsonError) -> Self {
        Self::Content {
            line: error.line,
            column: error.column,
            what: error.fault.to_string(),
        }
    }
}

/// Finds the rows among the tokens.
struct Reader<'a, R> {
    rows: &'a mut R,
    /// The depth of the objects that are rows, once it is known.
    row_depth: Option<usize>,
    section: Section,
    metadata: Option<FileMetadata>,
    columns: Vec<HeadColumn>,
    /// The names of the columns as JSON strings, so that keys are compared without decoding.
    keys: Vec<Vec<u8>>,
    positions: HashMap<String, usize>,
    /// The names of all columns together, in bytes.
    names_bytes: usize,
    /// The key that was refused because the first row does not have it.
    new_key: Option<String>,
    /// Whether a key that no earlier row has becomes a column. The head is passed after the last row then.
    collects_keys: bool,
    has_passed_head: bool,
    row: Row,
    at_row: AtRow,
    key: Vec<u8>,
    /// The column of the current value.
    index: usize,
    /// The column that the next key probably names, because most rows have the keys in the same order.
    next: usize,
    /// Start of the current value in the row.
    start: usize,
    /// The current value outside the rows.
    aside: Vec<u8>,
    counts: Counts,
    /// Reads the rest of the file, if it is of a bundle.
    bundle: Option<BundleReader>,
}

/// A member of the object around the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Metadata,
    Rows,
    RowCount,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtRow {
    Before,
    Within,
    /// All rows have been read.
    Behind,
}

impl<'a, R: Rows> Reader<'a, R> {
    fn new(layout: Layout, rows: &'a mut R) -> Self {
        Self {
            rows,
            row_depth: (layout == Layout::Lines).then_some(1),
            section: Section::Rows,
            metadata: None,
            columns: Vec::new(),
            keys: Vec::new(),
            positions: HashMap::new(),
            names_bytes: 0,
            new_key: None,
            collects_keys: false,
            has_passed_head: false,
            row: Row::default(),
            at_row: AtRow::Before,
            key: Vec::new(),
            index: 0,
            next: 0,
            start: 0,
            aside: Vec::new(),
            counts: Counts::default(),
            bundle: None,
        }
    }

    /// Reads the file to its end.
    fn read(&mut self, input: &mut dyn BufRead, layout: Layout) -> Result<(), ReadBackError> {
        let mut tokenizer = Tokenizer::new(match layout {
            Layout::Array => Shape::One,
            Layout::Lines => Shape::Lines,
        });
        let mut beginning = Vec::new();
        (&mut *input).take(BOM.len() as u64).read_to_end(&mut beginning)?;
        self.counts.bytes = beginning.len() as u64;
        // RFC 8259, section 8.1, forbids a byte order mark to writers, and allows readers to ignore it.
        if beginning == BOM {
            tokenizer = tokenizer.after(BOM.len() as u64);
        } else {
            tokenizer.push(&beginning, self)?;
        }
        loop {
            let piece = input.fill_buf()?;
            let length = piece.len();
            if length == 0 {
                break;
            }
            self.counts.bytes += length as u64;
            tokenizer.push(piece, self)?;
            input.consume(length);
        }
        tokenizer.finish(self)?;
        if let Some(bundle) = &self.bundle {
            self.counts.rows = bundle.rows();
        }
        self.pass_head().map_err(|refusal| tokenizer.refuse(refusal))?;
        Ok(())
    }

    fn add_column(&mut self, name: String) {
        self.keys.push(serde_json::to_vec(&name).unwrap_or_default());
        self.positions.insert(name.clone(), self.columns.len());
        self.columns.push(HeadColumn::named(name));
    }

    /// Returns whether the container of this depth is a row or lies in one.
    fn is_in_row(&self, depth: usize) -> bool {
        self.at_row == AtRow::Within && self.row_depth.is_some_and(|row_depth| depth >= row_depth)
    }

    /// Returns the buffer for the bytes of a value, or `None` for a value that is not needed.
    fn kept(&mut self, depth: usize) -> Option<&mut Vec<u8>> {
        if self.is_in_row(depth) {
            Some(self.row.text())
        } else if matches!(self.section, Section::Metadata | Section::RowCount) {
            Some(&mut self.aside)
        } else {
            None
        }
    }

    fn keep(&mut self, bytes: &[u8], depth: usize) -> Result<(), Refusal> {
        let Some(kept) = self.kept(depth) else {
            return Ok(());
        };
        if kept.len() + bytes.len() > ROW_BYTES_MAX {
            return Err(format!("the row is longer than {ROW_BYTES_MAX} bytes"));
        }
        kept.extend_from_slice(bytes);
        Ok(())
    }

    fn begin_row(&mut self) {
        self.at_row = AtRow::Within;
        self.next = 0;
        self.row.clear_to_nulls(self.columns.len());
        // No value begins at 0, which distinguishes a null in the file from a missing value.
        self.row.text().push(b' ');
    }

    fn end_row(&mut self) -> Result<(), Refusal> {
        self.at_row = AtRow::Before;
        let is_first = self.counts.rows == 0;
        if is_first && self.row_depth == Some(1) && self.take_metadata_line() {
            return Ok(());
        }
        self.counts.rows += 1;
        if self.collects_keys {
            return Ok(());
        }
        self.pass_head()?;
        self.rows.row(&self.row)
    }

    /// Takes the first line as metadata if it contains nothing else. Returns whether it did.
    fn take_metadata_line(&mut self) -> bool {
        let is_alone = matches!(self.columns.as_slice(), [column] if column.name == "metadata");
        let Some(super::Cell::Json(text)) = self.row.cells().next().filter(|_| is_alone) else {
            return false;
        };
        // A row may have a column of that name, too.
        let Some(metadata) = serde_json::from_slice::<FileMetadata>(text)
            .ok()
            .filter(|metadata| !metadata.columns.is_empty())
        else {
            return false;
        };
        self.take_metadata(metadata);
        true
    }

    fn take_metadata(&mut self, metadata: FileMetadata) {
        self.columns.clear();
        self.keys.clear();
        self.positions.clear();
        for column in &metadata.columns {
            self.add_column(column.name.clone());
        }
        self.columns.clone_from(&metadata.columns);
        self.metadata = Some(metadata);
    }

    fn pass_head(&mut self) -> Result<(), Refusal> {
        if self.has_passed_head {
            return Ok(());
        }
        self.has_passed_head = true;
        self.rows.head(&Head {
            columns: &self.columns,
            metadata: self.metadata.as_ref(),
        })
    }

    /// Finds the column of the key. The keys of the first row become the columns, unless metadata has named them.
    fn take_key(&mut self) -> Result<(), Refusal> {
        let is_expected = self.keys.get(self.next).is_some_and(|key| *key == self.key);
        self.index = if is_expected {
            self.next
        } else {
            let mut name = Vec::new();
            if !decode(&self.key, &mut name) {
                return Err("the key holds half of a surrogate pair".to_owned());
            }
            let name = String::from_utf8_lossy(&name).into_owned();
            match self.positions.get(&name) {
                Some(&index) => index,
                None if self.metadata.is_some() => {
                    return Err(format!(
                        "the row has a key `{name}` that the metadata does not name"
                    ));
                }
                None if self.has_passed_head => {
                    self.new_key = Some(name);
                    return Err("the key is new".to_owned());
                }
                None => {
                    self.names_bytes += name.len();
                    if self.names_bytes > HEADER_BYTES_MAX {
                        return Err(format!(
                            "the keys of all rows have more than {HEADER_BYTES_MAX} bytes"
                        ));
                    }
                    self.add_column(name);
                    self.columns.len() - 1
                }
            }
        };
        self.next = self.index + 1;
        self.start = self.row.text().len();
        Ok(())
    }

    fn end_value(&mut self) -> Result<(), Refusal> {
        let text = self.row.text_from(self.start);
        let what = match text.first() {
            Some(b'"') => CellType::JsonString,
            _ if text == b"null" => CellType::Null,
            _ => CellType::Json,
        };
        if self.row.set_cell(self.index, self.start, what) {
            Ok(())
        } else {
            let name = self
                .columns
                .get(self.index)
                .map_or("", |column| column.name.as_str());
            Err(format!("the row has the key `{name}` twice"))
        }
    }

    fn take_section(&mut self) -> Result<(), Refusal> {
        self.section = match self.key.as_slice() {
            b"\"exportMetadata\"" if self.at_row == AtRow::Before && self.metadata.is_none() => {
                self.bundle = Some(BundleReader::default());
                Section::None
            }
            b"\"metadata\"" => Section::Metadata,
            b"\"rows\"" if self.at_row == AtRow::Before => Section::Rows,
            b"\"row_count\"" if self.at_row == AtRow::Behind => Section::RowCount,
            key => {
                return Err(format!(
                    "{} is not expected here; an object around rows has the members `metadata`, `rows` and `row_count`",
                    String::from_utf8_lossy(key)
                ));
            }
        };
        self.aside.clear();
        Ok(())
    }

    /// Ends a member of the object around the rows.
    fn end_section(&mut self) -> Result<(), Refusal> {
        match self.section {
            Section::Metadata => {
                if self.has_passed_head {
                    return Err("the metadata must stand before the rows".to_owned());
                }
                let metadata = serde_json::from_slice(&self.aside)
                    .map_err(|error| format!("the metadata that ends here is not ours: {error}"))?;
                self.take_metadata(metadata);
            }
            Section::Rows => self.at_row = AtRow::Behind,
            Section::RowCount => {
                let said = String::from_utf8_lossy(&self.aside);
                if said != self.counts.rows.to_string() {
                    return Err(format!(
                        "`row_count` is {said}, but there are {} rows",
                        self.counts.rows
                    ));
                }
            }
            Section::None => {}
        }
        self.section = Section::None;
        Ok(())
    }

    fn refuse_no_row(&self) -> Refusal {
        "a row must be an object".to_owned()
    }
}

impl<R: Rows> Handler for Reader<'_, R> {
    fn open(&mut self, is_object: bool, depth: usize) -> Result<(), Refusal> {
        if let Some(bundle) = &mut self.bundle {
            return bundle.open(is_object, depth);
        }
        if self.is_in_row(depth - 1) {
            return self.keep(if is_object { b"{" } else { b"[" }, depth - 1);
        }
        match (self.row_depth, depth) {
            (None, 1) if is_object => {
                self.section = Section::None;
                Ok(())
            }
            (None, 1) => {
                self.row_depth = Some(2);
                Ok(())
            }
            (Some(row_depth), _) if depth == row_depth && self.section == Section::Rows => {
                if is_object {
                    self.begin_row();
                    Ok(())
                } else {
                    Err(self.refuse_no_row())
                }
            }
            (None, 2) if self.section == Section::Rows => {
                if is_object {
                    return Err("`rows` must be an array".to_owned());
                }
                self.row_depth = Some(3);
                Ok(())
            }
            _ => self.keep(if is_object { b"{" } else { b"[" }, depth),
        }
    }

    fn close(&mut self, is_object: bool, depth: usize, _is_empty: bool) -> Result<(), Refusal> {
        if let Some(bundle) = &mut self.bundle {
            return bundle.close(depth, self.rows);
        }
        if self.is_in_row(depth) {
            if self.row_depth == Some(depth) {
                return self.end_row();
            }
            self.keep(if is_object { b"}" } else { b"]" }, depth)?;
            return if self.row_depth == Some(depth - 1) {
                self.end_value()
            } else {
                Ok(())
            };
        }
        let is_envelope = self.row_depth != Some(2) && self.row_depth != Some(1);
        if is_envelope && depth == 1 {
            return if self.at_row == AtRow::Behind {
                Ok(())
            } else {
                Err("the object has no `rows`".to_owned())
            };
        }
        self.keep(if is_object { b"}" } else { b"]" }, depth)?;
        if is_envelope && depth == 2 {
            self.end_section()
        } else {
            Ok(())
        }
    }

    fn member(&mut self, is_first: bool, depth: usize) -> Result<(), Refusal> {
        if self.bundle.is_some() || self.row_depth == Some(depth) || is_first {
            return Ok(());
        }
        // The commas between members of the outermost object belong to no value.
        let is_within = self.is_in_row(depth) || depth > 1;
        if is_within { self.keep(b",", depth) } else { Ok(()) }
    }

    fn colon(&mut self) -> Result<(), Refusal> {
        // A colon is appended with its key.
        Ok(())
    }

    fn scalar(&mut self, piece: Piece<'_>, depth: usize) -> Result<(), Refusal> {
        if let Some(bundle) = &mut self.bundle {
            return bundle.scalar(piece, depth, self.rows);
        }
        let bytes = piece.rest.get(..piece.length).unwrap_or_default();
        let is_of_row = self.is_in_row(depth) && self.row_depth == Some(depth);
        let is_of_envelope = depth == 1 && !is_of_row && self.row_depth != Some(2);
        if piece.is_key && (is_of_row || is_of_envelope) {
            if piece.begins {
                self.key.clear();
            }
            if self.key.len() + bytes.len() > ROW_BYTES_MAX {
                return Err("the key is too long".to_owned());
            }
            self.key.extend_from_slice(bytes);
            return match piece.ends {
                false => Ok(()),
                true if is_of_row => self.take_key(),
                true => self.take_section(),
            };
        }
        let is_row = match self.row_depth {
            Some(row_depth) => depth + 1 == row_depth && self.section == Section::Rows,
            None => depth == 0 || self.section == Section::Rows,
        };
        if is_row {
            return if piece.ends {
                Err("the value that ends here is not an object, so it is not a row".to_owned())
            } else {
                Ok(())
            };
        }
        self.keep(bytes, depth)?;
        if piece.is_key {
            return if piece.ends {
                self.keep(b":", depth)
            } else {
                Ok(())
            };
        }
        match piece.ends {
            true if is_of_row => self.end_value(),
            true if is_of_envelope => self.end_section(),
            _ => Ok(()),
        }
    }
}
