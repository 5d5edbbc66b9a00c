//! Rows on their way to the client, gathered into chunks and counted for the end record.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use wasm_export::rows::{Digest, End, Header};

use super::export_audit::Progress;

/// The size of a chunk in bytes, more or less: one write to the client instead of a thousand.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Gathers rows into chunks.
#[derive(Default)]
pub(super) struct ChunkBuffer {
    chunk: BytesMut,
    last_row_at: usize,
    last_row: Vec<u8>,
    rows: u64,
    /// The rows that the progress does not contain yet.
    rows_in_chunk: u64,
    bytes: u64,
    digest: Digest,
    progress: Arc<Progress>,
}

impl ChunkBuffer {
    pub fn new(progress: Arc<Progress>) -> Self {
        Self {
            progress,
            ..Self::default()
        }
    }

    pub fn is_empty(&self) -> bool {
        self.chunk.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.chunk.len() >= CHUNK_BYTES
    }

    /// Returns the number of rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row. PostgreSQL sends each row of a `COPY` as one message (manual, "COPY Operations").
    pub fn push(&mut self, row: &[u8]) {
        self.last_row_at = self.chunk.len();
        self.chunk.extend_from_slice(row);
        self.rows += 1;
        self.rows_in_chunk += 1;
    }

    /// Takes the gathered rows out, for the client.
    pub fn take(&mut self) -> Bytes {
        self.last_row.clear();
        self.last_row.extend_from_slice(&self.chunk[self.last_row_at..]);
        self.bytes += self.chunk.len() as u64;
        self.progress.add_rows(std::mem::take(&mut self.rows_in_chunk));
        self.digest.update(&self.chunk);
        let chunk = self.chunk.split().freeze();
        self.chunk.reserve(CHUNK_BYTES + CHUNK_BYTES / 8);
        chunk
    }

    /// Returns the end record of the rows taken so far.
    pub fn end(&self, header: &Header) -> End {
        let row = self.last_row.strip_suffix(b"\n").unwrap_or(&self.last_row);
        let cursor = (self.rows > 0).then(|| header.cursor(row)).flatten();
        End {
            rows: self.rows,
            bytes: self.bytes,
            digest: self.digest.hex(),
            cursor,
        }
    }
}
