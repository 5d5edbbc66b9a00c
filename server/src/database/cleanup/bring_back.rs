//! An archive's rows put back.

use super::CleanupError;
use super::archive;
use super::log::Log;
use crate::audit::Action;
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
    /// Puts the rows of an archive back into the log, all of them or none: of one in the storage, by its name, or of a file
    /// with its manifest beside it. It is read to its end before.
    ///
    /// # Errors
    /// [`CleanupError`]; then the log is as it was.
    pub async fn bring_back(&self, archive: &str, caller: &str) -> Result<BroughtBack, CleanupError> {
        let (manifest, file) = self.archives.fetch(archive).await?;
        let content = archive::read(file.path().to_owned(), |_| {}).await?;
        content.check_rows(manifest.rows)?;
        let mut log = Log::open(&self.dsn).await?;
        let held = self.lock.acquire(Operation::Cleanup, caller).await?;
        let inserted = log
            .put_back(&content, archive::unpacked(file.path().to_owned()))
            .await;
        log.close().await;
        held.release().await;
        let inserted = inserted?;
        tracing::info!(
            action = Action::LogCleanupBroughtBack.name(),
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
