//! The parts of a file that readers hand out.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::options::Fraction;
use crate::rows::Kind;

/// The columns of a file, and its description.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The columns, in the file's order.
    pub columns: &'a [HeadColumn],
    /// The description of the file, if it has one.
    pub metadata: Option<&'a FileMetadata>,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HeadColumn {
    /// The name for programs.
    pub name: String,
    /// The name for people.
    #[serde(default)]
    pub label: String,
    /// How the cells are parsed, if the file contains it.
    #[serde(default)]
    pub kind: Option<Kind>,
}

impl HeadColumn {
    /// Returns a column whose label is its name.
    pub(super) fn named(name: String) -> Self {
        let label = name.clone();
        let kind = None;
        Self { name, label, kind }
    }
}

/// The description that a file contains of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct FileMetadata {
    /// The name of the dataset.
    #[serde(default)]
    pub dataset: String,
    /// The name of the dataset for people.
    #[serde(default)]
    pub title: String,
    /// When the database began the export, RFC 3339 in UTC.
    #[serde(default)]
    pub exported_at: String,
    /// The digits of the seconds' fraction in the file's timestamps, if it contains them.
    #[serde(default)]
    pub fraction: Option<Fraction>,
    /// The filters by which the rows were selected.
    #[serde(default)]
    pub filters: BTreeMap<String, String>,
    /// The columns, in the order of the rows' cells.
    #[serde(default)]
    pub columns: Vec<HeadColumn>,
}

/// A cell of a row. Its bytes are UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Null, or a value that is missing.
    Null,
    /// Text, without quotes and escapes.
    Text(&'a [u8]),
    /// A JSON string, with its quotes and escapes.
    JsonString(&'a [u8]),
    /// Any other JSON value, without white space.
    Json(&'a [u8]),
}

/// A row, whose cells share one buffer. Readers use the same buffer for every row.
#[derive(Debug, Default)]
pub struct Row {
    text: Vec<u8>,
    cells: Vec<Span>,
}

/// The place of a cell in the buffer.
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
    /// Returns the number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Returns whether the row has no cells.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Returns the cells in the order of the columns.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cells.iter().map(|cell| {
            let bytes = self.text.get(cell.start..cell.end).unwrap_or_default();
            match cell.cell_type {
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

    /// Returns the buffer, to which the next cell's bytes are appended.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Returns the bytes of the buffer from `start` on.
    pub(super) fn text_from(&self, start: usize) -> &[u8] {
        self.text.get(start..).unwrap_or_default()
    }

    /// Ends the cell whose bytes begin at `start`.
    pub(super) fn end_cell(&mut self, start: usize, cell_type: CellType) {
        let end = self.text.len();
        self.cells.push(Span {
            start,
            end,
            cell_type,
        });
    }

    /// Makes the row one of `columns` nulls.
    pub(super) fn clear_to_nulls(&mut self, columns: usize) {
        self.clear();
        let null = Span {
            start: 0,
            end: 0,
            cell_type: CellType::Null,
        };
        self.cells.resize(columns, null);
    }

    /// Sets a cell. Returns false when the cell was set before.
    pub(super) fn set_cell(&mut self, index: usize, start: usize, cell_type: CellType) -> bool {
        let end = self.text.len();
        let span = Span {
            start,
            end,
            cell_type,
        };
        match self.cells.get_mut(index) {
            // A null that was set ends behind index 0.
            Some(cell) if cell.cell_type == CellType::Null && cell.end == 0 => *cell = span,
            Some(_) => return false,
            None => self.cells.push(span),
        }
        true
    }
}
