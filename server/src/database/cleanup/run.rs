//! A clean-up under way.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::TryStreamExt;
use serde::Serialize;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::archive::{self, Content, Manifest, Order, Writer};
use super::log::{Condition, Log};
use super::order::{Conditions, Manner};
use super::{CleanedUp, CleanupError};
use crate::audit::Action;
use crate::database::Database;
use crate::database::last::{Ending, Noting};
use crate::database::lock::Held;
use crate::database::scratch::ScratchFile;

/// Rows go to the disk in pieces of about this size.
const PIECE_BYTES: usize = 1024 * 1024;

/// What a clean-up tells of itself.
#[derive(Clone, Debug)]
pub enum Event {
    /// It goes on.
    Progress(Progress),
    /// It has ended, at its end or because it was stopped.
    Complete(Cleaned),
    /// It could not go on.
    Error(Broken),
}

/// How far a clean-up is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// How far it is, of 100.
    pub percent: u8,
    /// How many rows match.
    pub total: u64,
    /// How many of them are in the archive.
    pub archived: u64,
    /// How many of those have been read back.
    pub checked: u64,
    /// How many are deleted.
    pub deleted: u64,
    /// In how many batches.
    pub batches: u64,
}

/// What a clean-up does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It counts the rows.
    #[default]
    Counting,
    /// It writes them to the archive.
    Archiving,
    /// It reads the archive back.
    Checking,
    /// It deletes them.
    Deleting,
    /// It lets PostgreSQL use their room again.
    Vacuuming,
}

/// A clean-up that has ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cleaned {
    /// How many rows were deleted.
    pub deleted: u64,
    /// In how many batches.
    pub batches: u64,
    /// How many rows match and are still there: others had locked them, or changed them after they were archived; or the
    /// clean-up was stopped before them.
    pub left: u64,
    /// Whether it was stopped.
    pub cancelled: bool,
    /// The archive that the deleted rows are in.
    pub archive: Option<Manifest>,
    /// How long it took.
    pub duration_ms: u64,
}

/// A clean-up that could not go on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// Why.
    pub message: String,
    /// How many rows had been deleted.
    pub deleted: u64,
    /// In how many batches.
    pub batches: u64,
    /// The archive that they are in.
    pub archive: Option<String>,
}

/// A clean-up under way.
pub(super) struct Run {
    database: Arc<Database>,
    log: Log,
    held: Held,
    teller: Teller,
    began: Instant,
    archive: Option<Manifest>,
    caller: String,
    noting: Noting<CleanedUp>,
}

/// How the deletion ended.
struct Ended {
    left: u64,
    cancelled: bool,
}

impl Run {
    pub fn new(database: Arc<Database>, log: Log, held: Held, caller: &str, teller: Teller) -> Self {
        let noting = database.last_cleanup.begin(caller, CleanedUp::default());
        Self {
            database,
            log,
            held,
            teller,
            began: Instant::now(),
            archive: None,
            caller: caller.to_owned(),
            noting,
        }
    }

    pub async fn perform(mut self, conditions: Conditions, manner: Manner) {
        let (event, ending) = match self.delete_all(&conditions, manner).await {
            Ok(ended) => self.completed(ended),
            Err(error) => self.broken(&error),
        };
        self.noting.end(ending);
        self.log.close().await;
        self.held.release().await;
        // The last word is waited for, unless nobody is there.
        let _ = self.teller.sender.send(event).await;
    }

