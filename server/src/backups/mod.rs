//! Dumps that are kept in a storage: made on a schedule or when asked for, proved by restoring them, removed by age.
//!
//! | module | what |
//! |---|---|
//! | [`make`] | a dump, encrypted and stored while it comes |
//! | [`fetch`] | taken out again, decrypted, restored |
//! | [`prove`] | restored beside the live database, counted |
//! | [`manifest`] | what is known of each |
//! | [`retention`] | which of them are kept |
//! | [`timetable`] | what is due |
//!
//! The manifests in the storage are all there is to know; servers that share a storage need no other agreement.

pub mod fetch;
pub mod make;
pub mod manifest;
pub mod prove;
pub mod retention;
pub mod timetable;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::audit::Action;
use crate::config::Settings;
use crate::database::Database;
use crate::database::dump::{DumpError, Mode};
use crate::database::restore::RestoreError;
use crate::schedule::Schedule;
use crate::storage::encrypted::ReadError;
use crate::storage::{Storage, StorageError};
use manifest::Manifest;
use retention::Keep;

/// Where they are in the storage.
const FOLDER: &str = "backups";

/// Who follows a restore or a proof may be so far behind before it waits for them, or they miss something.
const EVENTS: usize = 64;

/// Manifests that are fetched at once.
const MANIFESTS_AT_ONCE: usize = 8;

/// The backups of a database.
pub struct Backups {
    database: Arc<Database>,
    storage: Storage,
    plan: Plan,
    state: Mutex<State>,
    stop: CancellationToken,
}

/// What the settings want.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When backups are made.
    pub make: Option<Schedule>,
    /// What of the database they hold.
    pub mode: Mode,
    /// When the newest is proved.
    pub prove: Option<Schedule>,
    /// Which are kept.
    pub keep: Keep,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    failure: Option<Failure>,
}

/// What is being done.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// What.
    pub task: Task,
    /// Since when.
    pub since: Timestamp,
    /// The bytes that were stored or fetched.
    pub bytes: u64,
    /// What it is at, for people.
    pub message: String,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A backup is made.
    Make,
    /// A backup is proved.
    Prove,
}

/// What went wrong the last time. It is forgotten when the same goes well.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What was being done.
    pub task: Task,
    /// When.
    pub at: Timestamp,
    /// Why, and what to do.
    pub reason: String,
}

/// All of it, for people.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Where they are.
    pub storage: String,
    /// Who can read new ones.
    pub encryption: &'static str,
    /// Whether Decant can read what it writes.
    pub can_prove: bool,
    /// When they are made.
    pub schedule: Option<String>,
    /// When the next is due.
    pub next: Option<Timestamp>,
    /// When the newest is proved.
    pub proof_schedule: Option<String>,
    /// When that is due.
    pub next_proof: Option<Timestamp>,
    /// Which are kept.
    pub keep: String,
    /// What is being done on this server.
    pub running: Option<Running>,
    /// What went wrong the last time on this server.
    pub failure: Option<Failure>,
    /// The backups, the newest first.
    pub backups: Vec<Manifest>,
}

