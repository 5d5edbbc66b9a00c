//! A bundle as one XML document: an element `part` for each part, which contains what `export` has for one dataset.

use super::writer::{BundleFormat, Contents, PartRows};
use crate::format::xml::{self, NAMESPACE, xml_name};
use crate::format::{FileFormat, FormatError};
use crate::rows::{ReadError, Row};

#[derive(Default)]
pub(super) struct Xml {
    rows: Option<xml::Xml>,
    parts: u64,
    total: u64,
}

impl BundleFormat for Xml {
    fn begin(&mut self, contents: &Contents, _as_of: &str, out: &mut Vec<u8>) {
        let bundle = xml_name(&contents.name);
        out.extend_from_slice(
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<export xmlns=\"{NAMESPACE}\" bundle=\"{bundle}\">\n"
            )
            .as_bytes(),
        );
    }

    fn begin_part(&mut self, part: &PartRows<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut rows = xml::Xml::part(&part.part.name, part.header, &part.positions, &part.options);
        rows.begin(out);
        self.rows = Some(rows);
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.rows.as_mut().map_or(Ok(()), |rows| rows.row(row, out))
    }

    fn end_part(&mut self, rows: u64, out: &mut Vec<u8>) {
        if let Some(mut writer) = self.rows.take() {
            writer.finish(out);
        }
        self.parts += 1;
        self.total += rows;
    }

    fn finish(&mut self, _contents: &Contents, out: &mut Vec<u8>) {
        let Self { parts, total, .. } = self;
        out.extend_from_slice(format!("<end parts=\"{parts}\" rows=\"{total}\"/>\n</export>\n").as_bytes());
    }
}
