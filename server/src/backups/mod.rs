//! Backups: dumps in the storage, made on a schedule or on request, proved by a restore, removed by age.
//!
//! | module | content |
//! |---|---|
//! | [`repository`] | the files and manifests in the storage, those of all databases |
//! | [`make`] | a dump is encrypted and stored while `pg_dump` runs |
//! | [`restore`] | a backup is downloaded, decrypted, restored |
//! | [`prove`] | a backup is restored into a staging database and its rows are counted |
//! | [`retention`] | which backups are kept |
//! | [`scheduler`] | makes and proves backups when they are due |
//!
//! The manifests in the storage are the only state. So servers that share a storage need no other agreement than the secret of
//! the manifests. Several databases may share a storage: a manifest names its database.

mod error;
pub mod make;
pub mod prove;
pub mod repository;
pub mod restore;
pub mod retention;
pub mod scheduler;

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::backups::{Backup, BackupOverview, BackupTask, RunningTask, TaskFailure};
use api::database::DumpMode;
use bytes::Bytes;
use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Action;
use crate::database::dump::Dumper;
use crate::database::identity::DatabaseIdentity;
use crate::database::restore::Restorer;
use crate::dsn::Dsn;
use crate::schedule::Schedule;
use crate::storage::StorageError;
use repository::Repository;
use retention::RetentionPolicy;

pub use error::BackupError;

/// Capacity of the event channel. When it is full, progress events are dropped; the final event is not.
const EVENTS: usize = 64;

/// How far the clock of another server may be ahead. A backup with a later time is ignored by the schedules.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The backups of a database.
pub struct Backups {
    dsn: Dsn,
    identity: OnceCell<DatabaseIdentity>,
    dumper: Arc<Dumper>,
    restorer: Arc<Restorer>,
    repository: Repository,
    /// Runs what continues without the request that started it.
    tasks: TaskTracker,
    options: Options,
    state: Mutex<State>,
    stop: CancellationToken,
}

/// The backups' part of the settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// When backups are made; `None`: on request only.
    pub schedule: Option<Schedule>,
    /// Content of scheduled backups.
    pub mode: DumpMode,
    /// When the newest backup is proved; `None`: on request only.
    pub proof_schedule: Option<Schedule>,
    pub retention: RetentionPolicy,
}

#[derive(Default)]
struct State {
    running: Option<RunningTask>,
    failure: Option<TaskFailure>,
}

impl Backups {
    /// `stop` ends running tasks.
    ///
    /// # Errors
    /// [`StorageError::Open`], [`StorageError::Folder`]: a useless storage is found at the start, and not when the first
    /// backup is due.
    pub fn new(
        dsn: Dsn,
        dumper: Arc<Dumper>,
        restorer: Arc<Restorer>,
        repository: Repository,
        tasks: TaskTracker,
        options: Options,
        stop: CancellationToken,
    ) -> Result<Self, StorageError> {
        repository.open()?;
        Ok(Self {
            dsn,
            identity: OnceCell::new(),
            dumper,
            restorer,
            repository,
            tasks,
            options,
            state: Mutex::default(),
            stop,
        })
    }

    /// # Errors
    /// As [`list`](Self::list).
    pub async fn overview(&self) -> Result<BackupOverview, BackupError> {
        let now = Timestamp::now();
        let next = |schedule: &Option<Schedule>| schedule.as_ref()?.next_after(now);
        let text = |schedule: &Option<Schedule>| Some(schedule.as_ref()?.to_string());
        // Before the list, so that a task that is not running any more has its backup in the list.
        let (running, failure) = {
            let state = self.state();
            (state.running.clone(), state.failure.clone())
        };
        let backups = self.list().await?;
        Ok(BackupOverview {
            storage: self.repository.location(),
            encryption: self.repository.encryption().kind(),
            can_prove: self.repository.encryption().can_read(),
            schedule: text(&self.options.schedule),
            next: next(&self.options.schedule),
            proof_schedule: text(&self.options.proof_schedule),
            next_proof: next(&self.options.proof_schedule),
            keep: self.options.retention.to_string(),
            running,
            failure,
            backups,
        })
    }

