//! The export worker, seen from the page. One worker makes one file or reads one dump.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::browser::protocol::{Failed, FromWorker, ToWorker, decode, encode};
use wasm_export::options::Compression;
use wasm_export::rows::Problem;
use web_sys::{ErrorEvent, Event, MessageEvent, Worker, WorkerOptions, WorkerType};

/// The loader that Trunk writes. Its name has no hash, so the server sends it with `no-cache`.
const PROGRAM: &str = "export_worker_loader.js";

/// The same program with bundles, Zstandard and dumps, and twice as large: it is loaded only when needed.
const FULL_PROGRAM: &str = "full_worker_loader.js";

/// Dropping it stops the worker, which removes its unfinished file.
pub struct ExportWorker {
    worker: Worker,
    is_ready: Rc<Cell<bool>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl ExportWorker {
    /// Starts a worker and sends `first` as soon as it reports that it is ready. `attachment` is a file
    /// handle or a file.
    pub fn start(
        first: ToWorker,
        attachment: Option<JsValue>,
        on_message_received: impl Fn(FromWorker, Option<JsValue>) + 'static,
    ) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let program = match &first {
            ToWorker::Start(start) if start.options.compression == Compression::Zstd => FULL_PROGRAM,
            ToWorker::Bundle(_) | ToWorker::Dump(_) | ToWorker::ReadDump => FULL_PROGRAM,
            _ => PROGRAM,
        };
        let worker = Worker::new_with_options(program, &options)?;
        let is_ready = Rc::new(Cell::new(false));
        let on_message_received = Rc::new(on_message_received);

        let first_message = RefCell::new(Some((first, attachment)));
        let on_message = Closure::new({
            let (worker, on_message_received, is_ready) = (
                worker.clone(),
                Rc::clone(&on_message_received),
                Rc::clone(&is_ready),
            );
            move |event: MessageEvent| {
                let Ok((message, attachment)) = decode(&event.data()) else {
                    return;
                };
                if let (FromWorker::Ready, Some((first, attachment))) = (&message, first_message.take()) {
                    is_ready.set(true);
                    post(&worker, &first, attachment.as_ref());
                }
                on_message_received(message, attachment);
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));

        let on_error = Closure::new({
            let is_ready = Rc::clone(&is_ready);
            move |event: Event| {
                event.prevent_default();
                let failed = match is_ready.get() {
                    true => broken(&event),
                    false => not_loaded(),
                };
                on_message_received(FromWorker::Failed(failed), None);
            }
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            is_ready,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Asks the worker to continue after a failure. Returns `false` if its program has not been loaded: then
    /// only a new worker can continue.
    pub fn resume(&self) -> bool {
        let is_ready = self.is_ready.get();
        if is_ready {
            post(&self.worker, &ToWorker::Resume, None);
        }
        is_ready
    }
}

impl Drop for ExportWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        if self.is_ready.get() {
            // The worker removes its unfinished file and then closes itself; `terminate` would leave the
            // file behind.
            post(&self.worker, &ToWorker::Cancel, None);
        } else {
            self.worker.terminate();
        }
    }
}

/// Returns a failure of the page itself, with the error that the browser gave.
pub fn failed(title: &str, error: &JsValue) -> Failed {
    failed_because(
        title,
        format!("Reload the page and try again. The browser reports: {error:?}"),
    )
}

/// An exception in the worker, which is a mistake in its program.
fn broken(event: &Event) -> Failed {
    let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
    failed_because(
        "The export worker failed",
        format!("The browser reports: {}.", message.unwrap_or_default()),
    )
}

/// Resumable, because the next worker requests the program again.
fn not_loaded() -> Failed {
    Failed {
        resumable: true,
        ..failed_because(
            "The export worker could not be loaded",
            "The server was stopped, or the network connection broke.".to_owned(),
        )
    }
}

fn failed_because(title: &str, detail: String) -> Failed {
    let problem = Problem {
        title: title.to_owned(),
        detail,
        code: "worker_failed".to_owned(),
        status: 0,
        ..Problem::default()
    };
    Failed {
        problem,
        rows: 0,
        resumable: false,
    }
}

fn post(worker: &Worker, message: &ToWorker, attachment: Option<&JsValue>) {
    // Posting fails only for values that cannot be cloned. Text and file handles can.
    let posted = worker.post_message(&encode(message, attachment));
    debug_assert!(posted.is_ok(), "{posted:?}");
}
