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
pub enum Chosen {
    /// None is chosen.
    Nothing,
    /// It is being read.
    Reading {
        /// How many of its bytes have been.
        bytes: u64,
    },
    /// It is no whole dump.
    Refused(Problem),
    /// It is a whole dump.
    Whole(DumpContents),
}

/// The file that the visitor has chosen. Whoever leaves the page has chosen none.
#[derive(Clone, Copy)]
pub struct ChosenFile {
    file: StoredValue<Option<File>, LocalStorage>,
    chosen: RwSignal<Chosen>,
    worker: StoredValue<Option<ExportWorker>, LocalStorage>,
}

impl ChosenFile {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            file: StoredValue::new_local(None),
            chosen: RwSignal::new(Chosen::Nothing),
            worker: StoredValue::new_local(None),
        }
    }

    /// What is known of it.
    #[must_use]
    pub fn get(self) -> Chosen {
        self.chosen.get()
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
        self.chosen.set(Chosen::Reading { bytes: 0 });
        self.file.set_value(Some(file.clone()));
        let worker = ExportWorker::start(
            ToWorker::ReadDump,
            Some(JsValue::from(file)),
            move |message, _| self.hear(message),
        );
        match worker {
            Ok(worker) => self.worker.set_value(Some(worker)),
            Err(error) => {
                let failed = worker::failed("The worker that reads it could not be started", &error);
                self.chosen.set(Chosen::Refused(failed.problem));
            }
        }
    }

    /// Forgets it, read or not.
    pub fn forget(self) {
        self.worker.set_value(None);
        self.file.set_value(None);
        self.chosen.set(Chosen::Nothing);
    }

    fn hear(self, message: FromWorker) {
        let now = match message {
            FromWorker::Reading { bytes } => return self.chosen.set(Chosen::Reading { bytes }),
            FromWorker::Read(contents) => Chosen::Whole(contents),
            FromWorker::Failed(failed) => Chosen::Refused(failed.problem),
            FromWorker::Ready
            | FromWorker::Progress(_)
            | FromWorker::Finished(_)
            | FromWorker::Dumping { .. }
            | FromWorker::Dumped(_) => return,
        };
        self.worker.set_value(None);
        self.chosen.set(now);
    }
}
