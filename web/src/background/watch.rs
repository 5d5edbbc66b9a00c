//! The progress of one export: a stream of the server, and regular requests while there is none.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use api::exports::{Export, ExportEvent, ExportStatus};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::client;
use crate::feed::{Feed, FeedEvent};
use crate::wording::background::progress_of;

/// The names of [`ExportEvent`].
pub const EVENTS: [&str; 4] = ["progress", "complete", "error", "cancelled"];

/// How often the export is asked for while there is no stream.
const ASK_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub enum WatchEvent {
    Happened(ExportEvent),
    /// The server has refused a request for the export. Further requests follow.
    Failed(Problem),
}

/// Ends when it is dropped.
pub struct ExportWatch {
    _feed: Option<Feed>,
    state: Rc<State>,
    timer: Option<IntervalHandle>,
}

struct State {
    id: String,
    handle: Box<dyn Fn(WatchEvent)>,
    /// The stream is open, so no request is needed.
    has_stream: Cell<bool>,
    is_asking: Cell<bool>,
    is_over: Cell<bool>,
}

impl ExportWatch {
    /// Starts to watch. `handle` gets each change, and the end of the export as the last one.
    pub fn start(id: &str, may_stream: bool, handle: impl Fn(WatchEvent) + 'static) -> Self {
        let state = Rc::new(State {
            id: id.to_owned(),
            handle: Box::new(handle),
            has_stream: Default::default(),
            is_asking: Default::default(),
            is_over: Default::default(),
        });
        let feed = may_stream.then(|| {
            let state = state.clone();
            Feed::open(&client::export_events_url(id), &EVENTS, move |event| {
                state.hear(event);
            })
        });
        let timer = set_interval_with_handle(
            {
                let state = state.clone();
                move || state.ask()
            },
            ASK_EVERY,
        );
        Self {
            _feed: feed.and_then(Result::ok),
            state,
            timer: timer.ok(),
        }
    }
}

impl Drop for ExportWatch {
    fn drop(&mut self) {
        self.state.is_over.set(true);
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}

impl State {
    fn hear(&self, event: FeedEvent<ExportEvent>) {
        match event {
            FeedEvent::Opened => self.has_stream.set(true),
            FeedEvent::Received(event) => self.report(event),
            FeedEvent::Lost | FeedEvent::Refused => self.has_stream.set(false),
        }
    }

    fn report(&self, event: ExportEvent) {
        // The browser opens an ended stream again, and gets the end once more.
        if self.is_over.get() {
            return;
        }
        self.is_over.set(!matches!(event, ExportEvent::Progress(_)));
        (self.handle)(WatchEvent::Happened(event));
    }

    fn ask(self: &Rc<Self>) {
        if self.has_stream.get() || self.is_asking.get() || self.is_over.get() {
            return;
        }
        self.is_asking.set(true);
        let state = self.clone();
        spawn_local(async move {
            let answer = client::export(&state.id).await;
            state.is_asking.set(false);
            match answer {
                Ok(export) => state.report(event_of(export)),
                Err(problem) if !state.is_over.get() => (state.handle)(WatchEvent::Failed(problem)),
                Err(_) => {}
            }
        });
    }
}

/// Returns the event that a stream would have sent.
fn event_of(export: Export) -> ExportEvent {
    match export.status {
        ExportStatus::Scheduled | ExportStatus::Queued | ExportStatus::Processing => {
            ExportEvent::Progress(progress_of(&export))
        }
        ExportStatus::Completed => ExportEvent::Complete(Box::new(export)),
        ExportStatus::Failed | ExportStatus::Expired => ExportEvent::Error(Box::new(export)),
        ExportStatus::Cancelled => ExportEvent::Cancelled(Box::new(export)),
    }
}
