//! Records of the last dump, restore and clean-up. They are files in the data folder, so that the status also shows
//! operations before a restart and those of the command line.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::database::{OperationRecord, Outcome};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::temporary_files::TemporaryFolder;
use crate::dsn::Dsn;

/// Marks an operation without a recorded outcome as failed. Call it only while the lock is free: then the process of the
/// operation is gone.
pub fn mark_interrupted<T>(mut record: OperationRecord<T>) -> OperationRecord<T> {
    record.outcome.get_or_insert_with(|| Outcome::Failed {
        reason: "Decant itself ended before it did".to_owned(),
    });
    record
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct RecordFile<T> {
    /// Host, port and name: commands may use one data folder for several databases.
    database: String,
    #[serde(flatten)]
    record: T,
}

/// The last operation of one kind on one database.
#[derive(Debug)]
pub struct LastOperation<T> {
    database: String,
    data_dir: PathBuf,
    file: &'static str,
    /// The last operation of this process.
    own: Mutex<Option<OperationRecord<T>>>,
}

impl<T: Clone + Serialize + DeserializeOwned> LastOperation<T> {
    /// The last operation that is recorded in this file of the data folder.
    #[must_use]
    pub fn new(dsn: &Dsn, data_dir: &Path, file: &'static str) -> Arc<Self> {
        Arc::new(Self {
            database: format!("{}:{}/{}", dsn.host(), dsn.port(), dsn.database()),
            data_dir: data_dir.to_owned(),
            file,
            own: Mutex::default(),
        })
    }

    /// Returns the last operation; `None` if the file has none of this database.
    #[must_use]
    pub fn get(&self) -> Option<OperationRecord<T>> {
        let own = self.own().clone();
        match own {
            Some(OperationRecord { outcome: None, .. }) => own,
            // Another process may have recorded a later one.
            _ => self.read().or(own),
        }
    }

    /// Records that an operation begins.
    pub fn begin(self: &Arc<Self>, caller: &str, details: T) -> OperationHandle<T> {
        let record = OperationRecord {
            began: Timestamp::now(),
            ended: None,
            caller: caller.to_owned(),
            details,
            outcome: None,
        };
        self.write(&record);
        *self.own() = Some(record);
        OperationHandle(Arc::clone(self))
    }

    fn own(&self) -> MutexGuard<'_, Option<OperationRecord<T>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Option<OperationRecord<T>> {
        let file = fs::read(self.data_dir.join(self.file)).ok()?;
        let file: RecordFile<OperationRecord<T>> = serde_json::from_slice(&file).ok()?;
        (file.database == self.database).then_some(file.record)
    }

    /// Writes the record. A failure is only logged, because the operation itself matters more.
    fn write(&self, record: &OperationRecord<T>) {
        let written = || -> io::Result<()> {
            // A record is small, so it may take the reserve.
            let (temporary, mut file) = TemporaryFolder::in_data_dir(&self.data_dir, 0).create("json")?;
            let content = RecordFile {
                database: self.database.clone(),
                record,
            };
            file.write_all(&serde_json::to_vec(&content)?)?;
            temporary.keep(&self.data_dir.join(self.file))
        };
        if let Err(error) = written() {
            tracing::warn!(%error, file = self.file, "the record of an operation could not be written to the data folder");
        }
    }
}

/// Updates the record of a running operation.
#[derive(Debug)]
pub struct OperationHandle<T>(Arc<LastOperation<T>>);

impl<T: Clone + Serialize + DeserializeOwned> OperationHandle<T> {
    /// Changes the details in memory. The file gets them when the operation ends.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        if let Some(own) = &mut *self.0.own() {
            change(&mut own.details);
        }
    }

    /// Records the outcome. Returns `false` and changes nothing if there is one already.
    pub fn end(&self, outcome: Outcome) -> bool {
        let mut own = self.0.own();
        let Some(record) = own.as_mut().filter(|own| own.outcome.is_none()) else {
            return false;
        };
        record.ended = Some(Timestamp::now());
        record.outcome = Some(outcome);
        self.0.write(record);
        true
    }
}
