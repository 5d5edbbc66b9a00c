//! Where a file grows until it is whole.
//!
//! In order of preference: the file that the user picked, the browser's own disk, and parts of a blob, which browsers
//! keep in memory or on disk as they see fit. None of them shows the user a file before it is whole, and none keeps
//! its bytes in wasm memory.

mod blob;
mod file_handle;
mod opfs;

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::{Blob, FileSystemFileHandle};

pub use blob::BlobSink;
pub use file_handle::FileHandleSink;
pub use opfs::OpfsSink;

use super::disk::Content;

/// A file that grows.
pub enum Sink {
    /// In the file that the user picked.
    FileHandle(FileHandleSink),
    /// On the browser's own disk.
    Opfs(OpfsSink),
    /// As parts of a blob.
    Blob(BlobSink),
}

/// A file could not grow.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// No room for more.
    #[error("this device or this site has no room for the file: free some, or export fewer rows")]
    Full,
    /// The user or the browser does not allow it.
    #[error("the browser did not allow the file to be written")]
    NotAllowed,
    /// The file is not what was written.
    #[error(
        "the browser has lost a part of the file: delete what there is of it, and start the export again"
    )]
    Short,
    /// Anything else, in the browser's words.
    #[error("the browser could not write the file: {0}")]
    Browser(String),
}

impl Sink {
    /// The best place there is for a file that the user did not pick a place for.
    pub async fn for_downloads() -> Self {
        match OpfsSink::create(Content::Export).await {
            Ok(sink) => Self::Opfs(sink),
            // A private window or an address without https: the page can do without the disk.
            Err(_) => Self::Blob(BlobSink::default()),
        }
    }

    /// The file that the user picked.
    ///
    /// # Errors
    /// The browser does not let it be written.
    pub async fn for_picked(handle: FileSystemFileHandle) -> Result<Self, SinkError> {
        FileHandleSink::create(handle).await.map(Self::FileHandle)
    }

    /// Appends bytes. Once this failed the file can only be discarded; on the browser's own disk, where there was no
    /// room, it may be tried again when there is.
    ///
    /// # Errors
    /// There is no room, or the browser cannot write.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        match self {
            Self::FileHandle(sink) => sink.write(bytes).await,
            Self::Opfs(sink) => sink.write(bytes),
            Self::Blob(sink) => sink.write(bytes).await,
        }
    }

    /// Makes the file appear: `Some` holds it for the page to download, `None` means it is in its place
    /// already.
    ///
    /// # Errors
    /// The browser cannot complete the file, or says that it has another size than `file_bytes`.
    pub async fn finish(self, file_bytes: u64) -> Result<Option<Blob>, SinkError> {
        let (file, is_in_place): (Blob, bool) = match self {
            Self::FileHandle(sink) => (sink.finish().await?.into(), true),
            Self::Opfs(sink) => (sink.finish().await?, false),
            Self::Blob(sink) => (sink.finish()?, false),
        };
        // Browsers have lost bytes without a word.
        if file.size() != file_bytes as f64 {
            return Err(SinkError::Short);
        }
        Ok((!is_in_place).then_some(file))
    }

    /// Removes what there is of the file.
    pub async fn discard(self) {
        match self {
            Self::FileHandle(sink) => sink.discard().await,
            Self::Opfs(sink) => sink.discard().await,
            Self::Blob(_) => {}
        }
    }
}

impl From<JsValue> for SinkError {
    fn from(error: JsValue) -> Self {
        let word = |name| {
            Reflect::get(&error, &JsValue::from_str(name))
                .ok()
                .and_then(|word| word.as_string())
        };
        match word("name").as_deref() {
            Some("QuotaExceededError") => Self::Full,
            Some("NotAllowedError" | "SecurityError") => Self::NotAllowed,
            _ => Self::Browser(word("message").unwrap_or_else(|| format!("{error:?}"))),
        }
    }
}
