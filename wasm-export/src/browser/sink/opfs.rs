//! Writes to the origin-private file system, directly from wasm memory.

use web_sys::{Blob, FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::SinkError;
use crate::browser::disk::{Content, DiskFile};

/// A file in the browser's folder of exports. It is locked while it grows.
pub struct OpfsSink {
    file: DiskFile,
    access: FileSystemSyncAccessHandle,
    bytes: u64,
}

impl OpfsSink {
    /// Creates an empty file.
    ///
    /// # Errors
    /// When this page has no origin-private file system, or the caller is not a worker.
    pub async fn create(content: Content) -> Result<Self, SinkError> {
        let file = DiskFile::create(content).await?;
        let access = file.access().await?;
        Ok(Self {
            file,
            access,
            bytes: 0,
        })
    }

    /// Appends bytes. After an error for lack of room they can be written again.
    ///
    /// # Errors
    /// When there is no room, or the browser cannot write.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let place = FileSystemReadWriteOptions::new();
        // After a failed write, the position of the handle is undefined.
        place.set_at(self.bytes as f64);
        let written = self.access.write_with_u8_array_and_options(bytes, &place)?;
        // Not `<`: on a full disk, a private window of Chromium reports a number of bytes that is larger than any,
        // instead of an exception.
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

    /// Unlocks the file without waiting for the disk, and returns its name.
    pub(in crate::browser) fn close(self) -> String {
        self.access.close();
        self.file.name()
    }

    pub(in crate::browser) async fn discard(self) {
        self.access.close();
        self.file.remove().await;
    }
}
