//! The manifest beside a stored export. It makes a file readable without its record.

use api::backups::BackupEncryption;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Raised when a member changes its meaning.
const VERSION: u32 = 1;

/// The manifest of a stored export. It is written before the file, so that a file that a crash leaves can be attributed to the state
/// database that has, or had, its record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileManifest {
    version: u32,
    /// The state database with the record of the export.
    pub state_database: String,
    pub export: String,
    /// The number of the claim that writes the file.
    pub fence: i64,
    #[serde(flatten)]
    pub description: FileDescription,
    pub encryption: BackupEncryption,
    /// `None` while the file is being written.
    pub contents: Option<FileContents>,
}

/// The request that made a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileDescription {
    /// A dataset or a bundle.
    pub dataset: String,
    pub format: String,
    /// Options of the formatter.
    pub options: Value,
    /// Filters, columns and zone, as they were parsed.
    pub selection: Value,
}

/// What a complete file contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileContents {
    pub rows: u64,
    /// As it is downloaded.
    pub bytes: u64,
    /// Before compression.
    pub raw_bytes: u64,
    /// Of the file as it is downloaded; 64 hexadecimal digits.
    pub sha256: String,
    /// The database's clock when the rows were read.
    pub snapshot_at: Option<Timestamp>,
    /// Names of the columns. A bundle has none.
    pub columns: Vec<String>,
}

impl FileManifest {
    /// Returns the manifest of a file that is not yet written.
    #[must_use]
    pub fn new(
        state_database: String,
        export: Uuid,
        fence: i64,
        description: FileDescription,
        encryption: BackupEncryption,
    ) -> Self {
        Self {
            version: VERSION,
            state_database,
            export: export.to_string(),
            fence,
            description,
            encryption,
            contents: None,
        }
    }
}
