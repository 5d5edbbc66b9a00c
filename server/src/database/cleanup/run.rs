//! Runs a clean-up: archives the rows, deletes them in batches, and reports the progress.

use std::io;
use std::path::PathBuf;

use api::cleanup::{
    ArchiveManifest, CleanupEvent, CleanupFailure, CleanupPhase, CleanupProgress, CleanupResult,
    CleanupStatus,
};
use api::database::Outcome;
use futures_util::TryStreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::archive::{self, ArchiveDescription, ArchiveWriter, Archives, Content};
use super::error::CleanupError;
use super::message_log::{Condition, MessageLog};
use super::request::{CleanupOptions, Conditions};
use crate::audit::Action;
use crate::database::lock::LockGuard;
use crate::database::operation_record::OperationHandle;
use crate::database::temporary_files::TemporaryFile;

/// Rows are written to the archive in pieces of about this size.
const PIECE_BYTES: usize = 1024 * 1024;

/// How rows are divided into batches.
#[derive(Clone, Copy, Debug)]
pub struct Batches {
    /// The greatest number of rows in one batch.
    pub rows_max: u32,
    /// Time between two batches, in which the disk is free for other sessions.
    pub pause: std::time::Duration,
}

/// A running clean-up.
pub(super) struct Run {
    pub archives: Archives,
    pub batches: Batches,
    /// The name of the database.
    pub database: String,
    pub log: MessageLog,
    pub lock: LockGuard,
    pub reporter: ProgressReporter,
    pub began: Instant,
    pub archive: Option<ArchiveManifest>,
    pub caller: String,
    pub record: OperationHandle<CleanupStatus>,
}

/// How the deletion ended.
struct Ended {
    left: u64,
    cancelled: bool,
}

impl Run {
    pub async fn perform(mut self, conditions: Conditions, options: CleanupOptions) {
        let (event, outcome) = match self.delete_all(&conditions, options).await {
            Ok(ended) => self.completed(ended),
            Err(error) => self.failed(&error),
        };
        self.record.end(outcome);
        self.log.close().await;
        self.lock.release().await;
        // Waits for a free place in the channel, so that the last event is not lost.
        let _ = self.reporter.sender.send(event).await;
    }

    fn completed(&mut self, ended: Ended) -> (CleanupEvent, Outcome) {
        let Ended { left, cancelled } = ended;
        let CleanupProgress { deleted, batches, .. } = self.reporter.progress;
        let result = CleanupResult {
            deleted,
            batches,
            left,
            cancelled,
            archive: self.archive.take(),
            duration_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        let (action, outcome) = match cancelled {
            true => (Action::LogCleanupCancelled, Outcome::Cancelled),
            false => (Action::LogCleanupComplete, Outcome::Complete),
        };
        let (caller, duration_ms) = (&self.caller, result.duration_ms);
        let archive = result.archive.as_ref().map(|manifest| &manifest.file);
        tracing::info!(
            action = action.name(),
            caller,
            deleted,
            batches,
            left,
            archive,
            duration_ms
        );
        (CleanupEvent::Complete(result), outcome)
    }

    fn failed(&mut self, error: &CleanupError) -> (CleanupEvent, Outcome) {
        let CleanupProgress { deleted, batches, .. } = self.reporter.progress;
        let caller = &self.caller;
        let archive = self.archive.take().map(|manifest| manifest.file);
        tracing::error!(action = Action::LogCleanupError.name(), caller, deleted, batches, archive, %error);
        let failure = CleanupFailure {
            message: error.to_string(),
            deleted,
            batches,
            archive,
        };
        let reason = failure.message.clone();
        (CleanupEvent::Error(failure), Outcome::Failed { reason })
    }

    async fn delete_all(
        &mut self,
        conditions: &Conditions,
        options: CleanupOptions,
    ) -> Result<Ended, CleanupError> {
        self.reporter.archives_first = options.archive_first;
        let condition = self.log.condition(conditions).await?;
        let total = self.log.count(&condition).await?;
        self.reporter.progress.total = total;
        let is_whole = match options.archive_first {
            _ if total == 0 => true,
            false => {
                self.check_lock().await?;
                self.delete_matching(&condition).await?
            }
            true => match self.archive(&condition, conditions).await? {
                // The local copy has the same bytes as the archive in the storage. It is removed after this block.
                Some(rows) => {
                    self.check_lock().await?;
                    self.delete_archived(rows.path().to_owned()).await?
                }
                None => false,
            },
        };
        let deleted = self.reporter.progress.deleted;
        if !is_whole {
            return Ok(Ended {
                left: total.saturating_sub(deleted),
                cancelled: true,
            });
        }
        let left = match total {
            0 => 0,
            _ => self.log.count(&condition).await?,
        };
        if deleted > 0 {
            self.vacuum().await;
        }
        Ok(Ended {
            left,
            cancelled: false,
        })
    }

    /// Checks that the lock is still held, before the first row is deleted.
    async fn check_lock(&self) -> Result<(), CleanupError> {
        match self.lock.is_held().await {
            true => Ok(()),
            false => Err(CleanupError::LockLost),
        }
    }

    /// Deletes all matching rows. Returns `false` if the clean-up was stopped before.
    async fn delete_matching(&mut self, condition: &Condition) -> Result<bool, CleanupError> {
        let rows_max = self.batches.rows_max;
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            if !self.pause().await? {
                return Ok(false);
            }
            let batch = self.log.delete(condition, from, rows_max).await?;
            next = batch.next;
            self.count(batch.deleted);
        }
        Ok(true)
    }