    async fn identity(&self) -> Result<&DatabaseIdentity, BackupError> {
        let read = || DatabaseIdentity::read(&self.dsn);
        Ok(self.identity.get_or_try_init(read).await?)
    }

    /// Returns the manifests of this database's backups, the newest first, and of those whose manifest names no database:
    /// older versions made them.
    ///
    /// # Errors
    /// [`BackupError::Storage`], [`BackupError::Database`].
    pub async fn list(&self) -> Result<Vec<Backup>, BackupError> {
        let identity = self.identity().await?;
        let mut backups = self.repository.list().await?;
        backups.retain(|backup| is_of(backup, identity));
        Ok(backups)
    }

    /// Returns the manifest of a backup of this database, or of one that names no database.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Manifest`], [`BackupError::Storage`], [`BackupError::Database`].
    pub async fn manifest(&self, name: &str) -> Result<Backup, BackupError> {
        let manifest = self.repository.manifest(name).await?;
        self.repository.check_file(&manifest).await?;
        match is_of(&manifest, self.identity().await?) {
            true => Ok(manifest),
            false => Err(BackupError::NoSuchBackup(name.to_owned())),
        }
    }

    /// Returns the bytes of a backup of this database as it is stored, encrypted or not, or those of a part of it.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Storage`].
    pub async fn stream(
        &self,
        manifest: &Backup,
        part: Option<Range<u64>>,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + use<>, BackupError> {
        self.repository.stream(manifest, part).await
    }

    /// Removes the files of a backup, whether it was scheduled or not.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest).
    pub async fn remove(&self, name: &str, caller: &str) -> Result<(), BackupError> {
        let manifest = self.manifest(name).await?;
        self.repository.remove(&manifest).await?;
        tracing::info!(action = Action::DatabaseBackupRemoved.name(), caller, name);
        Ok(())
    }

    /// Removes what interrupted uploads have left in the folder of backups.
    ///
    /// # Errors
    /// The first error of the file system.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        self.repository.sweep(age)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the task as running. One runs at a time on a server: each holds a large file and much of the network.
    fn start(self: &Arc<Self>, task: BackupTask) -> Result<TaskGuard, BackupError> {
        let mut state = self.state();
        if state.running.is_some() {
            return Err(BackupError::Busy);
        }
        state.running = Some(RunningTask {
            task,
            since: Timestamp::now(),
            bytes: 0,
            message: String::new(),
        });
        Ok(TaskGuard {
            backups: Arc::clone(self),
            task,
        })
    }
}

/// A running task. It ends when this is dropped.
struct TaskGuard {
    backups: Arc<Backups>,
    task: BackupTask,
}

impl TaskGuard {
    fn update(&self, change: impl FnOnce(&mut RunningTask)) {
        if let Some(running) = self.backups.state().running.as_mut() {
            change(running);
        }
    }

    fn set_message(&self, message: impl Into<String>) {
        self.update(|running| running.message = message.into());
    }

    /// Ends the task, and keeps the error for the overview.
    fn finish<T>(self, outcome: &Result<T, BackupError>) {
        let mut state = self.backups.state();
        match outcome {
            Ok(_) => {
                if state
                    .failure
                    .as_ref()
                    .is_some_and(|failure| failure.task == self.task)
                {
                    state.failure = None;
                }
            }
            Err(error) => {
                state.failure = Some(TaskFailure {
                    task: self.task,
                    at: Timestamp::now(),
                    reason: error.to_string(),
                });
            }
        }
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.backups.state().running = None;
    }
}

/// Returns whether a backup is of this database, or names none.
fn is_of(backup: &Backup, identity: &DatabaseIdentity) -> bool {
    match (&backup.database, &backup.system) {
        (Some(database), Some(system)) => *database == identity.name && *system == identity.system,
        _ => true,
    }
}

/// Returns whether the time of a backup lies in the future, so that it says nothing about the past.
fn is_ahead(backup: &Backup, now: Timestamp) -> bool {
    backup.began.duration_since(now) > CLOCK_SKEW
}
