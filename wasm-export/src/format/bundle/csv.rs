//! A bundle as a zip archive: a CSV file for each part, and at last `manifest.json` with the rows, bytes and SHA-256 of each.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::writer::{BundleFormat, Contents, ExportMetadata, PartRows};
use crate::format::{FileFormat, FormatError, csv};
use crate::options::{Format, HeaderStyle};
use crate::rows::{ReadError, Row};
use crate::zip::Zip;

/// Bytes are compressed in blocks of this size, so that the archive does not depend on how its rows come.
const BLOCK_BYTES: usize = 64 * 1024;

/// The name of the file that describes the others.
pub(crate) const MANIFEST: &str = "manifest.json";

#[derive(Default)]
pub(super) struct Archive {
    zip: Option<Zip>,
    as_of: String,
    rows: Option<csv::Csv>,
    /// Bytes of the open file that do not fill a block yet.
    waiting: Vec<u8>,
    hash: Sha256,
    /// Bytes of the open file that have been compressed.
    bytes: u64,
    files: Vec<File>,
}

/// A file of the archive, as the manifest describes it.
#[derive(Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) part: String,
    pub(crate) file: String,
    dataset: String,
    title: String,
    columns: Vec<String>,
    /// The first row has headings of this style.
    pub(crate) header: HeaderStyle,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// The part of a manifest that can be checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadManifest {
    pub(crate) export_metadata: ReadMetadata,
    pub(crate) parts: Vec<File>,
}

/// The part of the description that can be checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadMetadata {
    pub(crate) total_records: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    export_metadata: ExportMetadata<'a>,
    parts: &'a [File],
}

impl Archive {
    fn pack(&mut self, is_end: bool, out: &mut Vec<u8>) {
        let Some(zip) = &mut self.zip else {
            return;
        };
        let length = match is_end {
            true => self.waiting.len(),
            false => self.waiting.len() / BLOCK_BYTES * BLOCK_BYTES,
        };
        for block in self.waiting[..length].chunks(BLOCK_BYTES) {
            self.hash.update(block);
            zip.push(block, out);
        }
        self.bytes += length as u64;
        self.waiting.drain(..length);
    }
}

impl BundleFormat for Archive {
    fn begin(&mut self, _contents: &Contents, as_of: &str, _out: &mut Vec<u8>) {
        self.zip = Some(Zip::new(Some(as_of)));
        self.as_of = as_of.to_owned();
    }

    fn begin_part(&mut self, part: &PartRows<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut rows = csv::Csv::new(part.header, &part.positions, &part.options_of_rows())?;
        let file = File {
            part: part.part.name.clone(),
            file: format!("{}.csv", part.part.name),
            dataset: part.header.dataset.clone(),
            title: part.header.title.clone(),
            columns: part
                .positions
                .iter()
                .map(|&position| part.header.columns[position].name.clone())
                .collect(),
            header: part.options.header,
            rows: 0,
            bytes: 0,
            sha256: String::new(),
        };
        if let Some(zip) = &mut self.zip {
            zip.begin(&file.file, true, out);
        }
        rows.begin(&mut self.waiting);
        self.rows = Some(rows);
        self.files.push(file);
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, _out: &mut Vec<u8>) -> Result<(), ReadError> {
        let Self { rows, waiting, .. } = self;
        rows.as_mut().map_or(Ok(()), |rows| rows.row(row, waiting))
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        self.pack(false, out);
    }

    fn end_part(&mut self, rows: u64, out: &mut Vec<u8>) {
        if let Some(mut writer) = self.rows.take() {
            writer.finish(&mut self.waiting);
        }
        self.pack(true, out);
        if let Some(zip) = &mut self.zip {
            zip.end(out);
        }
        let digest = std::mem::take(&mut self.hash).finalize();
        if let Some(file) = self.files.last_mut() {
            file.rows = rows;
            file.bytes = std::mem::take(&mut self.bytes);
            file.sha256 = hex(&digest);
        }
    }

    fn finish(&mut self, contents: &Contents, out: &mut Vec<u8>) {
        let Some(zip) = &mut self.zip else {
            return;
        };
        let export_metadata = ExportMetadata {
            total_records: Some(self.files.iter().map(|file| file.rows).sum()),
            ..ExportMetadata::new(contents, Format::Csv, &self.as_of)
        };
        let manifest = Manifest {
            export_metadata,
            parts: &self.files,
        };
        let mut json = serde_json::to_vec_pretty(&manifest).expect("strings and numbers are JSON");
        json.push(b'\n');
        zip.begin(MANIFEST, false, out);
        zip.push(&json, out);
        zip.finish(out);
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