    /// Deletes the rows of the archive. Returns `false` if the clean-up was stopped before.
    async fn delete_archived(&mut self, archive: PathBuf) -> Result<bool, CleanupError> {
        let rows_max = self.batches.rows_max;
        let mut batches = archive::batches(archive, rows_max as usize);
        while let Some(versions) = batches.recv().await {
            let versions = versions?;
            if !self.pause().await? {
                return Ok(false);
            }
            let deleted = self.log.delete_versions(&versions).await?;
            self.count(deleted);
        }
        Ok(true)
    }

    /// Writes the rows to an archive, reads it back and stores it. Returns its local copy; `None` if the clean-up was stopped.
    async fn archive(
        &mut self,
        condition: &Condition,
        conditions: &Conditions,
    ) -> Result<Option<TemporaryFile>, CleanupError> {
        let archives = self.archives.clone();
        let writer = archives.writer().map_err(archiving)?;
        let rows = self.log.begin_snapshot(condition).await?;
        self.reporter.progress.total = rows;
        let Some(writer) = self.write_rows(condition, writer).await? else {
            return Ok(None);
        };
        self.log.end_snapshot().await?;
        let written = writer.finish().await.map_err(archiving)?;
        let content = self.read_back(written.file.path().to_owned()).await?;
        content
            .check(rows, &written.sha256)
            .map_err(CleanupError::Archiving)?;
        let caller = &self.caller;
        let description = ArchiveDescription {
            database: &self.database,
            caller,
            conditions,
            rows,
        };
        let stored = archives.store(written.file.path(), description).await;
        let manifest = stored.map_err(CleanupError::Archiving)?;
        let file = manifest.file.clone();
        tracing::info!(
            action = Action::LogCleanupArchived.name(),
            caller,
            archive = file,
            rows
        );
        self.record.update(|status| status.archive = Some(file));
        self.archive = Some(manifest);
        Ok(Some(written.file))
    }

