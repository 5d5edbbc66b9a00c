//! A bundle as one page: a section for each part, with its summary.

use super::writer::{BundleFormat, Contents, PartRows};
use crate::format::html::{Html, escape, fact, head};
use crate::format::{FileFormat, FormatError};
use crate::rows::{ReadError, Row};

const STYLE: &str = include_str!("../html/bundle.css");

#[derive(Default)]
pub(super) struct Page {
    rows: Option<Html>,
}

impl BundleFormat for Page {
    fn begin(&mut self, contents: &Contents, as_of: &str, out: &mut Vec<u8>) {
        let page = head(&contents.title, STYLE);
        let facts = fact("Exported at", &escape(as_of));
        out.extend_from_slice(page.as_bytes());
        out.extend_from_slice(format!("<dl>\n{facts}</dl>\n</header>\n<main class=\"parts\">\n").as_bytes());
    }

    fn begin_part(&mut self, part: &PartRows<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut rows = Html::part(&part.part.name, part.header, &part.positions, &part.options);
        rows.begin(out);
        self.rows = Some(rows);
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.rows.as_mut().map_or(Ok(()), |rows| rows.row(row, out))
    }

    fn end_part(&mut self, _rows: u64, out: &mut Vec<u8>) {
        if let Some(mut writer) = self.rows.take() {
            writer.finish(out);
        }
    }

    fn finish(&mut self, _contents: &Contents, out: &mut Vec<u8>) {
        out.extend_from_slice(b"</main>\n</body>\n</html>\n");
    }
}
