//! A modal dialog that a signal opens and closes. `Escape` closes it, and the browser returns the focus to the
//! element before it.

use leptos::html::Dialog;
use leptos::prelude::*;

/// Opens and closes the dialog as `is_open` changes. The dialog's `on:close` must set it to `false`.
pub fn open_while(dialog: NodeRef<Dialog>, is_open: impl Fn() -> bool + 'static) {
    Effect::new(move || {
        let is_open = is_open();
        let Some(dialog) = dialog.get() else { return };
        match (is_open, dialog.open()) {
            // Fails only for a dialog that is open or has been removed.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
}
