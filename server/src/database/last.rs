//! The last dump, restore and clean-up. They are noted in the data folder, so that a server that was started anew still
//! tells of them, and of those that were made on the command line.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::scratch::Scratch;
use crate::dsn::Dsn;

/// Something that was done with the database, as the status tells of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undertaking<T> {
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None`: it runs, or the process that did it has died.
    pub ended: Option<Timestamp>,
    /// Who asked for it.
    pub caller: String,
    /// What it was, and what came of it.
    #[serde(flatten)]
    pub what: T,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// How something with the database ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Ending {
    /// As it should.
    Complete,
    /// It did not.
    Failed {
        /// Why.
        reason: String,
    },
    /// Whoever asked for it left.
    Cancelled,
}

impl<T> Undertaking<T> {
    /// The same when it is known that nobody is at it any more.
    #[must_use]
    pub fn over(mut self) -> Self {
        self.ending.get_or_insert_with(|| Ending::Failed {
            reason: "Decant itself ended before it did".to_owned(),
        });
        self
    }
}

/// What the file says.
#[derive(Serialize, Deserialize)]
struct Note<T> {
    /// Which database it was done with: commands may use one data folder for several.
    database: String,
    #[serde(flatten)]
    undertaking: T,
}

/// The last one of its kind that was done with a database.
#[derive(Debug)]
pub struct Last<T> {
    database: String,
    data_dir: PathBuf,
    file: &'static str,
    /// The last one of this process.
    own: Mutex<Option<Undertaking<T>>>,
}

impl<T: Clone + Serialize + DeserializeOwned> Last<T> {
    /// Noted in this file of the data folder.
    #[must_use]
    pub fn noted(dsn: &Dsn, data_dir: &Path, file: &'static str) -> Arc<Self> {
        Arc::new(Self {
            database: format!("{}:{}/{}", dsn.host(), dsn.port(), dsn.database()),
            data_dir: data_dir.to_owned(),
            file,
            own: Mutex::default(),
        })
    }

    /// The last one, if there was one.
    #[must_use]
    pub fn get(&self) -> Option<Undertaking<T>> {
        let own = self.own().clone();
        match own {
            Some(Undertaking { ending: None, .. }) => own,
            // Another process may have done something since.
            _ => self.read().or(own),
        }
    }

    /// Notes that one begins.
    pub fn begin(self: &Arc<Self>, caller: &str, what: T) -> Noting<T> {
        let begun = Undertaking {
            began: Timestamp::now(),
            ended: None,
            caller: caller.to_owned(),
            what,
            ending: None,
        };
        self.write(&begun);
        *self.own() = Some(begun);
        Noting(Arc::clone(self))
    }

    fn own(&self) -> MutexGuard<'_, Option<Undertaking<T>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Option<Undertaking<T>> {
        let file = fs::read(self.data_dir.join(self.file)).ok()?;
        let note: Note<Undertaking<T>> = serde_json::from_slice(&file).ok()?;
        (note.database == self.database).then_some(note.undertaking)
    }

    /// Nothing fails because it could not be noted.
    fn write(&self, undertaking: &Undertaking<T>) {
        let written = || -> io::Result<()> {
            fs::create_dir_all(&self.data_dir)?;
            let (scratch, mut file) = Scratch::in_data_dir(&self.data_dir).file("json")?;
            let note = Note {
                database: self.database.clone(),
                undertaking,
            };
            file.write_all(&serde_json::to_vec(&note)?)?;
            scratch.keep(&self.data_dir.join(self.file))
        };
        if let Err(error) = written() {
            tracing::warn!(%error, file = self.file, "what was done last could not be noted in the data folder");
        }
    }
}

/// One that has begun, to be told how it goes.
#[derive(Debug)]
pub struct Noting<T>(Arc<Last<T>>);

impl<T: Clone + Serialize + DeserializeOwned> Noting<T> {
    /// Something has come of it.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        if let Some(own) = &mut *self.0.own() {
            change(&mut own.what);
        }
    }

    /// Notes how it ended; only the first time counts, which is told.
    pub fn end(&self, ending: Ending) -> bool {
        let mut own = self.0.own();
        let Some(undertaking) = own.as_mut().filter(|own| own.ending.is_none()) else {
            return false;
        };
        undertaking.ended = Some(Timestamp::now());
        undertaking.ending = Some(ending);
        self.0.write(undertaking);
        true
    }
}
