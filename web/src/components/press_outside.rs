//! Menus close when the visitor presses elsewhere.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Node;

/// Calls `close` for each press outside of what `contains` accepts, while the owner exists.
pub fn on_press_outside(contains: impl Fn(&Node) -> bool + 'static, close: impl Fn() + 'static) {
    let listener = window_event_listener(ev::pointerdown, move |event| {
        let pressed = event.target().and_then(|target| target.dyn_into::<Node>().ok());
        if pressed.is_some_and(|pressed| !contains(&pressed)) {
            close();
        }
    });
    on_cleanup(move || listener.remove());
}