/// Why something was not done with a backup.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum BackupError {
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the backup cannot be used: {0}")]
    Read(#[from] ReadError),
    #[error("the backup could not be stored, and nothing of it is there: {0}")]
    NotStored(#[source] io::Error),
    #[error("what pg_dump wrote is not a whole dump, and was not stored: {0}")]
    NotWhole(#[source] wasm_export::dump::DumpError),
    #[error("a backup is already being made or proved here; try again when it has ended")]
    Busy,
    #[error("there is no backup `{0}`")]
    NoSuchBackup(String),
    #[error("what the storage says of the backup {name} cannot be read: {error}")]
    Manifest { name: String, error: serde_json::Error },
}

impl Backups {
    /// The backups of this database, as the settings want them.
    ///
    /// # Errors
    /// The storage cannot be used.
    pub fn of(
        database: Arc<Database>,
        settings: &Settings,
        stop: CancellationToken,
    ) -> Result<Self, StorageError> {
        let storage = Storage::new(settings.storage.clone());
        // A storage that cannot be used shows at the start, and not when the first backup is due.
        storage.open()?;
        Ok(Self {
            database,
            storage,
            plan: settings.backups.clone(),
            state: Mutex::default(),
            stop,
        })
    }

    /// What there is, and what is going on.
    ///
    /// # Errors
    /// The storage does not answer.
    pub async fn overview(&self) -> Result<Overview, StorageError> {
        let now = Timestamp::now();
        let next = |schedule: &Option<Schedule>| schedule.as_ref()?.next_after(now);
        let text = |schedule: &Option<Schedule>| Some(schedule.as_ref()?.to_string());
        let backups = self.list().await?;
        let state = self.state();
        Ok(Overview {
            storage: self.storage.location().to_string(),
            encryption: self.storage.encryption().name(),
            can_prove: self.storage.encryption().can_read(),
            schedule: text(&self.plan.make),
            next: next(&self.plan.make),
            proof_schedule: text(&self.plan.prove),
            next_proof: next(&self.plan.prove),
            keep: self.plan.keep.to_string(),
            running: state.running.clone(),
            failure: state.failure.clone(),
            backups,
        })
    }

    /// The backups, the newest first.
    ///
    /// # Errors
    /// The storage does not answer.
    pub async fn list(&self) -> Result<Vec<Manifest>, StorageError> {
        let names: BTreeSet<String> = self.storage.list(FOLDER).await?.into_iter().collect();
        let whole = names.iter().filter_map(|name| name.strip_suffix(MANIFEST));
        let whole: Vec<&str> = whole.filter(|name| names.contains(*name)).collect();
        let mut found = Vec::with_capacity(whole.len());
        for some in whole.chunks(MANIFESTS_AT_ONCE) {
            for manifest in join_all(some.iter().map(|name| self.manifest(name))).await {
                match manifest {
                    Ok(manifest) => found.push(manifest),
                    // Another server has removed it meanwhile.
                    Err(BackupError::NoSuchBackup(_)) => {}
                    Err(BackupError::Storage(error)) => return Err(error),
                    Err(error) => tracing::warn!(%error, "a file in the storage is no manifest"),
                }
            }
        }
        found.sort_by_key(|backup| Reverse(backup.began));
        Ok(found)
    }

    /// What is known of a backup.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`]; what the storage says.
    pub async fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        // A name from outside never leads out of the folder.
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

    /// Removes a backup: first what says that it is one.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`]; what the storage says.
    pub async fn remove(&self, name: &str, caller: &str) -> Result<(), BackupError> {
        let manifest = self.manifest(name).await?;
        self.storage.remove(&manifest_path(&manifest.name)).await?;
        self.storage.remove(&path(&manifest.name)).await?;
        tracing::info!(action = Action::DatabaseBackupRemoved.name(), caller, name);
        Ok(())
    }

    /// Removes what uploads that a crash broke off have left.
    ///
    /// # Errors
    /// What the file system says.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        self.storage.sweep(FOLDER, age)
    }

    async fn write_manifest(&self, manifest: &Manifest) -> Result<(), StorageError> {
        let content = serde_json::to_vec_pretty(manifest).expect("a manifest is made of texts and numbers");
        self.storage.put(&manifest_path(&manifest.name), content).await
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins something, unless something is going on.
    fn begin(self: &Arc<Self>, task: Task) -> Result<Turn, BackupError> {
        let mut state = self.state();
        if state.running.is_some() {
            return Err(BackupError::Busy);
        }
        state.running = Some(Running {
            task,
            since: Timestamp::now(),
            bytes: 0,
            message: String::new(),
        });
        Ok(Turn {
            backups: Arc::clone(self),
            task,
        })
    }
}

/// The turn of one task. It ends when it is dropped.
struct Turn {
    backups: Arc<Backups>,
    task: Task,
}

impl Turn {
    fn update(&self, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.backups.state().running.as_mut() {
            change(running);
        }
    }

    fn say(&self, message: impl Into<String>) {
        self.update(|running| running.message = message.into());
    }

    /// Remembers how it ended.
    fn end<T>(self, outcome: &Result<T, BackupError>) {
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
                state.failure = Some(Failure {
                    task: self.task,
                    at: Timestamp::now(),
                    reason: error.to_string(),
                });
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.backups.state().running = None;
    }
}

/// What the name of a backup's manifest has more.
const MANIFEST: &str = ".json";

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn manifest_path(name: &str) -> String {
    format!("{FOLDER}/{name}{MANIFEST}")
}
