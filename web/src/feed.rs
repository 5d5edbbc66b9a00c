//! A stream of server-sent events. The browser's `EventSource` connects again by itself, and names the last event it has.

use api::events::from_parts;
use serde::de::DeserializeOwned;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventSource, MessageEvent};

/// A change of the connection, or an event of the server.
#[derive(Debug)]
pub enum FeedEvent<E> {
    Opened,
    Received(E),
    /// The connection is lost, and the browser opens another one.
    Lost,
    /// The server refused the stream, and the browser gives up.
    Refused,
}

/// A stream that runs until this is dropped.
pub struct Feed {
    source: EventSource,
    _on_open: Closure<dyn Fn()>,
    _on_error: Closure<dyn Fn(Event)>,
    _on_event: Closure<dyn Fn(Event)>,
}

impl Feed {
    /// Opens a stream whose events have these names.
    ///
    /// # Errors
    /// The browser cannot open a stream at this URL.
    pub fn open<E: DeserializeOwned>(
        url: &str,
        names: &[&str],
        handle: impl Fn(FeedEvent<E>) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let source = EventSource::new(url)?;
        let on_open = Closure::<dyn Fn()>::new({
            let handle = handle.clone();
            move || handle(FeedEvent::Opened)
        });
        let on_error = Closure::<dyn Fn(Event)>::new({
            let (handle, source) = (handle.clone(), source.clone());
            move |event: Event| match source.ready_state() {
                // The server may have an event of this name, too.
                _ if event.is_instance_of::<MessageEvent>() => {}
                EventSource::CLOSED => handle(FeedEvent::Refused),
                _ => handle(FeedEvent::Lost),
            }
        });
        let on_event = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            let name = event.type_();
            let data = event
                .dyn_ref::<MessageEvent>()
                .and_then(|event| event.data().as_string());
            // An event of a newer server is none that this page can show.
            if let Some(Ok(event)) = data.map(|data| from_parts(&name, &data)) {
                handle(FeedEvent::Received(event));
            }
        });
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        for name in names {
            source.add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref())?;
        }
        Ok(Self {
            source,
            _on_open: on_open,
            _on_error: on_error,
            _on_event: on_event,
        })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.source.close();
        self.source.set_onopen(None);
        self.source.set_onerror(None);
    }
}
