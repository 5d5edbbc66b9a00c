//! Raw rows that the browser keeps after an export, so that another file of them needs nothing of the server.
//!
//! What is kept are the streams as they came, byte for byte, one after the other. A file that is made of them goes the
//! same way as the first, and the end record with its digest is among them: what was damaged meanwhile is found out.

use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::disk::{Content, DiskFile};
use super::protocol::CachedRows;
use super::sink::{OpfsSink, SinkError};

/// The most that is kept of one export: some ten million usage logs. Beyond it the disk has better uses.
const KEPT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// A disk likes few large writes, and few large reads.
const PIECE_BYTES: usize = 1024 * 1024;

/// Keeps the streams of an export as they come.
pub struct RowCacheWriter {
    sink: OpfsSink,
    /// What is not in the sink yet.
    piece: Vec<u8>,
    streams_bytes: Vec<u64>,
}

/// Rows cannot be kept, or not any longer. An export does without.
#[derive(Debug, thiserror::Error)]
pub enum RowCacheError {
    /// There is no room for them.
    #[error("the export has more than {KEPT_BYTES_MAX} bytes of raw rows, which is the most that is kept")]
    TooMany,
    /// The browser cannot write them.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl RowCacheWriter {
    /// A place for rows.
    ///
    /// # Errors
    /// The browser has no disk of its own for this page, or this is no worker.
    pub async fn create() -> Result<Self, RowCacheError> {
        Ok(Self {
            sink: OpfsSink::create(Content::Rows).await?,
            piece: Vec::with_capacity(PIECE_BYTES),
            streams_bytes: Vec::new(),
        })
    }

    /// A stream begins: the first, or one that continues the one before.
    pub fn begin_stream(&mut self) {
        self.streams_bytes.push(0);
    }

    /// Keeps the next bytes of the stream.
    ///
    /// # Errors
    /// They do not fit. What was kept is of no more use.
    pub fn keep(&mut self, bytes: &[u8]) -> Result<(), RowCacheError> {
        if let Some(stream_bytes) = self.streams_bytes.last_mut() {
            *stream_bytes += bytes.len() as u64;
        }
        if self.streams_bytes.iter().sum::<u64>() > KEPT_BYTES_MAX {
            return Err(RowCacheError::TooMany);
        }
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// The export is whole, and had these columns: its rows can be read again.
    ///
    /// # Errors
    /// The last of them do not fit; nothing is left of them.
    pub async fn finish(mut self, columns: Vec<String>) -> Result<CachedRows, RowCacheError> {
        if let Err(error) = self.write() {
            self.discard().await;
            return Err(error);
        }
        Ok(CachedRows {
            file: self.sink.close(),
            streams_bytes: self.streams_bytes,
            columns,
        })
    }

    /// Removes what there is.
    pub async fn discard(self) {
        self.sink.discard().await;
    }

    fn write(&mut self) -> Result<(), RowCacheError> {
        self.sink.write(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

/// Kept rows are not there any more, or not all of them: the browser has removed them.
#[derive(Debug, thiserror::Error)]
#[error("the browser has removed the rows that it kept; fetch them anew")]
pub struct RowsGone;

/// A kept stream, read again.
#[derive(Debug)]
pub struct CachedStream {
    content: Blob,
    read_bytes: u64,
}

impl CachedRows {
    /// The kept streams, in the order they came.
    ///
    /// # Errors
    /// They are not there, or not as many bytes as were kept.
    pub async fn streams(&self) -> Result<Vec<CachedStream>, RowsGone> {
        let file = DiskFile::open(&self.file).await.map_err(|_| RowsGone)?;
        let content = file.content().await.map_err(|_| RowsGone)?;
        if content.size() != self.streams_bytes.iter().sum::<u64>() as f64 {
            return Err(RowsGone);
        }
        let mut start = 0;
        let stream = |bytes: &u64| {
            let end = start + bytes;
            let content = part(&content, start, end)?;
            start = end;
            Ok(CachedStream {
                content,
                read_bytes: 0,
            })
        };
        self.streams_bytes.iter().map(stream).collect()
    }
}

impl CachedStream {
    /// The next bytes; `None` at the end of the stream.
    ///
    /// # Errors
    /// The browser has removed them.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, RowsGone> {
        let end = self.read_bytes + PIECE_BYTES as u64;
        let piece = part(&self.content, self.read_bytes, end)?;
        if piece.size() == 0.0 {
            return Ok(None);
        }
        let bytes = JsFuture::from(piece.array_buffer()).await.map_err(|_| RowsGone)?;
        self.read_bytes = end;
        Ok(Some(Uint8Array::new(&bytes)))
    }
}

fn part(content: &Blob, start: u64, end: u64) -> Result<Blob, RowsGone> {
    content
        .slice_with_f64_and_f64(start as f64, end as f64)
        .map_err(|_| RowsGone)
}
