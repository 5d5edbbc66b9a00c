//! A file that the visitor has chosen for a restore. A worker reads it to its end before anything is
//! uploaded.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_export::browser::contents::DumpContents;
use wasm_export::browser::protocol::{FromWorker, ToWorker};
use wasm_export::rows::Problem;
use web_sys::File;

use crate::worker::{self, ExportWorker};

#[derive(Clone, Debug)]
pub enum FileState {
    Empty,
    /// `bytes`: how many have been read.
    Reading {
        bytes: u64,
    },
    /// It is no complete dump.
    Invalid(Problem),
    /// It is a complete dump.
    Complete(DumpContents),
}

/// A handle that lives as long as the page of the database.
#[derive(Clone, Copy)]
pub struct ChosenFile {
    file: StoredValue<Option<File>, LocalStorage>,
    state: RwSignal<FileState>,
    worker: StoredValue<Option<ExportWorker>, LocalStorage>,
}

impl ChosenFile {
    pub fn new() -> Self {
        Self {
            file: StoredValue::new_local(None),
            state: RwSignal::new(FileState::Empty),
            worker: StoredValue::new_local(None),
        }
    }

    pub fn get(self) -> FileState {
        self.state.get()
    }

    pub fn file(self) -> Option<File> {
        self.file.get_value()
    }

    pub fn name(self) -> String {
        self.file
            .with_value(|file| file.as_ref().map(File::name))
            .unwrap_or_default()
    }

    pub fn size(self) -> u64 {
        self.file
            .with_value(|file| file.as_ref().map_or(0, |file| file.size() as u64))
    }

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
                let failed = worker::failed("The export worker could not be started", &error);
                self.state.set(FileState::Invalid(failed.problem));
            }
        }
    }

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
