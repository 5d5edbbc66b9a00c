//! The file of a recorded export.

use std::time::Duration;

use api::exports::ExportStatus;
use jiff::Timestamp;

use super::file_access::NoFile;
use super::file_key::FileKey;
use super::files::StoredExport;
use super::record::ExportRecord;
use super::verify::ExpectedFile;

/// When a client asks again for a file that is not ready. The file of a short export is ready then.
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl ExportRecord {
    /// Returns the file, if it is there now.
    ///
    /// # Errors
    /// [`NoFile`]
    pub fn stored_file(&self) -> Result<StoredExport, NoFile> {
        let status = self.status_at(Timestamp::now());
        match status {
            ExportStatus::Scheduled | ExportStatus::Queued | ExportStatus::Processing => {
                Err(NoFile::NotReady {
                    status: status.word(),
                    wait: ASK_AGAIN,
                })
            }
            ExportStatus::Expired => Err(NoFile::Expired),
            ExportStatus::Cancelled => Err(NoFile::Cancelled),
            ExportStatus::Failed => Err(NoFile::Failed(
                self.error_message
                    .clone()
                    .unwrap_or_else(|| "the cause is not recorded".to_owned()),
            )),
            ExportStatus::Completed => self.recorded_file().ok_or(NoFile::Missing),
        }
    }

    /// Returns the file that the record names, whatever its status is.
    #[must_use]
    pub fn recorded_file(&self) -> Option<StoredExport> {
        Some(StoredExport {
            key: FileKey::parse(self.file_key.as_deref()?)?,
            bytes: self.file_bytes?,
            sha256: self.sha256.clone()?,
            is_encrypted: self.encrypted,
        })
    }

    /// Returns what the stored file should be. `is_bundle` tells whether it has the parts of a bundle.
    ///
    /// # Errors
    /// [`NoFile`]
    pub fn expected_file(&self, is_bundle: bool) -> Result<ExpectedFile, NoFile> {
        Ok(ExpectedFile {
            stored: self.stored_file()?,
            rows: self.record_count.unwrap_or_default(),
            options: self.options.clone(),
            is_bundle,
        })
    }

    /// Returns the name under which the file is downloaded. A file that its reader decrypts has the ending of `age`.
    #[must_use]
    pub fn download_name(&self, stays_encrypted: bool) -> String {
        let name = self.file_name.as_deref().unwrap_or("export");
        match stays_encrypted {
            true => format!("{name}.age"),
            false => name.to_owned(),
        }
    }

    /// Returns the media type of the file. The ending of its name tells: a CSV file of a bundle is an archive.
    #[must_use]
    pub fn media_type(&self, stays_encrypted: bool) -> &'static str {
        let name = self.file_name.as_deref().unwrap_or_default();
        match (stays_encrypted, name.ends_with(".zip")) {
            (true, _) => "application/octet-stream",
            (false, true) => "application/zip",
            (false, false) => self.options.media_type(),
        }
    }
}
