//! The browser's own disk, written straight from wasm memory.

use web_sys::{Blob, FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::SinkError;
use crate::browser::disk::{Content, DiskFile};

/// A file of its own in the browser's folder of exports. While it grows it is locked.
pub struct OpfsSink {
    file: DiskFile,
    access: FileSystemSyncAccessHandle,
    bytes: u64,
}

impl OpfsSink {
    /// A new, empty file.
    ///
    /// # Errors
    /// The browser has no disk of its own for this page, or this is no worker.
    pub async fn create(content: Content) -> Result<Self, SinkError> {
        let file = DiskFile::create(content).await?;
        let access = file.access().await?;
        Ok(Self {
            file,
            access,
            bytes: 0,
        })
    }

    /// Appends bytes. Where there was no room they can be written again when there is.
    ///
    /// # Errors
    /// There is no room, or the browser cannot write.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let place = FileSystemReadWriteOptions::new();
        // The browser's own place may be anywhere after it could not write all.
        place.set_at(self.bytes as f64);
        let written = self.access.write_with_u8_array_and_options(bytes, &place)?;
        // Not `<`: in a private window of Chromium a full disk is no exception but a number of bytes written that is
        // larger than any.
        if written == bytes.len() as f64 {
            self.bytes += bytes.len() as u64;
            Ok(())
        } else {
            Err(SinkError::Full)
        }
    }

    pub(super) async fn finish(self) -> Result<Blob, SinkError> {
        let flushed = self.access.flush();
        self.access.close();
        match flushed {
            Ok(()) => Ok(self.file.content().await?.into()),
            Err(error) => {
                self.file.remove().await;
                Err(error.into())
            }
        }
    }

    /// Unlocks the file without waiting for the disk, and tells its name.
    pub(in crate::browser) fn close(self) -> String {
        self.access.close();
        self.file.name()
    }

    pub(in crate::browser) async fn discard(self) {
        self.access.close();
        self.file.remove().await;
    }
}
