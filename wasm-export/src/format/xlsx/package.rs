//! The workbook as a package (ISO/IEC 29500-2): an archive of XML files that refer to each other.
//!
//! The sheets are written while their rows come, and the files that list them follow.

use super::sheet::XML_DECLARATION;
use super::sheet_names::SheetNames;
use super::text::write_escaped;
use crate::zip::{Packed, Zip};

/// XML is compressed in pieces of this size, so that the file does not depend on how its rows come.
const PIECE_BYTES: usize = 64 * 1024;

/// A sheet of this size takes no further row, because readers refuse a file of 4 GiB in the archive.
const SHEET_BYTES_MAX: u64 = 3_900_000_000;

const CONTENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// The styles of cells: plain, time, day, bold.
const STYLES: &str = "<numFmts count=\"2\">\
    <numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/>\
    <numFmt numFmtId=\"165\" formatCode=\"yyyy\\-mm\\-dd\"/></numFmts>\
    <fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/><family val=\"2\"/></font>\
    <font><b/><sz val=\"11\"/><name val=\"Calibri\"/><family val=\"2\"/></font></fonts>\
    <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>\
    <fill><patternFill patternType=\"gray125\"/></fill></fills>\
    <borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
    <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
    <cellXfs count=\"4\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>\
    <xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
    <xf numFmtId=\"165\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
    <xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/></cellXfs>\
    <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>";

/// The groups of sheets, in the order of the workbook.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Rows,
    LongTexts,
    About,
    Totals,
}

/// Writes the files of a workbook.
pub(in crate::format) struct Package {
    zip: Zip,
    /// The end of the open file that is not compressed yet.
    pub(super) xml: Vec<u8>,
    /// Bytes of the open file that have been compressed.
    packed: u64,
    names: SheetNames,
    /// In the order in which they are begun.
    sheets: Vec<Sheet>,
}

struct Sheet {
    group: Group,
    name: String,
    /// The range of its filter.
    filter: Option<String>,
}

impl Package {
    /// Returns a workbook without sheets. It contains no time, so that the same rows give the same bytes.
    pub(in crate::format) fn new() -> Self {
        Self {
            zip: Zip::new(None),
            xml: Vec::new(),
            packed: 0,
            names: SheetNames::new(),
            sheets: Vec::new(),
        }
    }

    /// Begins the archive with the file that identifies a workbook.
    pub(in crate::format) fn begin(&mut self, out: &mut Vec<u8>) {
        self.write_file(
            "_rels/.rels",
            &format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
                 Type=\"{RELATIONSHIPS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
            out,
        );
    }

    /// Begins a sheet with this name or a similar one.
    pub(super) fn begin_sheet(&mut self, group: Group, name: &str, out: &mut Vec<u8>) {
        let path = self.add_sheet(group, name);
        self.zip.begin(&path, false, out);
        self.packed = 0;
    }

    /// Returns the name of the sheet that was begun last.
    pub(super) fn sheet_name(&self) -> &str {
        self.sheets.last().map_or("", |sheet| &sheet.name)
    }

    /// Returns whether the open sheet has reached the greatest size.
    #[inline]
    pub(super) fn is_sheet_large(&self) -> bool {
        self.packed >= SHEET_BYTES_MAX
    }

    /// Compresses all whole pieces of the open file.
    #[inline]
    pub(super) fn pack(&mut self, out: &mut Vec<u8>) {
        if self.xml.len() < PIECE_BYTES {
            return;
        }
        let (pieces, rest) = self.xml.as_chunks::<PIECE_BYTES>();
        for piece in pieces {
            self.zip.push(piece, out);
        }
        let packed = self.xml.len() - rest.len();
        self.packed += packed as u64;
        self.xml.drain(..packed);
    }

