//! CellType readers tell of a file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::rows::Kind;

/// The columns of a file, and what it says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The columns.
    pub columns: &'a [HeadColumn],
    /// CellType the file says of itself, if it does.
    pub metadata: Option<&'a FileMetadata>,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HeadColumn {
    /// The name that programs use.
    pub name: String,
    /// The name that people read.
    #[serde(default)]
    pub label: String,
    /// How its cells are to be understood, where the file says so.
    #[serde(default)]
    pub kind: Option<Kind>,
}

impl HeadColumn {
    /// A column of which only the name is known.
    pub(super) fn named(name: String) -> Self {
        let label = name.clone();
        let kind = None;
        Self { name, label, kind }
    }
}

/// CellType a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct FileMetadata {
    /// The dataset that the rows are of.
    #[serde(default)]
    pub dataset: String,
    /// The dataset's name for people.
    #[serde(default)]
    pub title: String,
    /// When the database began the export.
    #[serde(default)]
    pub exported_at: String,
    /// The values that the rows were chosen by.
    #[serde(default)]
    pub filters: BTreeMap<String, String>,
    /// The columns.
    #[serde(default)]
    pub columns: Vec<HeadColumn>,
}

/// A row's cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// Text.
    Text(&'a [u8]),
    /// A string of JSON, with its quotes and escapes.
    JsonString(&'a [u8]),
    /// A number, a boolean, an array or an object of JSON, without white space.
    Json(&'a [u8]),
}

/// A row. Its cells lie in one piece of memory, which serves row after row.
#[derive(Debug, Default)]
pub struct Row {
    text: Vec<u8>,
    cells: Vec<Span>,
}

/// Where a cell lies.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    cell_type: CellType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellType {
    Null,
    Text,
    JsonString,
    Json,
}

impl Row {
    /// How many cells it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Its cells.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cells.iter().map(|cell| {
            let bytes = self.text.get(cell.start..cell.end).unwrap_or_default();
            match cell.what {
                CellType::Null => Cell::Null,
                CellType::Text => Cell::Text(bytes),
                CellType::JsonString => Cell::JsonString(bytes),
                CellType::Json => Cell::Json(bytes),
            }
        })
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Where the next cell's bytes are to be appended.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// The bytes from here on.
    pub(super) fn text_from(&self, start: usize) -> &[u8] {
        self.text.get(start..).unwrap_or_default()
    }

    /// Ends the cell whose bytes begin at `start`.
    pub(super) fn end_cell(&mut self, start: usize, cell_type: CellType) {
        let end = self.text.len();
        self.cells.push(Span { start, end, what });
    }

    /// Makes every cell null, as many as there are columns.
    pub(super) fn clear_to_nulls(&mut self, columns: usize) {
        self.clear();
        let null = Span {
            start: 0,
            end: 0,
            cell_type: CellType::Null,
        };
        self.cells.resize(columns, null);
    }

    /// Sets one of the cells; `false` if it has been set already.
    pub(super) fn set_cell(&mut self, index: usize, start: usize, cell_type: CellType) -> bool {
        let end = self.text.len();
        let span = Span { start, end, what };
        match self.cells.get_mut(index) {
            // A null that was set ends behind the beginning.
            Some(cell) if cell.what == CellType::Null && cell.end == 0 => *cell = span,
            Some(_) => return false,
            None => self.cells.push(span),
        }
        true
    }
}
