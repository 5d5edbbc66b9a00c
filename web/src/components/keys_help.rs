//! The list of the keys.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::open_while;
use crate::keys::{KeyAction, Keys};

/// Opens and closes the list. The key `?` opens it, too.
#[derive(Clone, Copy)]
pub struct KeysHelp(RwSignal<bool>);

impl KeysHelp {
    pub fn new() -> Self {
        let help = Self(RwSignal::new(false));
        expect_context::<Keys>().on(KeyAction::Help, move || help.open());
        help
    }

    pub fn open(self) {
        self.0.set(true);
    }

    fn close(self) {
        self.0.set(false);
    }
}

#[component]
pub fn KeysDialog(help: KeysHelp) -> impl IntoView {
    let keys = expect_context::<Keys>();
    let dialog = NodeRef::<Dialog>::new();
    open_while(dialog, move || help.0.get());
    // Only keys that do something on the page behind the dialog.
    let list = move || {
        let shown = match help.0.get() {
            true => keys.handled(),
            false => Vec::new(),
        };
        let row = |action: KeyAction| view! { <div><dt><kbd>{action.key()}</kbd></dt><dd>{action.title()}</dd></div> };
        shown.into_iter().map(row).collect_view()
    };
    let hint = move || match keys.are_on() {
        true => "The keys do nothing in fields and dialogs. The account menu switches them off.",
        false => "The keys are off. The account menu switches them on.",
    };
    view! {
        <dialog
            class="card"
            aria-labelledby="keys-title"
            data-testid="keys-help"
            node_ref=dialog
            on:close=move |_| help.close()
        >
            <h2 id="keys-title">"Keys"</h2>
            <dl class="keys">
                {list}
                <div><dt><kbd>"Esc"</kbd></dt><dd>"Close the top layer"</dd></div>
            </dl>
            <p class="faint">{hint}</p>
            <div class="confirm-actions">
                <button type="button" data-testid="keys-close" on:click=move |_| help.close()>"Close"</button>
            </div>
        </dialog>
    }
}
