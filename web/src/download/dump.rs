//! The download of a dump. One runs at a time; it continues while the visitor opens other pages.

use api::database::DumpMode;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_export::browser::protocol::{Destination, Dumped, Failed, FromWorker, StartDump, ToWorker};
use wasm_export::rows::Problem;

use super::save;
use crate::activity::tray::ActivityTray;
use crate::activity::{OperationKind, OperationResult, Outcome};
use crate::auth::Auth;
use crate::browser::now_ms;
use crate::client;
use crate::throughput::Throughput;
use crate::wording;
use crate::worker::{self, ExportWorker};

#[derive(Clone, Debug)]
pub enum DumpState {
    Idle,
    Running { bytes: u64 },
    Failed(Problem),
}

/// The dump before the server has named its file.
const NAME: &str = "Dump of the database";

/// A handle to the visitor's dump, one for the whole page.
#[derive(Clone, Copy)]
pub struct Dumper {
    state: RwSignal<DumpState>,
    throughput: RwSignal<Throughput>,
    began_ms: RwSignal<f64>,
    worker: StoredValue<Option<ExportWorker>, LocalStorage>,
    auth: Auth,
    tray: ActivityTray,
}

impl Dumper {
    pub fn new(auth: Auth, tray: ActivityTray) -> Self {
        let dumper = Self {
            state: RwSignal::new(DumpState::Idle),
            throughput: RwSignal::default(),
            began_ms: RwSignal::new(0.0),
            worker: StoredValue::new_local(None),
            auth,
            tray,
        };
        // The next visitor must not get this dump.
        auth.on_visitor_change(move || dumper.end());
        dumper
    }

    pub fn state(self) -> DumpState {
        self.state.get()
    }

    /// Returns whether a dump runs: leaving the page would lose it.
    pub fn is_under_way(self) -> bool {
        self.state
            .with(|state| matches!(state, DumpState::Running { .. }))
    }

    pub fn throughput(self) -> Throughput {
        self.throughput.get()
    }

    /// Downloads a dump, or writes it to the file that the visitor picked.
    pub fn start(self, mode: DumpMode, picked: Option<JsValue>) {
        self.tray.begin(NAME);
        self.throughput.set(Throughput::default());
        self.began_ms.set(now_ms());
        self.state.set(DumpState::Running { bytes: 0 });
        let destination = match picked {
            Some(_) => Destination::PickedFile,
            None => Destination::Downloads,
        };
        let start = StartDump {
            url: client::dump_url(mode),
            destination,
        };
        let worker = ExportWorker::start(ToWorker::Dump(start), picked, move |message, file| {
            self.handle(message, file.as_ref());
        });
        match worker {
            Ok(worker) => self.worker.set_value(Some(worker)),
            Err(error) => self.fail(worker::failed("The export worker could not be started", &error)),
        }
    }

    /// Stops the dump. Its unfinished file is removed.
    pub fn cancel(self) {
        self.end();
        let nothing = "no file was saved".to_owned();
        let result = OperationResult::new(OperationKind::Dump, NAME.to_owned(), Outcome::Cancelled, nothing);
        self.tray.end(result);
    }

    /// Closes a dump that has failed.
    pub fn forget(self, problem: Problem) {
        self.end();
        let name = NAME.to_owned();
        let result = OperationResult::new(OperationKind::Dump, name, Outcome::Failed, problem.title);
        self.tray.list(result);
    }

    fn end(self) {
        self.worker.set_value(None);
        self.state.set(DumpState::Idle);
    }

    fn handle(self, message: FromWorker, file: Option<&JsValue>) {
        match message {
            FromWorker::Dumping { bytes } => {
                self.throughput
                    .update(|throughput| throughput.observe(now_ms(), 0, bytes));
                self.state.set(DumpState::Running { bytes });
            }
            FromWorker::Dumped(dumped) => self.finish(dumped, file),
            FromWorker::Failed(failed) => self.fail(failed),
            FromWorker::Ready
            | FromWorker::Progress(_)
            | FromWorker::Finished(_)
            | FromWorker::Reading { .. }
            | FromWorker::Read(_) => {}
        }
    }

    fn finish(self, file: Dumped, content: Option<&JsValue>) {
        if let Some(Err(error)) = content.map(|content| save::download(content, &file.file_name)) {
            return self.fail(worker::failed("The dump could not be downloaded", &error));
        }
        let seconds = (now_ms() - self.began_ms.get_untracked()) / 1_000.0;
        self.end();
        let details = wording::results::dumped(file.bytes, file.tables, seconds);
        let result = OperationResult::new(OperationKind::Dump, file.file_name, Outcome::Completed, details);
        self.tray.end(result);
    }

    fn fail(self, Failed { problem, .. }: Failed) {
        // On 401 the sign-in dialog opens instead.
        match problem.status {
            401 => self.tray.open(),
            _ => self
                .tray
                .stop(&format!("The dump stopped: {}", problem.title), &problem.detail),
        }
        self.auth.check_expiry(&problem);
        self.worker.set_value(None);
        self.state.set(DumpState::Failed(problem));
    }
}
