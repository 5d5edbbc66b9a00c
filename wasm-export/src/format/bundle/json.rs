//! A bundle as one JSON object: `exportMetadata`, a member for each part, `totals`.
//!
//! ```json
//! {"exportMetadata":{"exportId":null,"exportDate":"2026-01-28T12:00:00Z", …},
//! "userData":{"user_id":7},
//! "files":[
//! {"file_id":1}
//! ],
//! "totals":{"userData":1,"files":1}}
//! ```
//!
//! A report has `generatedAt` behind its parts.

use super::writer::{BundleFormat, Contents, ExportMetadata, PartRows};
use crate::format::metadata::Metadata;
use crate::format::{FileFormat, FormatError, json};
use crate::options::{self, Format, Options};
use crate::rows::{ReadError, Row};

/// The members of an object, with their values as JSON, in the order of the parts. A map of `serde_json` has another order
/// where a feature of it is off.
type Members = Vec<(String, String)>;

pub(super) struct Json {
    rows: Option<json::Json>,
    /// The name of each part with its number of rows.
    totals: Members,
    /// The metadata of each part, if the file contains it.
    metadata: Option<Members>,
    part: String,
    as_of: String,
}

impl Json {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            rows: None,
            totals: Members::new(),
            metadata: (options.metadata == options::Metadata::With).then(Members::new),
            part: String::new(),
            as_of: String::new(),
        }
    }
}

impl BundleFormat for Json {
    fn begin(&mut self, contents: &Contents, as_of: &str, out: &mut Vec<u8>) {
        as_of.clone_into(&mut self.as_of);
        let metadata = ExportMetadata::new(contents, Format::Json, as_of);
        out.extend_from_slice(b"{\"exportMetadata\":");
        out.extend_from_slice(&serde_json::to_vec(&metadata).expect("strings and numbers are JSON"));
    }

    fn begin_part(&mut self, part: &PartRows<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let options = part.options_of_rows();
        let mut rows = json::Json::member(part.header, &part.positions, &options, part.part.single);
        out.extend_from_slice(b",\n");
        json::write_string(part.part.name.as_bytes(), out);
        out.push(b':');
        rows.begin(out);
        self.rows = Some(rows);
        self.part.clone_from(&part.part.name);
        if let Some(metadata) = &mut self.metadata {
            let of_part = Metadata::new(part.header, &part.positions, &options);
            let of_part = serde_json::to_string(&of_part).expect("strings and lists of them are JSON");
            metadata.push((self.part.clone(), of_part));
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.rows.as_mut().map_or(Ok(()), |rows| rows.row(row, out))
    }

    fn end_part(&mut self, rows: u64, out: &mut Vec<u8>) {
        if let Some(mut writer) = self.rows.take() {
            writer.finish(out);
        }
        self.totals
            .push((std::mem::take(&mut self.part), rows.to_string()));
    }

    fn finish(&mut self, contents: &Contents, out: &mut Vec<u8>) {
        if contents.report.is_some() {
            out.extend_from_slice(b",\n\"generatedAt\":");
            json::write_string(self.as_of.as_bytes(), out);
        }
        let known = [
            ("metadata", self.metadata.as_ref()),
            ("totals", Some(&self.totals)),
        ];
        for (name, members) in known {
            let Some(members) = members else { continue };
            out.extend_from_slice(format!(",\n\"{name}\":").as_bytes());
            for (at, (part, value)) in members.iter().enumerate() {
                out.push(if at == 0 { b'{' } else { b',' });
                json::write_string(part.as_bytes(), out);
                out.push(b':');
                out.extend_from_slice(value.as_bytes());
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"}\n");
    }
}