    async fn write_rows(
        &mut self,
        condition: &Condition,
        mut writer: ArchiveWriter,
    ) -> Result<Option<ArchiveWriter>, CleanupError> {
        let Self { log, reporter, .. } = self;
        let mut rows = log.rows(condition).await?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        // Counts the header line, too.
        let mut lines: u64 = 0;
        while let Some(row) = rows.try_next().await? {
            piece.extend_from_slice(&row);
            lines += 1;
            if piece.len() < PIECE_BYTES {
                continue;
            }
            if !reporter.may_continue()? {
                return Ok(None);
            }
            writer = writer
                .write(std::mem::take(&mut piece))
                .await
                .map_err(archiving)?;
            reporter.progress.archived = lines - 1;
            reporter.report(CleanupPhase::Archiving);
        }
        reporter.progress.archived = lines.saturating_sub(1);
        writer.write(piece).await.map(Some).map_err(archiving)
    }

    async fn read_back(&mut self, file: PathBuf) -> Result<Content, CleanupError> {
        let mut reporter = self.reporter.clone();
        let on_progress = move |rows| {
            reporter.progress.checked = rows;
            reporter.report(CleanupPhase::Checking);
        };
        let content = archive::read(file, on_progress)
            .await
            .map_err(CleanupError::Archiving)?;
        self.reporter.progress.checked = content.rows;
        Ok(content)
    }

    /// Vacuums the table. A failure is only logged, because autovacuum does the same later.
    async fn vacuum(&mut self) {
        self.reporter.report(CleanupPhase::Vacuuming);
        if let Err(error) = self.log.vacuum().await {
            tracing::warn!(action = Action::LogCleanupVacuumError.name(), %error);
        }
    }

    fn count(&mut self, deleted: u64) {
        if deleted == 0 {
            return;
        }
        let progress = &mut self.reporter.progress;
        progress.deleted += deleted;
        progress.batches += 1;
        tracing::info!(
            action = Action::LogCleanupBatch.name(),
            caller = self.caller,
            deleted,
            batches = progress.batches
        );
        self.record.update(|status| status.deleted = progress.deleted);
        self.reporter.report(CleanupPhase::Deleting);
    }

    /// Pauses between two batches, so that other sessions get their share of the disk. Returns `false` if the clean-up was
    /// stopped.
    async fn pause(&self) -> Result<bool, CleanupError> {
        if self.reporter.progress.batches > 0 {
            let _ = timeout(self.batches.pause, self.reporter.stopped()).await;
        }
        self.reporter.may_continue()
    }
}

/// Sends the progress of a clean-up to the client, and knows whether it must stop.
#[derive(Clone)]
pub(super) struct ProgressReporter {
    sender: Sender<CleanupEvent>,
    stop: CancellationToken,
    lost: CancellationToken,
    archives_first: bool,
    progress: CleanupProgress,
}

impl ProgressReporter {
    pub fn new(sender: Sender<CleanupEvent>, stop: CancellationToken, lock: &LockGuard) -> Self {
        Self {
            sender,
            stop,
            lost: lock.lost.clone(),
            archives_first: false,
            progress: CleanupProgress::default(),
        }
    }

    /// Sends the progress. It is dropped when the channel is full, so a slow client does not slow the clean-up down.
    fn report(&mut self, phase: CleanupPhase) {
        let parts = if self.archives_first { 3 } else { 1 };
        let CleanupProgress {
            total,
            archived,
            checked,
            deleted,
            ..
        } = self.progress;
        let percent = (archived + checked + deleted) * 100 / (total * parts).max(1);
        self.progress.phase = phase;
        self.progress.percent = percent.min(99) as u8;
        let _ = self.sender.try_send(CleanupEvent::Progress(self.progress));
    }

    /// Returns `false` when the clean-up was stopped, or its client has left.
    ///
    /// # Errors
    /// [`CleanupError::LockLost`].
    fn may_continue(&self) -> Result<bool, CleanupError> {
        match self.lost.is_cancelled() {
            true => Err(CleanupError::LockLost),
            false => Ok(!self.stop.is_cancelled() && !self.sender.is_closed()),
        }
    }

    async fn stopped(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.sender.closed() => {}
            () = self.lost.cancelled() => {}
        }
    }
}

fn archiving(error: io::Error) -> CleanupError {
    CleanupError::Archiving(error.into())
}
