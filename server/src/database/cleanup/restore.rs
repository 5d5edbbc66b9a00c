//! Restores the rows of an archive into the log.

use api::database::Operation;

use super::archive::{self, BadArchive};
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

/// Permissions of the operator for one archive.
#[derive(Clone, Copy, Debug)]
pub struct Permitted {
    /// Nobody need have authenticated the archive.
    pub unverified: bool,
    /// The rows may be those of another database.
    pub another_database: bool,
}

impl LogCleaner {
    /// Inserts the rows of an archive into the log in one transaction. `archive` is a name in the storage, or the path of a
    /// file with its manifest beside it. It is read to its end first.
    ///
    /// # Errors
    /// [`CleanupError`]; then the log is as it was.
    pub async fn restore_archive(
        &self,
        archive: &str,
        permitted: Permitted,
        caller: &str,
    ) -> Result<RestoredRows, CleanupError> {
        let (manifest, file) = self.archives.fetch(archive, permitted.unverified).await?;
        if manifest.database != self.dsn.database() && !permitted.another_database {
            return Err(CleanupError::Archive(BadArchive::OtherDatabase {
                found: manifest.database,
                here: self.dsn.database().to_owned(),
            }));
        }
        let content = archive::read(file.path().to_owned(), |_| {}).await?;
        content.check_rows(manifest.rows)?;
        let mut log = MessageLog::open(&self.dsn, &self.hub_tables).await?;
        let lock = self.lock.acquire(Operation::LogRestore, caller).await?;
        let pieces = archive::unpacked(file.path().to_owned());
        let inserted = tokio::select! {
            inserted = log.restore(&content, pieces, &lock) => inserted,
            () = lock.lost.cancelled() => Err(CleanupError::LockLost),
        };
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
