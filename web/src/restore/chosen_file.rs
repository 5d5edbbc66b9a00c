//! The file that the visitor has chosen. A worker looks into it, and nothing is sent before the visitor has seen what is
//! in it.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_export::browser::contents::DumpContents;
use wasm_export::browser::protocol::{FromWorker, ToWorker};
use wasm_export::rows::Problem;
use web_sys::File;

use crate::worker::{self, ExportWorker};

/// What is known of the chosen file.
#[derive(Clone, Debug)]
pub enum FileState {
    /// None is chosen.
    Empty,
    /// It is being read.
    Reading {
        /// How many of its bytes have been.
        bytes: u64,
    },
    /// It is no whole dump.
    Invalid(Problem),
    /// It is a whole dump.
    Complete(DumpContents),
}

/// The file that the visitor has chosen. Whoever leaves the page has chosen none.
#[derive(Clone, Copy)]
pub struct ChosenFile {
    file: StoredValue<Option<File>, LocalStorage>,
    state: RwSignal<FileState>,
    worker: StoredValue<Option<ExportWorker>, LocalStorage>,
}

impl ChosenFile {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            file: StoredValue::new_local(None),
            state: RwSignal::new(FileState::Empty),
            worker: StoredValue::new_local(None),
        }
    }

    /// What is known of it.
    #[must_use]
    pub fn get(self) -> FileState {
        self.state.get()
    }

    /// The file itself.
    #[must_use]
    pub fn file(self) -> Option<File> {
        self.file.get_value()
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> String {
        self.file
            .with_value(|file| file.as_ref().map(File::name))
            .unwrap_or_default()
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(self) -> u64 {
        self.file
            .with_value(|file| file.as_ref().map_or(0, |file| file.size() as u64))
    }

    /// Takes a file and begins to read it.
    pub fn choose(self, file: File) {
        self.state.set(FileState::Reading { bytes: 0 });
        self.file.set_value(Some(file.clone()));
        let worker = ExportWorker::start(
            ToWorker::ReadDump,
            Some(JsValue::from(file)),
            move |message, _| self.handle(message),
        );
        match worker {
            Ok(worker) => self.worker.set_value(Some(worker)),
            Err(error) => {
                let failed = worker::failed("The worker that reads it could not be started", &error);
                self.state.set(FileState::Invalid(failed.problem));
            }
        }
    }

    /// Forgets it, read or not.
    pub fn forget(self) {
        self.worker.set_value(None);
        self.file.set_value(None);
        self.state.set(FileState::Empty);
    }

    fn handle(self, message: FromWorker) {
        let now = match message {
            FromWorker::Reading { bytes } => return self.state.set(FileState::Reading { bytes }),
            FromWorker::Read(contents) => FileState::Complete(contents),
            FromWorker::Failed(failed) => FileState::Invalid(failed.problem),
            FromWorker::Ready
            | FromWorker::Progress(_)
            | FromWorker::Finished(_)
            | FromWorker::Dumping { .. }
            | FromWorker::Dumped(_) => return,
        };
        self.worker.set_value(None);
        self.state.set(now);
    }
}
