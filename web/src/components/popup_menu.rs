//! A button that opens a menu of commands below it (WAI-ARIA, "Menu Button Pattern").

use leptos::html::{Button, Div};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, Node};

use super::press_outside::on_press_outside;
use crate::menu_keys::target;

/// Which item has the focus when the menu opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    First,
    Last,
}

#[derive(Clone, Copy)]
pub struct PopupMenu {
    open: RwSignal<Option<Entry>>,
    opener: NodeRef<Button>,
    popup: NodeRef<Div>,
}

impl PopupMenu {
    /// Returns a closed menu. A press outside closes it.
    pub fn new() -> Self {
        let menu = Self {
            open: RwSignal::new(None),
            opener: NodeRef::new(),
            popup: NodeRef::new(),
        };
        on_press_outside(
            move |node| menu.contains(node),
            move || {
                if untrack(|| menu.is_open()) {
                    menu.open.set(None);
                }
            },
        );
        Effect::new(move || {
            if let Some(entry) = menu.open.get() {
                // The items exist with the next frame.
                request_animation_frame(move || menu.enter(entry));
            }
        });
        menu
    }

    pub fn is_open(self) -> bool {
        self.open.with(Option::is_some)
    }

    /// Closes the menu and gives the focus back to its button.
    pub fn close(self) {
        self.open.set(None);
        if let Some(opener) = self.opener.get_untracked() {
            let _ = opener.focus();
        }
    }

    pub fn toggle(self) {
        self.open
            .update(|open| *open = open.is_none().then_some(Entry::First));
    }

    fn enter(self, entry: Entry) {
        let items = self.items();
        let item = match entry {
            Entry::First => items.first(),
            Entry::Last => items.last(),
        };
        if let Some(item) = item {
            let _ = item.focus();
        }
    }

    fn items(self) -> Vec<HtmlElement> {
        // The page may be gone by the next frame.
        let popup = self.popup.try_get_untracked().flatten();
        let items = popup.and_then(|popup| popup.query_selector_all("[role^=menuitem]").ok());
        let items = items
            .into_iter()
            .flat_map(|items| (0..items.length()).filter_map(move |index| items.get(index)));
        items.filter_map(|item| item.dyn_into().ok()).collect()
    }

    fn contains(self, node: &Node) -> bool {
        let (popup, opener) = (self.popup.get_untracked(), self.opener.get_untracked());
        popup.is_some_and(|popup| popup.contains(Some(node)))
            || opener.is_some_and(|opener| opener.contains(Some(node)))
    }

    fn press(self, event: &KeyboardEvent) {
        let key = event.key();
        match key.as_str() {
            "Escape" => {
                event.prevent_default();
                // Only the top layer closes.
                event.stop_propagation();
                self.close();
            }
            // The focus moves on from the button.
            "Tab" => self.close(),
            _ => {
                let items = self.items();
                let focused = document().active_element();
                let now = items
                    .iter()
                    .position(|item| item.is_same_node(focused.as_deref()));
                if let Some(next) = target(&key, now, items.len()) {
                    event.prevent_default();
                    let _ = items[next].focus();
                }
            }
        }
    }
}

#[component]
pub fn MenuButton(
    menu: PopupMenu,
    #[prop(into)] label: String,
    class: &'static str,
    #[prop(into)] testid: String,
) -> impl IntoView {
    let press = move |event: KeyboardEvent| {
        let entry = match event.key().as_str() {
            "ArrowDown" => Entry::First,
            "ArrowUp" => Entry::Last,
            "Escape" if untrack(|| menu.is_open()) => return menu.close(),
            _ => return,
        };
        event.prevent_default();
        menu.open.set(Some(entry));
    };
    view! {
        <button
            type="button"
            class=class
            aria-label=label
            aria-haspopup="menu"
            aria-expanded=move || menu.is_open().to_string()
            data-testid=testid
            node_ref=menu.opener
            on:click=move |_| menu.toggle()
            on:keydown=press
        ></button>
    }
}

/// The menu while it is open. `note` stands above the items and describes the menu.
#[component]
pub fn MenuPopup(
    menu: PopupMenu,
    label: &'static str,
    id: &'static str,
    note: Signal<String>,
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    move || {
        menu.is_open().then(|| {
            let note_id = format!("{id}-note");
            view! {
                <div class="popup" node_ref=menu.popup on:keydown=move |event| menu.press(&event)>
                    <p id=note_id.clone() class="popup-note" data-testid=note_id.clone()>{note}</p>
                    <div id=id role="menu" aria-label=label aria-describedby=note_id>
                        {children.with_value(|children| children())}
                    </div>
                </div>
            }
        })
    }
}

/// An item that closes the menu and then runs its command, unless it is disabled.
#[component]
pub fn MenuItem(
    menu: PopupMenu,
    #[prop(into)] testid: String,
    #[prop(into)] name: Signal<String>,
    #[prop(into, optional)] hint: Signal<String>,
    #[prop(into, optional)] is_disabled: Signal<bool>,
    on_choose: impl Fn() + 'static,
) -> impl IntoView {
    let choose = move |_| {
        if !is_disabled.get_untracked() {
            menu.close();
            on_choose();
        }
    };
    let has_hint = Memo::new(move |_| hint.with(|hint| !hint.is_empty()));
    let hint = move || {
        has_hint
            .get()
            .then(|| view! { <span class="menu-hint">{hint}</span> })
    };
    view! {
        <button
            type="button"
            role="menuitem"
            tabindex="-1"
            aria-disabled=move || is_disabled.get().then_some("true")
            data-testid=testid
            on:click=choose
        >
            <span>{name}</span>
            {hint}
        </button>
    }
}

/// One of several choices. The menu stays open, so that a command can follow.
#[component]
pub fn MenuChoice(
    testid: String,
    name: Signal<String>,
    is_chosen: Signal<bool>,
    on_choose: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            role="menuitemradio"
            tabindex="-1"
            aria-checked=move || is_chosen.get().to_string()
            data-testid=testid
            on:click=move |_| on_choose()
        >
            <span>{name}</span>
        </button>
    }
}
