//! The request that starts a restore: an upload of a dump, or the name of a backup. Its answer is a stream of
//! events.
//!
//! It uses `XMLHttpRequest`, because `fetch` does not report the progress of an upload. The browser reads the
//! file from disk while it sends.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use api::backups::BackupRestoreRequest;
use api::restore::RestoreRequest;
use js_sys::JsString;
use leptos::prelude::{IntervalHandle, set_interval_with_handle};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::browser::answer::problem;
use wasm_export::rows::Problem;
use web_sys::{File, FormData, ProgressEvent, XmlHttpRequest};

use super::source::RestoreSource;
use crate::client;

/// The server sends at least a comment every 10 s.
const SILENCE_SECONDS_MAX: u32 = 45;

pub(super) enum UploadEvent {
    /// Bytes sent, of `total`, including the form around the file.
    Progress { bytes: u64, total: u64 },
    /// The next chunk of the answer.
    Text(String),
    /// The server answered with a problem.
    Refused(Problem),
    /// The answer has ended.
    Ended,
    /// The connection broke, or the server was silent for [`SILENCE_SECONDS_MAX`].
    Lost,
}

/// Dropping it aborts the request. The server finishes a restore that it has started.
pub(super) struct Upload {
    request: XmlHttpRequest,
    _on_sent: Closure<dyn Fn(ProgressEvent)>,
    _on_answer: Closure<dyn Fn()>,
    _on_end: Closure<dyn Fn()>,
    _on_error: Closure<dyn Fn()>,
    watch: IntervalHandle,
}

impl Upload {
    pub(super) fn start(
        source: &RestoreSource,
        options: RestoreRequest,
        on_event: impl Fn(UploadEvent) + 'static,
    ) -> Result<Self, JsValue> {
        let request = XmlHttpRequest::new()?;
        request.open_with_async("POST", &url(source), true)?;
        let on_event = Rc::new(on_event);
        let answer = Rc::new(Answer::default());

        let on_sent = Closure::new({
            let on_event = Rc::clone(&on_event);
            move |event: ProgressEvent| {
                on_event(UploadEvent::Progress {
                    bytes: event.loaded() as u64,
                    total: event.total() as u64,
                });
            }
        });
        let upload = request.upload()?;
        upload.set_onprogress(Some(on_sent.as_ref().unchecked_ref()));
        upload.set_onload(Some(on_sent.as_ref().unchecked_ref()));

        let on_answer = Closure::new({
            let (request, on_event, answer) = (request.clone(), Rc::clone(&on_event), Rc::clone(&answer));
            move || {
                if is_success(&request) {
                    on_event(UploadEvent::Text(answer.next(&request)));
                }
            }
        });
        request.set_onprogress(Some(on_answer.as_ref().unchecked_ref()));

        let on_end = Closure::new({
            let (request, on_event, answer) = (request.clone(), Rc::clone(&on_event), Rc::clone(&answer));
            move || match is_success(&request) {
                true => {
                    on_event(UploadEvent::Text(answer.next(&request)));
                    on_event(UploadEvent::Ended);
                }
                false => {
                    let body = request.response_text().ok().flatten().unwrap_or_default();
                    on_event(UploadEvent::Refused(problem(status(&request), body.as_bytes())));
                }
            }
        });
        request.set_onload(Some(on_end.as_ref().unchecked_ref()));

        let on_error = Closure::new({
            let on_event = Rc::clone(&on_event);
            move || on_event(UploadEvent::Lost)
        });
        request.set_onerror(Some(on_error.as_ref().unchecked_ref()));

        match source {
            RestoreSource::File(file) => request.send_with_opt_form_data(Some(&form(file, options)?))?,
            RestoreSource::Backup { unverified, .. } => {
                request.set_request_header("content-type", "application/json")?;
                let options = BackupRestoreRequest {
                    clean_first: options.clean_first,
                    skip_logs: options.skip_logs,
                    allow_missing_tables: options.allow_missing_tables,
                    unverified: *unverified,
                };
                let body = serde_json::to_string(&options).map_err(|error| error.to_string())?;
                request.send_with_opt_str(Some(&body))?;
            }
        }
        let watch = set_interval_with_handle(
            move || {
                if answer.is_silent() {
                    on_event(UploadEvent::Lost);
                }
            },
            Duration::from_secs(1),
        )?;
        Ok(Self {
            request,
            _on_sent: on_sent,
            _on_answer: on_answer,
            _on_end: on_end,
            _on_error: on_error,
            watch,
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.watch.clear();
        if let Ok(upload) = self.request.upload() {
            upload.set_onprogress(None);
            upload.set_onload(None);
        }
        self.request.set_onprogress(None);
        self.request.set_onload(None);
        self.request.set_onerror(None);
        // Aborting fails only for an answer that has ended.
        let _ = self.request.abort();
    }
}

#[derive(Default)]
struct Answer {
    /// In UTF-16 code units, the unit of JavaScript strings.
    read: Cell<u32>,
    /// `None` before the first byte: behind a slow proxy, the upload may need long to reach the server.
    silent_seconds: Cell<Option<u32>>,
}

impl Answer {
    /// Returns the text since the last call.
    fn next(&self, request: &XmlHttpRequest) -> String {
        self.silent_seconds.set(Some(0));
        let Ok(text) = request.response().and_then(JsCast::dyn_into::<JsString>) else {
            return String::new();
        };
        let read = self.read.replace(text.length());
        text.slice(read, text.length()).into()
    }

    /// Called once a second. Timers pause while the computer sleeps, so that time does not count.
    fn is_silent(&self) -> bool {
        let seconds = self.silent_seconds.get().map(|seconds| seconds + 1);
        self.silent_seconds.set(seconds);
        seconds.is_some_and(|seconds| seconds >= SILENCE_SECONDS_MAX)
    }
}

fn url(source: &RestoreSource) -> String {
    match source {
        RestoreSource::File(_) => client::IMPORT_URL.to_owned(),
        RestoreSource::Backup { name, .. } => format!("{}/restore", client::backup_url(name)),
    }
}

/// The options precede the file, because the server reads the form in order and needs them with the file.
fn form(file: &File, options: RestoreRequest) -> Result<FormData, JsValue> {
    let form = FormData::new()?;
    form.append_with_str("cleanFirst", &options.clean_first.to_string())?;
    form.append_with_str("skipLogs", &options.skip_logs.to_string())?;
    form.append_with_str("allowMissingTables", &options.allow_missing_tables.to_string())?;
    form.append_with_blob_and_filename("file", file, &file.name())?;
    Ok(form)
}

fn status(request: &XmlHttpRequest) -> u16 {
    request.status().unwrap_or_default()
}

fn is_success(request: &XmlHttpRequest) -> bool {
    (200..300).contains(&status(request))
}
