//! The worker that makes one file or looks into one, seen from the page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::browser::protocol::{Failed, FromWorker, ToWorker, decode, encode};
use wasm_export::options::Compression;
use wasm_export::rows::Problem;
use web_sys::{ErrorEvent, Event, MessageEvent, Worker, WorkerOptions, WorkerType};

/// Where Trunk puts the worker. Its name holds no hash, so the server has it looked up anew every time.
const PROGRAM: &str = "/export_worker_loader.js";

/// The same worker with Zstandard and dumps in it, which makes it twice as large.
const FULL_PROGRAM: &str = "/full_worker_loader.js";

/// A running worker. Dropping it ends it, and it takes its unfinished file with it.
pub struct ExportWorker {
    worker: Worker,
    is_ready: Rc<Cell<bool>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl ExportWorker {
    /// Starts a worker and, as soon as it listens, says the first word to it.
    pub fn start(
        first: ToWorker,
        attachment: Option<JsValue>,
        on_message_received: impl Fn(FromWorker, Option<JsValue>) + 'static,
    ) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let program = match &first {
            ToWorker::Start(start) if start.options.compression == Compression::Zstd => FULL_PROGRAM,
            ToWorker::Dump(_) | ToWorker::ReadDump => FULL_PROGRAM,
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

    /// Tells the worker to go on after a failure. `false`: its program has not arrived, so only another worker can.
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
            // It ends by itself, after it has removed what there is of the file. A worker that has ended hears
            // nothing.
            post(&self.worker, &ToWorker::Cancel, None);
        } else {
            self.worker.terminate();
        }
    }
}

/// A failure of the page's own, in the browser's words.
pub fn failed(title: &str, error: &JsValue) -> Failed {
    failed_because(
        title,
        format!("Reload the page and try again. The browser says: {error:?}"),
    )
}

/// A mistake in the worker's program.
fn broken(event: &Event) -> Failed {
    let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
    failed_because(
        "The export worker broke down",
        format!("The browser says: {}.", message.unwrap_or_default()),
    )
}

/// A program of which not all arrived. The next worker fetches it again.
fn not_loaded() -> Failed {
    Failed {
        resumable: true,
        ..failed_because(
            "The export worker could not be loaded",
            "The server was stopped, or the network between it and you broke.".to_owned(),
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
    // Only what cannot be cloned cannot be posted; text and file handles can.
    let posted = worker.post_message(&encode(message, attachment));
    debug_assert!(posted.is_ok(), "{posted:?}");
}