    /// Ends the open sheet.
    pub(super) fn end_sheet(&mut self, filter: Option<String>, out: &mut Vec<u8>) {
        self.pack(out);
        self.zip.push(&self.xml, out);
        self.xml.clear();
        self.zip.end(out);
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.filter = filter;
        }
    }

    /// Appends a whole sheet.
    pub(super) fn append_sheet(
        &mut self,
        group: Group,
        name: &str,
        packed: Packed,
        filter: Option<String>,
        out: &mut Vec<u8>,
    ) {
        let path = self.add_sheet(group, name);
        self.zip.append(&path, packed, out);
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.filter = filter;
        }
    }

    fn add_sheet(&mut self, group: Group, name: &str) -> String {
        self.sheets.push(Sheet {
            group,
            name: self.names.take(name),
            filter: None,
        });
        format!("xl/{}", sheet_path(self.sheets.len()))
    }

    /// Appends the files that list the sheets, and ends the archive.
    pub(in crate::format) fn finish(&mut self, out: &mut Vec<u8>) {
        let styles = format!("<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>");
        self.write_file("xl/styles.xml", &styles, out);
        self.write_file("xl/workbook.xml", &self.workbook(), out);
        self.write_file("xl/_rels/workbook.xml.rels", &self.relationships(), out);
        self.write_file("[Content_Types].xml", &self.content_types(), out);
        self.zip.finish(out);
    }

    fn write_file(&mut self, path: &str, xml: &str, out: &mut Vec<u8>) {
        self.zip.begin(path, false, out);
        self.zip.push(&[XML_DECLARATION, xml.as_bytes()].concat(), out);
        self.zip.end(out);
    }

    fn workbook(&self) -> String {
        let mut shown: Vec<(usize, &Sheet)> = self.sheets.iter().enumerate().collect();
        shown.sort_by_key(|(_, sheet)| sheet.group);
        let (mut sheets, mut filters) = (String::new(), String::new());
        for (place, (index, sheet)) in shown.into_iter().enumerate() {
            let (number, name) = (index + 1, escaped(&sheet.name));
            sheets += &format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>");
            if let Some(filter) = &sheet.filter {
                let name = name.replace('\'', "''");
                filters += &format!(
                    "<definedName name=\"_xlnm._FilterDatabase\" localSheetId=\"{place}\" hidden=\"1\">\
                     '{name}'!{filter}</definedName>"
                );
            }
        }
        if !filters.is_empty() {
            filters = format!("<definedNames>{filters}</definedNames>");
        }
        format!(
            "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONSHIPS}\"><bookViews><workbookView/></bookViews>\
             <sheets>{sheets}</sheets>{filters}</workbook>"
        )
    }

    fn relationships(&self) -> String {
        let relationship = |number: usize, kind: &str, path: &str| {
            format!("<Relationship Id=\"rId{number}\" Type=\"{RELATIONSHIPS}/{kind}\" Target=\"{path}\"/>")
        };
        let sheets: String = (1..=self.sheets.len())
            .map(|number| relationship(number, "worksheet", &sheet_path(number)))
            .collect();
        let styles = relationship(self.sheets.len() + 1, "styles", "styles.xml");
        format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{sheets}{styles}</Relationships>")
    }

    fn content_types(&self) -> String {
        let part = |path: &str, kind: &str| {
            format!("<Override PartName=\"/xl/{path}\" ContentType=\"{CONTENT_TYPE}.{kind}+xml\"/>")
        };
        let sheets: String = (1..=self.sheets.len())
            .map(|number| part(&sheet_path(number), "worksheet"))
            .collect();
        format!(
            "<Types xmlns=\"{PACKAGE}/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"application/xml\"/>{}{}{sheets}</Types>",
            part("workbook.xml", "sheet.main"),
            part("styles.xml", "styles"),
        )
    }
}

/// Returns the path of a sheet below `xl/`.
fn sheet_path(number: usize) -> String {
    format!("worksheets/sheet{number}.xml")
}

fn escaped(text: &str) -> String {
    let mut escaped = Vec::new();
    write_escaped(text, &mut escaped);
    String::from_utf8_lossy(&escaped).into_owned()
}
