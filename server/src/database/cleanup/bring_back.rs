//! An archive's rows put back.

use std::path::Path;

use super::CleanupError;
use super::archive::{self, Manifest};
use super::log::Log;
use crate::database::Database;
use crate::database::lock::Operation;

/// What became of an archive's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BroughtBack {
    /// Rows that are there again.
    pub inserted: u64,
    /// Rows that stayed away, since there is one with their id.
    pub there_already: u64,
}

impl Database {
    /// Puts the rows of an archive back into the log, all of them or none. The file is read to its end before.
    ///
    /// # Errors
    /// [`CleanupError`]; then the log is as it was.
    pub async fn bring_back(&self, archive: &Path, caller: &str) -> Result<BroughtBack, CleanupError> {
        let manifest = Manifest::beside(archive)?;
        let content = archive::read(archive.to_owned(), |_| {}).await?;
        content.check(manifest.rows, &manifest.sha256)?;
        let mut log = Log::open(&self.dsn).await?;
        let held = self.lock.acquire(Operation::Cleanup, caller).await?;
        let inserted = log
            .put_back(&content, archive::unpacked(archive.to_owned()))
            .await;
        log.close().await;
        held.release().await;
        let inserted = inserted?;
        tracing::info!(
            action = "log_cleanup_brought_back",
            caller,
            archive = manifest.file,
            inserted
        );
        Ok(BroughtBack {
            inserted,
            there_already: manifest.rows - inserted,
        })
    }
}
