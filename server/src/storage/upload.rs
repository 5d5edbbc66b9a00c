//! A file that is written on a thread that may block.

use std::io::{self, Write};

use object_store::buffered::BufWriter;
use tokio::runtime::Handle;
use tokio_util::io::SyncIoBridge;

use super::folder::{FolderUpload, PutIf};

/// A file that is being written. Call [`finish`](Self::finish) or [`abort`](Self::abort): a dropped upload to a bucket may
/// leave parts behind.
pub enum Upload {
    Folder(FolderUpload),
    Bucket {
        writer: SyncIoBridge<BufWriter>,
        runtime: Handle,
    },
}

impl Upload {
    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// The storage's error; then the file does not exist.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Folder(file) => file.finish(PutIf::Absent),
            Self::Bucket { mut writer, .. } => writer.shutdown(),
        }
    }

    /// Removes what was written.
    pub fn abort(self) {
        if let Self::Bucket { writer, runtime } = self {
            let mut writer = writer.into_inner();
            if let Err(error) = runtime.block_on(writer.abort()) {
                tracing::warn!(%error, "the parts of an aborted upload could not be removed");
            }
        }
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Folder(file) => file.write(bytes),
            Self::Bucket { writer, .. } => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // S3 refuses parts below 5 MB, except the last one. So the buffer waits until it is a whole part.
        Ok(())
    }
}
