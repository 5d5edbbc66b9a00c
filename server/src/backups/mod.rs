//! Backups: dumps in the storage, made on a schedule or on request, proved by a restore, removed by age.
//!
//! | module | content |
//! |---|---|
//! | [`make`] | a dump is encrypted and stored while `pg_dump` runs |
//! | [`fetch`] | a backup is downloaded, decrypted, restored |
//! | [`prove`] | a backup is restored into a staging database and its rows are counted |
//! | [`retention`] | which backups are kept |
//! | [`scheduler`] | makes and proves backups when they are due |
//!
//! The manifests in the storage are the only state. So servers that share a storage need no other agreement.

pub mod fetch;
pub mod make;
pub mod prove;
pub mod retention;
pub mod scheduler;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::backups::{Backup, BackupOverview, BackupTask, RunningTask, TaskFailure};
use api::database::DumpMode;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Action;
use crate::database::dump::{DumpError, Dumper};
use crate::database::restore::{RestoreError, Restorer};
use crate::database::temporary_files::TemporaryFolder;
use crate::schedule::Schedule;
use crate::storage::encrypted::ReadError;
use crate::storage::{Storage, StorageError};
use retention::RetentionPolicy;

/// Folder of the backups in the storage.
const FOLDER: &str = "backups";

/// Capacity of the event channel. When it is full, progress events are dropped; the final event is not.
const EVENTS: usize = 64;

const CONCURRENT_MANIFESTS: usize = 8;

/// The backups of a database.
pub struct Backups {
    dumper: Arc<Dumper>,
    restorer: Arc<Restorer>,
    storage: Storage,
    temporary_files: TemporaryFolder,
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

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the backup cannot be used: {0}")]
    Read(#[from] ReadError),
    #[error("the backup could not be stored, and nothing of it is in the storage: {0}")]
    NotStored(#[source] io::Error),
    #[error("pg_dump did not write a complete dump, so it was not stored: {0}")]
    IncompleteDump(#[source] wasm_export::dump::DumpError),
    #[error("a backup is already being made or proved here; try again when it has ended")]
    Busy,
    #[error("there is no backup `{0}`")]
    NoSuchBackup(String),
    #[error("the manifest of the backup {name} cannot be read: {error}")]
    Manifest { name: String, error: serde_json::Error },
}

impl Backups {
    /// `stop` ends running tasks.
    ///
    /// # Errors
    /// [`StorageError::Open`], [`StorageError::Folder`]: a useless storage is found at the start, and not when the first
    /// backup is due.
    pub fn new(
        dumper: Arc<Dumper>,
        restorer: Arc<Restorer>,
        storage: Storage,
        temporary_files: TemporaryFolder,
        tasks: TaskTracker,
        options: Options,
        stop: CancellationToken,
    ) -> Result<Self, StorageError> {
        storage.open()?;
        Ok(Self {
            dumper,
            restorer,
            storage,
            temporary_files,
            tasks,
            options,
            state: Mutex::default(),
            stop,
        })
    }

    /// # Errors
    /// [`StorageError`].
    pub async fn overview(&self) -> Result<BackupOverview, StorageError> {
        let now = Timestamp::now();
        let next = |schedule: &Option<Schedule>| schedule.as_ref()?.next_after(now);
        let text = |schedule: &Option<Schedule>| Some(schedule.as_ref()?.to_string());
        let backups = self.list().await?;
        let state = self.state();
        Ok(BackupOverview {
            storage: self.storage.location().to_string(),
            encryption: self.storage.encryption().kind(),
            can_prove: self.storage.encryption().can_read(),
            schedule: text(&self.options.schedule),
            next: next(&self.options.schedule),
            proof_schedule: text(&self.options.proof_schedule),
            next_proof: next(&self.options.proof_schedule),
            keep: self.options.retention.to_string(),
            running: state.running.clone(),
            failure: state.failure.clone(),
            backups,
        })
    }

    /// Returns the manifests of all backups, the newest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list(&self) -> Result<Vec<Backup>, StorageError> {
        let names: BTreeSet<String> = self.storage.list(FOLDER).await?.into_iter().collect();
        let backups = names.iter().filter_map(|name| name.strip_suffix(MANIFEST));
        let backups: Vec<&str> = backups.filter(|name| names.contains(*name)).collect();
        let mut found = Vec::with_capacity(backups.len());
        for chunk in backups.chunks(CONCURRENT_MANIFESTS) {
            for manifest in join_all(chunk.iter().map(|name| self.manifest(name))).await {
                match manifest {
                    Ok(manifest) => found.push(manifest),
                    // Another server has removed it since the folder was listed.
                    Err(BackupError::NoSuchBackup(_)) => {}
                    Err(BackupError::Storage(error)) => return Err(error),
                    Err(error) => tracing::warn!(%error, "a file in the storage is not a manifest"),
                }
            }
        }
        found.sort_by_key(|backup| Reverse(backup.began));
        Ok(found)
    }

    /// Returns the manifest of a backup.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Manifest`], [`BackupError::Storage`].
    pub async fn manifest(&self, name: &str) -> Result<Backup, BackupError> {
        // The name comes from the request and must not lead out of the folder.
        if name.contains(['/', '\\']) {
            return Err(BackupError::NoSuchBackup(name.to_owned()));
        }
        let content = match self.storage.get(&manifest_path(name)).await {
            Err(StorageError::Missing(_)) => return Err(BackupError::NoSuchBackup(name.to_owned())),
            content => content?,
        };
        serde_json::from_slice(&content).map_err(|error| BackupError::Manifest {
            name: name.to_owned(),
            error,
        })
    }

    /// Removes the files of a backup, whether it was scheduled or not.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest).
    pub async fn remove(&self, name: &str, caller: &str) -> Result<(), BackupError> {
        let manifest = self.manifest(name).await?;
        self.remove_files(&manifest).await?;
        tracing::info!(action = Action::DatabaseBackupRemoved.name(), caller, name);
        Ok(())
    }

    async fn remove_files(&self, manifest: &Backup) -> Result<(), StorageError> {
        // The manifest first: without it the other file is no backup, so a failure in between leaves no broken one.
        self.storage.remove(&manifest_path(&manifest.name)).await?;
        self.storage.remove(&path(&manifest.name)).await
    }

    /// Removes what interrupted uploads have left in the folder of backups; see [`Storage::sweep`].
    ///
    /// # Errors
    /// The first error of the file system.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        self.storage.sweep(FOLDER, age)
    }

    async fn write_manifest(&self, manifest: &Backup) -> Result<(), StorageError> {
        let content = serde_json::to_vec_pretty(manifest).expect("a manifest has only strings and numbers");
        self.storage.put(&manifest_path(&manifest.name), content).await
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

/// Suffix of a manifest's name.
const MANIFEST: &str = ".json";

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn manifest_path(name: &str) -> String {
    format!("{FOLDER}/{name}{MANIFEST}")
}
