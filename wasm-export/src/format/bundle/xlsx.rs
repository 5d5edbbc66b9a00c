//! A bundle as a workbook: a sheet for each part, and further ones where a part has more rows than a sheet.

use super::writer::{BundleFormat, Contents, PartRows};
use crate::format::xlsx::{Package, Xlsx};
use crate::format::{FileFormat, FormatError};
use crate::rows::{ReadError, Row};

/// The workbook, or the writer of a part that has it.
pub(super) enum Workbook {
    Between(Package),
    Within(Box<Xlsx>),
}

impl Default for Workbook {
    fn default() -> Self {
        Self::Between(Package::new())
    }
}

impl Workbook {
    fn between(&mut self) -> Option<&mut Package> {
        match self {
            Self::Between(package) => Some(package),
            Self::Within(_) => None,
        }
    }
}

impl BundleFormat for Workbook {
    fn begin(&mut self, _contents: &Contents, _as_of: &str, out: &mut Vec<u8>) {
        if let Some(package) = self.between() {
            package.begin(out);
        }
    }

    fn begin_part(&mut self, part: &PartRows<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        if let Self::Between(package) = std::mem::take(self) {
            let mut rows = Xlsx::part(package, part.header, &part.positions, &part.options);
            rows.begin_part(out);
            *self = Self::Within(Box::new(rows));
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        match self {
            Self::Within(rows) => rows.row(row, out),
            Self::Between(_) => Ok(()),
        }
    }

    fn end_part(&mut self, _rows: u64, out: &mut Vec<u8>) {
        if let Self::Within(rows) = std::mem::take(self) {
            *self = Self::Between(rows.end_part(out));
        }
    }

    fn finish(&mut self, _contents: &Contents, out: &mut Vec<u8>) {
        if let Some(package) = self.between() {
            package.finish(out);
        }
    }
}
