//! The listener for [`KeyAction`]s.

use std::rc::Rc;

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::KeyAction;
use crate::settings;

/// Present in `localStorage` while the keys are off.
const SWITCHED_OFF: &str = "decant-keys-off";

/// Where letters are text, and where a dialog lies over the page.
const WITHOUT_KEYS: &str = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, \
                            [contenteditable], dialog, [role=dialog], [role=listbox], \
                            [role=menu]";

#[derive(Clone)]
struct Handler {
    id: u32,
    action: KeyAction,
    run: Rc<dyn Fn()>,
}

/// A handle to the keys, one for the whole page.
#[derive(Clone, Copy)]
pub struct Keys {
    is_on: RwSignal<bool>,
    handlers: StoredValue<Vec<Handler>, LocalStorage>,
    next_id: StoredValue<u32>,
}

impl Keys {
    /// Listens until its owner is gone.
    pub fn listen() -> Self {
        let keys = Self {
            is_on: RwSignal::new(settings::load(SWITCHED_OFF).is_none()),
            handlers: StoredValue::new_local(Vec::new()),
            next_id: StoredValue::new(0),
        };
        let listener = window_event_listener(ev::keydown, move |event| keys.press(&event));
        on_cleanup(move || listener.remove());
        keys
    }

    /// Calls `run` for a key while the current owner, a component, is on the page. The newest handler of an action
    /// is the one that counts.
    pub fn on(self, action: KeyAction, run: impl Fn() + 'static) {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        let run = Rc::new(run);
        self.handlers
            .update_value(|handlers| handlers.push(Handler { id, action, run }));
        on_cleanup(move || {
            self.handlers
                .try_update_value(|handlers| handlers.retain(|handler| handler.id != id));
        });
    }

    pub fn are_on(self) -> bool {
        self.is_on.get()
    }

    /// Remembers the choice in this browser.
    pub fn switch(self, is_on: bool) {
        self.is_on.set(is_on);
        settings::save(SWITCHED_OFF, (!is_on).then_some("true"));
    }

    /// Returns the actions that something on the page handles now.
    pub fn handled(self) -> Vec<KeyAction> {
        let is_handled = |action: &KeyAction| self.handler(*action).is_some();
        KeyAction::ALL.iter().copied().filter(is_handled).collect()
    }

    fn handler(self, action: KeyAction) -> Option<Handler> {
        self.handlers.with_value(|handlers| {
            let mut newest_first = handlers.iter().rev();
            newest_first.find(|handler| handler.action == action).cloned()
        })
    }

    fn press(self, event: &KeyboardEvent) {
        // German keyboards, for example, write `[` with AltGr, which Windows reports as Ctrl and Alt.
        let is_command = event.ctrl_key() || event.alt_key() || event.meta_key();
        let writes_a_sign = event.get_modifier_state("AltGraph");
        if event.default_prevented() || event.is_composing() || (is_command && !writes_a_sign) {
            return;
        }
        let Some(action) = KeyAction::from_key(&event.key()) else {
            return;
        };
        if !self.is_on.get_untracked() || is_text(event) || has_modal_dialog() {
            return;
        }
        if let Some(handler) = self.handler(action) {
            // Otherwise the letter would be typed into the field that the handler focuses.
            event.prevent_default();
            (handler.run)();
        }
    }
}

fn is_text(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(WITHOUT_KEYS).ok().flatten().is_some())
}

fn has_modal_dialog() -> bool {
    document().query_selector("dialog:modal").ok().flatten().is_some()
}