    fn completed(&mut self, ended: Ended) -> (Event, Ending) {
        let Ended { left, cancelled } = ended;
        let Progress { deleted, batches, .. } = self.teller.progress;
        let cleaned = Cleaned {
            deleted,
            batches,
            left,
            cancelled,
            archive: self.archive.take(),
            duration_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        let (action, ending) = match cancelled {
            true => (Action::LogCleanupCancelled, Ending::Cancelled),
            false => (Action::LogCleanupComplete, Ending::Complete),
        };
        let (caller, duration_ms) = (&self.caller, cleaned.duration_ms);
        let archive = cleaned.archive.as_ref().map(|manifest| &manifest.file);
        tracing::info!(
            action = action.name(),
            caller,
            deleted,
            batches,
            left,
            archive,
            duration_ms
        );
        (Event::Complete(cleaned), ending)
    }

    fn broken(&mut self, error: &CleanupError) -> (Event, Ending) {
        let Progress { deleted, batches, .. } = self.teller.progress;
        let caller = &self.caller;
        let archive = self.archive.take().map(|manifest| manifest.file);
        tracing::error!(action = Action::LogCleanupError.name(), caller, deleted, batches, archive, %error);
        let broken = Broken {
            message: error.to_string(),
            deleted,
            batches,
            archive,
        };
        let reason = broken.message.clone();
        (Event::Error(broken), Ending::Failed { reason })
    }

    async fn delete_all(&mut self, conditions: &Conditions, manner: Manner) -> Result<Ended, CleanupError> {
        self.teller.archives_first = manner.archive_first;
        let condition = self.log.condition(conditions).await?;
        let total = self.log.count(&condition).await?;
        self.teller.progress.total = total;
        let is_whole = match manner.archive_first {
            _ if total == 0 => true,
            false => self.delete_matching(&condition).await?,
            true => match self.archive(&condition, conditions).await? {
                // The same bytes as in the storage, and gone with this line.
                Some(rows) => self.delete_archived(rows.path().to_owned()).await?,
                None => false,
            },
        };
        let deleted = self.teller.progress.deleted;
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

    /// Whether it came to the end of the rows.
    async fn delete_matching(&mut self, condition: &Condition) -> Result<bool, CleanupError> {
        let rows_max = self.database.cleanup_pace.batch_rows;
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            if !self.may_go_on_after_a_pause().await? {
                return Ok(false);
            }
            let batch = self.log.delete(condition, from, rows_max).await?;
            next = batch.next;
            self.count(batch.deleted);
        }
        Ok(true)
    }

    /// Whether it came to the end of the archive.
    async fn delete_archived(&mut self, archive: PathBuf) -> Result<bool, CleanupError> {
        let rows_max = self.database.cleanup_pace.batch_rows;
        let mut batches = archive::batches(archive, rows_max as usize);
        while let Some(versions) = batches.recv().await {
            let versions = versions?;
            if !self.may_go_on_after_a_pause().await? {
                return Ok(false);
            }
            let deleted = self.log.delete_versions(&versions).await?;
            self.count(deleted);
        }
        Ok(true)
    }

    /// Writes the rows to an archive, reads it back, stores it, and gives the file; `None`: it was stopped, and there is
    /// none.
    async fn archive(
        &mut self,
        condition: &Condition,
        conditions: &Conditions,
    ) -> Result<Option<ScratchFile>, CleanupError> {
        let archives = self.database.archives.clone();
        let writer = archives.writer().map_err(archiving)?;
        let rows = self.log.begin_snapshot(condition).await?;
        self.teller.progress.total = rows;
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
        let order = Order {
            database: self.database.dsn.database(),
            caller,
            conditions,
            rows,
        };
        let kept = archives.keep(written.file.path(), order).await;
        let manifest = kept.map_err(CleanupError::Archiving)?;
        let file = manifest.file.clone();
        tracing::info!(
            action = Action::LogCleanupArchived.name(),
            caller,
            archive = file,
            rows
        );
        self.noting.update(|cleaned_up| cleaned_up.archive = Some(file));
        self.archive = Some(manifest);
        Ok(Some(written.file))
    }

    async fn write_rows(
        &mut self,
        condition: &Condition,
        mut writer: Writer,
    ) -> Result<Option<Writer>, CleanupError> {
        let Self { log, teller, .. } = self;
        let mut rows = log.rows(condition).await?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        // The header comes as a row.
        let mut seen: u64 = 0;
        while let Some(row) = rows.try_next().await? {
            piece.extend_from_slice(&row);
            seen += 1;
            if piece.len() < PIECE_BYTES {
                continue;
            }
            if !teller.may_go_on()? {
                return Ok(None);
            }
            writer = writer
                .write(std::mem::take(&mut piece))
                .await
                .map_err(archiving)?;
            teller.progress.archived = seen - 1;
            teller.tell(Phase::Archiving);
        }
        teller.progress.archived = seen.saturating_sub(1);
        writer.write(piece).await.map(Some).map_err(archiving)
    }

    async fn read_back(&mut self, file: PathBuf) -> Result<Content, CleanupError> {
        let mut teller = self.teller.clone();
        let seen = move |rows| {
            teller.progress.checked = rows;
            teller.tell(Phase::Checking);
        };
        let content = archive::read(file, seen).await.map_err(CleanupError::Archiving)?;
        self.teller.progress.checked = content.rows;
        Ok(content)
    }

    /// PostgreSQL would use the room of what is gone again by itself, later; so a failure is none of the clean-up.
    async fn vacuum(&mut self) {
        self.teller.tell(Phase::Vacuuming);
        if let Err(error) = self.log.vacuum().await {
            tracing::warn!(action = Action::LogCleanupVacuumError.name(), %error);
        }
    }

    fn count(&mut self, deleted: u64) {
        if deleted == 0 {
            return;
        }
        let progress = &mut self.teller.progress;
        progress.deleted += deleted;
        progress.batches += 1;
        tracing::info!(
            action = Action::LogCleanupBatch.name(),
            caller = self.caller,
            deleted,
            batches = progress.batches
        );
        self.noting
            .update(|cleaned_up| cleaned_up.deleted = progress.deleted);
        self.teller.tell(Phase::Deleting);
    }

    /// Between two batches the database is left to others for a while.
    async fn may_go_on_after_a_pause(&self) -> Result<bool, CleanupError> {
        if self.teller.progress.batches > 0 {
            let _ = timeout(self.database.cleanup_pace.pause, self.teller.stopped()).await;
        }
        self.teller.may_go_on()
    }
}

/// Tells whoever follows a clean-up, and hears from them.
#[derive(Clone)]
pub(super) struct Teller {
    sender: Sender<Event>,
    stop: CancellationToken,
    lost: CancellationToken,
    archives_first: bool,
    progress: Progress,
}

impl Teller {
    pub fn new(sender: Sender<Event>, stop: CancellationToken, held: &Held) -> Self {
        Self {
            sender,
            stop,
            lost: held.lost.clone(),
            archives_first: false,
            progress: Progress::default(),
        }
    }

    /// A follower that is far behind misses something.
    fn tell(&mut self, phase: Phase) {
        let parts = if self.archives_first { 3 } else { 1 };
        let Progress {
            total,
            archived,
            checked,
            deleted,
            ..
        } = self.progress;
        let percent = (archived + checked + deleted) * 100 / (total * parts).max(1);
        self.progress.phase = phase;
        self.progress.percent = percent.min(99) as u8;
        let _ = self.sender.try_send(Event::Progress(self.progress));
    }

    /// `false`: it was stopped, or nobody listens any more.
    fn may_go_on(&self) -> Result<bool, CleanupError> {
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
