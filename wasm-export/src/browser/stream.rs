//! Fetches the bytes of an export or a dump.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array, global};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, DedicatedWorkerGlobalScope, Headers, ReadableStreamDefaultReader, RequestInit, Response,
};

use super::answer::problem;
use super::failure::Failure;
use crate::rows::MEDIA_TYPE;

/// A kind of response, and how long the server may be silent before and during it.
pub(super) struct Wanted {
    pub(super) media_type: &'static str,
    /// The content in words: `rows`.
    pub(super) name: &'static str,
    pub(super) silence_seconds_max: u32,
}

/// Raw rows. A server sends something at least every 10 s. After three times that it is considered lost.
pub(super) const ROWS: Wanted = Wanted {
    media_type: MEDIA_TYPE,
    name: "rows",
    silence_seconds_max: 30,
};

/// A running request, which ends when this is dropped.
pub(super) struct ByteStream {
    #[cfg(feature = "dumps")]
    response: Response,
    reader: ReadableStreamDefaultReader,
    line: Line,
}

impl ByteStream {
    /// Sends the request, and waits for the first bytes.
    ///
    /// # Errors
    /// When there is no connection, or the server refuses. The error contains the server's problem.
    pub(super) async fn open(url: &str, wanted: &Wanted) -> Result<Self, Failure> {
        Self::send(url, &RequestInit::new(), wanted).await
    }

    /// Sends a JSON object with POST, and waits for the first bytes.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) async fn post(url: &str, body: &str, wanted: &Wanted) -> Result<Self, Failure> {
        let headers = Headers::new().expect("every browser with fetch has Headers");
        headers
            .set("content-type", "application/json")
            .expect("the name and the value are ASCII");
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_headers(&headers);
        init.set_body(&JsValue::from_str(body));
        Self::send(url, &init, wanted).await
    }

    async fn send(url: &str, init: &RequestInit, wanted: &Wanted) -> Result<Self, Failure> {
        let line = Line::new(wanted.silence_seconds_max);
        init.set_signal(Some(&line.abort.signal()));
        let response = line.wait(worker().fetch_with_str_and_init(url, init)).await?;
        let response: Response = response.unchecked_into();
        if !response.ok() {
            return Err(refusal(&line, &response).await?);
        }
        let media_type = header(&response, "content-type");
        let essence = wanted.media_type.split(';').next().unwrap_or_default();
        if !media_type.starts_with(essence) {
            return Err(Failure::something_else(&media_type, wanted.name));
        }
        let Some(body) = response.body() else {
            return Err(Failure::connection_lost());
        };
        Ok(Self {
            reader: body.get_reader().unchecked_into(),
            #[cfg(feature = "dumps")]
            response,
            line,
        })
    }

    /// Returns the file name in the server's answer.
    #[cfg(feature = "dumps")]
    pub(super) fn file_name(&self) -> Option<String> {
        let disposition = header(&self.response, "content-disposition");
        let (_, name) = disposition.split_once("filename=\"")?;
        let (name, _) = name.split_once('"')?;
        Some(name.to_owned())
    }

    /// Returns the next bytes, in pieces of any length, or `None` at the end of the response.
    ///
    /// # Errors
    /// When the connection broke, or has been silent for too long.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, Failure> {
        let read = self.line.wait(self.reader.read()).await?;
        let value = Reflect::get(&read, &JsValue::from_str("value")).unwrap_or_default();
        Ok(value.dyn_into().ok())
    }
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).ok().flatten();
    value.unwrap_or_default()
}

/// Returns the problem in a response that is not a stream.
async fn refusal(line: &Line, response: &Response) -> Result<Failure, Failure> {
    let body = match response.array_buffer() {
        Ok(body) => Uint8Array::new(&line.wait(body).await?).to_vec(),
        Err(_) => Vec::new(),
    };
    Ok(Failure::refused(problem(response.status(), &body)))
}

/// The connection to the server. It is aborted when no bytes come for too long.
struct Line {
    abort: AbortController,
    watch: Rc<Watch>,
    timer: i32,
    _on_second: Closure<dyn Fn()>,
}

/// Counts the seconds of waiting without a byte. A computer that slept for an hour has not counted them, so that its
/// connection is tried before it is given up.
struct Watch {
    silence_seconds_max: u32,
    waiting: Cell<bool>,
    silent_seconds: Cell<u32>,
}

impl Line {
    fn new(silence_seconds_max: u32) -> Self {
        let abort = AbortController::new().expect("every browser with wasm has AbortController");
        let watch = Rc::new(Watch {
            silence_seconds_max,
            waiting: Cell::default(),
            silent_seconds: Cell::default(),
        });
        let on_second = Closure::<dyn Fn()>::new({
            let (abort, watch) = (abort.clone(), Rc::clone(&watch));
            move || {
                if watch.waiting.get() {
                    watch.silent_seconds.set(watch.silent_seconds.get() + 1);
                }
                if watch.is_silent() {
                    abort.abort();
                }
            }
        });
        let timer = worker()
            .set_interval_with_callback_and_timeout_and_arguments_0(on_second.as_ref().unchecked_ref(), 1_000)
            .expect("a function and a number are all that setInterval asks for");
        Self {
            abort,
            watch,
            timer,
            _on_second: on_second,
        }
    }

    /// Awaits a promise of the connection, until the server has been silent for too long.
    async fn wait(&self, coming: js_sys::Promise) -> Result<JsValue, Failure> {
        self.watch.silent_seconds.set(0);
        self.watch.waiting.set(true);
        let came = JsFuture::from(coming).await;
        self.watch.waiting.set(false);
        came.map_err(|_| {
            if self.watch.is_silent() {
                Failure::connection_silent(self.watch.silence_seconds_max)
            } else {
                Failure::connection_lost()
            }
        })
    }
}

impl Watch {
    fn is_silent(&self) -> bool {
        self.silent_seconds.get() >= self.silence_seconds_max
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        worker().clear_interval_with_handle(self.timer);
        self.abort.abort();
    }
}

fn worker() -> DedicatedWorkerGlobalScope {
    global().unchecked_into()
}
