//! The small window of the filters below its opener; on a narrow screen a sheet at the lower edge. Escape and a click elsewhere
//! close it.

use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

/// What the popover shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterPopover {
    /// The filters to choose from.
    Menu,
    /// All times.
    Times,
    /// The value of a filter or a parameter, by name.
    Value(String),
}

/// What the popover of a page shows, if it is open, and the control that opened it.
#[derive(Clone, Copy)]
pub struct Opened {
    what: RwSignal<Option<FilterPopover>>,
    opener: StoredValue<Option<HtmlElement>, LocalStorage>,
}

impl Opened {
    pub fn new() -> Self {
        Self {
            what: RwSignal::new(None),
            opener: StoredValue::new_local(None),
        }
    }

    pub fn get(self) -> Option<FilterPopover> {
        self.what.get()
    }

    pub fn is(self, what: &FilterPopover) -> bool {
        self.what.with(|open| open.as_ref() == Some(what))
    }

    /// Opens it below its opener, or closes it if it shows that. An item of the open popover is no opener.
    pub fn toggle(self, what: FilterPopover, opener: Option<HtmlElement>) {
        if opener.is_some() {
            self.opener.set_value(opener);
        }
        let is_open = self.what.with_untracked(|open| open.as_ref() == Some(&what));
        self.what.set((!is_open).then_some(what));
    }

    /// Closes it. The focus returns to the opener, or to the last control of the chips if its chip is another one by now.
    pub fn close(self) {
        self.what.set(None);
        let opener = self.opener.get_value();
        request_animation_frame(move || {
            let add = || {
                document()
                    .query_selector("[data-testid=add-filter]")
                    .ok()
                    .flatten()?
                    .dyn_into()
                    .ok()
            };
            if let Some(opener) = opener.filter(|opener| opener.is_connected()).or_else(add) {
                let _ = opener.focus();
            }
        });
    }

    /// Returns the opener's place in its wrapper, in pixels.
    fn left(self) -> i32 {
        self.opener
            .with_value(|opener| opener.as_ref().map_or(0, HtmlElement::offset_left))
    }

    fn is_opener(self, node: &Node) -> bool {
        self.opener
            .with_value(|opener| opener.as_ref().is_some_and(|opener| opener.contains(Some(node))))
    }
}

/// Returns the button of a click, as an opener.
pub fn opener_of(event: &ev::MouseEvent) -> Option<HtmlElement> {
    event.current_target()?.dyn_into().ok()
}

#[component]
pub fn Popover(opened: Opened, label: String, children: Children) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    frame.on_load(|frame| {
        request_animation_frame(move || {
            let first = frame.query_selector("input, select, button").ok().flatten();
            if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
                let _ = first.focus();
            }
        });
    });
    let listener = window_event_listener(ev::pointerdown, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
        let is_inside = |node: &Node| {
            frame
                .get_untracked()
                .is_some_and(|frame| frame.contains(Some(node)))
                || opened.is_opener(node)
        };
        if target.is_some_and(|target| !is_inside(&target)) {
            opened.what.set(None);
        }
    });
    on_cleanup(move || listener.remove());
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            opened.close();
        }
    };
    let left = opened.left();
    view! {
        <div
            class="popover"
            role="dialog"
            aria-label=label
            data-testid="filter-popover"
            style:left=format!("min({left}px, calc(100% - 20rem))")
            node_ref=frame
            on:keydown=on_key
        >
            {children()}
        </div>
    }
}

/// The buttons of an editor.
#[component]
pub fn EditorActions(opened: Opened) -> impl IntoView {
    view! {
        <div class="editor-actions">
            <button type="button" on:click=move |_| opened.close()>"Cancel"</button>
            <button type="submit" class="primary" data-testid="apply-filters">"Apply"</button>
        </div>
    }
}
