//! Restores the rows of an archive into the log.

use api::database::Operation;

use super::archive;
use super::cleaner::LogCleaner;
use super::error::CleanupError;
use super::message_log::MessageLog;
use crate::audit::Action;

/// The result of restoring an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredRows {
    pub inserted: u64,
    /// Rows that were left out, because the log has a row with their id.
    pub existing: u64,
}

impl LogCleaner {
    /// Inserts the rows of an archive into the log in one transaction. `archive` is a name in the storage, or the path of a
    /// file with its manifest beside it. It is read to its end first. With `unverified`, nobody need have authenticated it.
    ///
    /// # Errors
    /// [`CleanupError`]; then the log is as it was.
    pub async fn restore_archive(
        &self,
        archive: &str,
        unverified: bool,
        caller: &str,
    ) -> Result<RestoredRows, CleanupError> {
        let (manifest, file) = self.archives.fetch(archive, unverified).await?;
        let content = archive::read(file.path().to_owned(), |_| {}).await?;
        content.check_rows(manifest.rows)?;
        let mut log = MessageLog::open(&self.dsn, &self.hub_tables).await?;
        let lock = self.lock.acquire(Operation::LogRestore, caller).await?;
        let inserted = log
            .restore(&content, archive::unpacked(file.path().to_owned()))
            .await;
        log.close().await;
        lock.release().await;
        let inserted = inserted?;
        tracing::info!(
            action = Action::LogCleanupBroughtBack.name(),
            caller,
            archive = manifest.file,
            inserted
        );
        Ok(RestoredRows {
            inserted,
            existing: manifest.rows - inserted,
        })
    }
}
