//! The sheet that describes a workbook, if the options ask for it.

use super::cells::{self, Style};
use super::package::{Group, Package};
use super::sheet::Layout;
use super::sheet_names::ABOUT;
use super::text::split_units;
use crate::format::metadata::Metadata;
use crate::options::Options;
use crate::rows::{Header, Kind};

/// The sheet `About`. The number of rows is known at the end only.
pub(super) struct About {
    lines: Vec<[String; 3]>,
}

impl About {
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Self {
        let metadata = Metadata::new(header, positions, options);
        let line = |name: &str, value: &str| [name.to_owned(), value.to_owned(), String::new()];
        let mut lines = vec![
            line("Dataset", metadata.dataset),
            line("Title", metadata.title),
            line("Exported at", metadata.exported_at),
            line("Zone", &metadata.zone),
        ];
        for (name, value) in metadata.filters {
            lines.push(line(&format!("Filter `{name}`"), value));
        }
        for column in &metadata.columns {
            let kind = serde_json::to_value(column.kind).unwrap_or_default();
            let kind = kind.as_str().unwrap_or_default().to_owned();
            lines.push([format!("Column `{}`", column.name), column.label.to_owned(), kind]);
        }
        Self { lines }
    }

    pub(super) fn write(&self, rows: u64, package: &mut Package, out: &mut Vec<u8>) {
        let headings = [("What", Kind::Uuid), ("Value", Kind::Json), ("Kind", Kind::Text)];
        let headings = headings
            .map(|(heading, kind)| (heading.to_owned(), kind))
            .to_vec();
        let layout = Layout::new(headings, true);
        package.begin_sheet(Group::About, ABOUT, out);
        let xml = &mut package.xml;
        let head = layout.write_head(xml);
        let mut lines = 0;
        for [what, value, kind] in &self.lines {
            let (mut part, mut rest) = split_units(value);
            loop {
                xml.extend_from_slice(b"<row>");
                for cell in [what, part, kind] {
                    cells::write_text(split_units(cell).0, xml);
                }
                xml.extend_from_slice(b"</row>");
                lines += 1;
                if rest.is_empty() {
                    break;
                }
                // Text that is too long for a cell continues in the next line.
                (part, rest) = split_units(rest);
            }
        }
        xml.extend_from_slice(b"<row>");
        cells::write_text("Rows", xml);
        cells::write_count(rows, Style::Plain, xml);
        xml.extend_from_slice(b"</row>");
        let filter = layout.write_foot(head + lines + 1, xml);
        package.end_sheet(filter, out);
    }
}
