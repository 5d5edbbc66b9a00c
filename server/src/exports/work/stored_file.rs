//! The file that an attempt writes: counted while it grows, within the greatest size and the quota.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::runtime::Handle;
use wasm_export::Summary;
use wasm_export::bundle::BundleSummary;

use crate::exports::failure::Failure;
use crate::exports::files::{ExportFileWriter, FileError, StoredExport, Totals};
use crate::exports::queue::{Lease, LeaseError, Progress};
use crate::pour::Sink;

/// The least and the most bytes of the storage that are reserved at once. A file reserves as much again as it has, so that a small
/// one holds little of its owner's quota.
const RESERVED_MIN: u64 = 1024 * 1024;
const RESERVED_MAX: u64 = 16 * 1024 * 1024;

/// How far an attempt is, as another task sees it.
#[derive(Debug, Default)]
pub(super) struct SharedProgress {
    rows: AtomicU64,
    /// One more than the number; zero while it is not known.
    rows_expected: AtomicU64,
    bytes: AtomicU64,
}

impl SharedProgress {
    pub fn expect(&self, rows: Option<u64>) {
        let number = rows.map_or(0, |rows| rows.saturating_add(1));
        self.rows_expected.store(number, Ordering::Relaxed);
    }

    pub fn get(&self) -> Progress {
        Progress {
            rows: self.rows.load(Ordering::Relaxed),
            rows_expected: self.rows_expected.load(Ordering::Relaxed).checked_sub(1),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// Why the file is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error(
        "the file has {bytes} bytes or more, and stored files may have {max} (EXPORT_MAX_SIZE); choose fewer rows, or \
         compress it"
    )]
    TooLarge { bytes: u64, max: u64 },
    #[error(transparent)]
    Lease(#[from] LeaseError),
    #[error(transparent)]
    File(#[from] FileError),
}

/// The file of an attempt. It is written on a thread that may block, where `runtime` runs the storage's requests.
pub(super) struct StoredFile {
    pub writer: ExportFileWriter,
    pub lease: Lease,
    pub progress: Arc<SharedProgress>,
    pub bytes_max: u64,
    /// Whether a quota is set, so that bytes are reserved.
    pub has_quota: bool,
    pub reserved: u64,
    pub snapshot_at: Option<Timestamp>,
    pub columns: Vec<String>,
    pub runtime: Handle,
}

impl StoredFile {
    fn reserve(&mut self, bytes: u64) -> Result<(), StoreError> {
        while self.has_quota && bytes > self.reserved {
            let needed = bytes - self.reserved;
            let wished = self.reserved.clamp(RESERVED_MIN, RESERVED_MAX).max(needed);
            self.reserved += match self.runtime.block_on(self.lease.reserve(wished)) {
                // Near the quota only what is needed.
                Err(LeaseError::Quota { .. }) if wished > needed => {
                    self.runtime.block_on(self.lease.reserve(needed))?;
                    needed
                }
                reserved => {
                    reserved?;
                    wished
                }
            };
        }
        Ok(())
    }
}

/// The totals that both kinds of summaries have.
pub(super) trait FileTotals {
    /// Returns rows, and bytes before compression.
    fn totals(&self) -> (u64, u64);
}

impl FileTotals for Summary {
    fn totals(&self) -> (u64, u64) {
        (self.rows, self.raw_bytes)
    }
}

impl FileTotals for BundleSummary {
    fn totals(&self) -> (u64, u64) {
        (self.rows, self.raw_bytes)
    }
}

impl<S: FileTotals> Sink<S> for StoredFile {
    type File = (StoredExport, Totals);
    type Error = StoreError;

    fn advance(&mut self, rows: u64) {
        self.progress.rows.store(rows, Ordering::Relaxed);
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let after = self.writer.bytes() + bytes.len() as u64;
        if after > self.bytes_max {
            return Err(StoreError::TooLarge {
                bytes: after,
                max: self.bytes_max,
            });
        }
        self.reserve(after)?;
        self.runtime
            .block_on(self.writer.write(Bytes::copy_from_slice(bytes)))?;
        self.progress.bytes.store(after, Ordering::Relaxed);
        Ok(())
    }

    fn finish(self, summary: &S) -> Result<Self::File, StoreError> {
        let (rows, raw_bytes) = summary.totals();
        let totals = Totals {
            rows,
            raw_bytes,
            snapshot_at: self.snapshot_at,
            columns: self.columns,
        };
        let file = self.runtime.block_on(self.writer.finish(totals.clone()))?;
        Ok((file, totals))
    }

    fn abort(self) {
        self.runtime.block_on(self.writer.abort());
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge { .. } => Self::lasting("export_too_large", error.to_string()),
            StoreError::Lease(LeaseError::Quota { .. }) => Self::lasting("quota_exceeded", error.to_string()),
            StoreError::Lease(LeaseError::State(error)) => error.into(),
            StoreError::Lease(LeaseError::Lost) => Failure::stopped(),
            StoreError::File(error) => error.into(),
        }
    }
}
