//! Destinations of a file until it is whole.
//!
//! In order of preference: the file that the user picked, the origin-private file system, and a blob in parts, which
//! browsers keep in memory or on disk. None of them shows an incomplete file to the user, or keeps its bytes in wasm
//! memory.

mod blob;
mod error;
mod file_handle;
mod opfs;

use web_sys::{Blob, FileSystemFileHandle};

pub use blob::BlobSink;
pub use error::SinkError;
pub use file_handle::FileHandleSink;
pub use opfs::OpfsSink;

use super::disk::Content;

/// The destination of one file.
pub enum Sink {
    /// The file that the user picked.
    FileHandle(FileHandleSink),
    /// A file of the origin-private file system.
    Opfs(OpfsSink),
    /// A blob in parts.
    Blob(BlobSink),
}

impl Sink {
    /// Returns the best destination for a download.
    pub async fn for_downloads() -> Self {
        match OpfsSink::create(Content::Export).await {
            Ok(sink) => Self::Opfs(sink),
            // A private window, or an address without https, has no origin-private file system.
            Err(_) => Self::Blob(BlobSink::default()),
        }
    }

    /// Returns the file that the user picked as a destination.
    ///
    /// # Errors
    /// When the browser denies permission to write it.
    pub async fn for_picked(handle: FileSystemFileHandle) -> Result<Self, SinkError> {
        FileHandleSink::create(handle).await.map(Self::FileHandle)
    }

    /// Appends bytes. After an error the file can only be discarded. In the origin-private file system a full disk is
    /// an exception: the call may be repeated once there is room.
    ///
    /// # Errors
    /// When there is no room, or the browser cannot write.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        match self {
            Self::FileHandle(sink) => sink.write(bytes).await,
            Self::Opfs(sink) => sink.write(bytes),
            Self::Blob(sink) => sink.write(bytes).await,
        }
    }

    /// Completes the file. Returns it for a download, or `None` when it is at its destination already.
    ///
    /// # Errors
    /// When the browser cannot complete the file, or reports another length than `file_bytes`.
    pub async fn finish(self, file_bytes: u64) -> Result<Option<Blob>, SinkError> {
        let (file, is_in_place): (Blob, bool) = match self {
            Self::FileHandle(sink) => (sink.finish().await?.into(), true),
            Self::Opfs(sink) => (sink.finish().await?, false),
            Self::Blob(sink) => (sink.finish()?, false),
        };
        // Browsers have lost bytes without an error.
        if file.size() != file_bytes as f64 {
            return Err(SinkError::Short);
        }
        Ok((!is_in_place).then_some(file))
    }

    /// Removes the incomplete file.
    pub async fn discard(self) {
        match self {
            Self::FileHandle(sink) => sink.discard().await,
            Self::Opfs(sink) => sink.discard().await,
            Self::Blob(_) => {}
        }
    }
}
