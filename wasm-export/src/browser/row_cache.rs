//! The cache of raw rows, from which another file of the same rows is made without the server.
//!
//! The cache holds the streams of an export byte for byte, one behind the other. A file from the cache is made in the
//! same way as the first one. The end record with its digest is among the bytes, so that damage in the cache is
//! noticed.

use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::disk::{Content, DiskFile};
use super::protocol::CachedRows;
use super::sink::{OpfsSink, SinkError};

/// The most bytes of one export, some ten million usage logs. Larger exports are not worth their room on the disk.
const KEPT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// A disk is fast with few large writes and reads.
const PIECE_BYTES: usize = 1024 * 1024;

/// Writes the streams of an export to the cache.
pub struct RowCacheWriter {
    sink: OpfsSink,
    /// Bytes that are not in the sink yet.
    piece: Vec<u8>,
    streams_bytes: Vec<u64>,
}

/// Why rows cannot be cached. The export continues without the cache.
#[derive(Debug, thiserror::Error)]
pub enum RowCacheError {
    /// The export has too many bytes.
    #[error("the export has more than {KEPT_BYTES_MAX} bytes of raw rows, the most that is cached")]
    TooMany,
    /// The browser cannot write them.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl RowCacheWriter {
    /// Opens an empty cache.
    ///
    /// # Errors
    /// When this page has no origin-private file system, or the caller is not a worker.
    pub async fn create() -> Result<Self, RowCacheError> {
        Ok(Self {
            sink: OpfsSink::create(Content::Rows).await?,
            piece: Vec::with_capacity(PIECE_BYTES),
            streams_bytes: Vec::new(),
        })
    }

    /// Begins a stream: the first, or one that continues the stream before it.
    pub fn begin_stream(&mut self) {
        self.streams_bytes.push(0);
    }

    /// Writes the next bytes of the stream.
    ///
    /// # Errors
    /// When there is no room for them. The cache is useless then.
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

    /// Completes the cache of a whole export with these columns.
    ///
    /// # Errors
    /// When there is no room for the last bytes. The cache is removed then.
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

    /// Removes the file of the cache.
    pub async fn discard(self) {
        self.sink.discard().await;
    }

    fn write(&mut self) -> Result<(), RowCacheError> {
        self.sink.write(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

/// The error for cached rows that the browser has removed, or a part of them.
#[derive(Debug, thiserror::Error)]
#[error("the browser has removed the cached rows; fetch them again")]
pub struct RowsGone;

/// Reads a cached stream.
#[derive(Debug)]
pub struct CachedStream {
    content: Blob,
    read_bytes: u64,
}

impl CachedRows {
    /// Returns the cached streams, in the order in which they came.
    ///
    /// # Errors
    /// When the browser has removed them, or their file has another length.
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
    /// Returns the next bytes, or `None` at the end of the stream.
    ///
    /// # Errors
    /// When the browser has removed them.
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
