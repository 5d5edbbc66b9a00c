//! The small window of the filters below its opener; on a narrow screen a sheet at the lower edge. Escape and a click elsewhere
//! close it.

use leptos::ev;
use leptos::html::{Button, Div};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

use super::press_outside::on_press_outside;

/// What the popover shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PopoverContent {
    /// The filters to choose from.
    Menu,
    /// All times.
    Times,
    /// The parameters that are on or off and share a chip.
    Switches,
    /// The value of a filter or a parameter, by name.
    Value(String),
}

/// The content of the popover of a page, if it is open, and the control that popover it.
#[derive(Clone, Copy)]
pub struct PopoverState {
    content: RwSignal<Option<PopoverContent>>,
    opener: StoredValue<Option<HtmlElement>, LocalStorage>,
    /// The last control of the chips. Takes the focus if the opener is gone.
    add_button: NodeRef<Button>,
}

impl PopoverState {
    pub fn new() -> Self {
        Self {
            content: RwSignal::new(None),
            opener: StoredValue::new_local(None),
            add_button: NodeRef::new(),
        }
    }

    pub fn add_button(self) -> NodeRef<Button> {
        self.add_button
    }

    pub fn get(self) -> Option<PopoverContent> {
        self.content.get()
    }

    pub fn is(self, content: &PopoverContent) -> bool {
        self.content.with(|open| open.as_ref() == Some(content))
    }

    /// Opens it below its opener, or closes it if it shows that. An item of the open popover is no opener.
    pub fn toggle(self, content: PopoverContent, opener: Option<HtmlElement>) {
        if opener.is_some() {
            self.opener.set_value(opener);
        }
        let is_open = self
            .content
            .with_untracked(|open| open.as_ref() == Some(&content));
        self.content.set((!is_open).then_some(content));
    }

    /// Closes it. The focus returns to the opener, or to the last control of the chips if the chip has been replaced.
    pub fn close(self) {
        self.content.set(None);
        let opener = self.opener.get_value();
        request_animation_frame(move || {
            let opener = opener.filter(|opener| opener.is_connected());
            let add = || {
                self.add_button
                    .try_get_untracked()
                    .flatten()
                    .map(JsCast::unchecked_into)
            };
            if let Some(opener) = opener.or_else(add) {
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
pub fn Popover(popover: PopoverState, label: String, children: Children) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    frame.on_load(|frame| {
        request_animation_frame(move || {
            let first = frame.query_selector("input, select, button").ok().flatten();
            if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
                let _ = first.focus();
            }
        });
    });
    let contains = move |node: &Node| {
        let frame = frame.get_untracked();
        frame.is_some_and(|frame| frame.contains(Some(node))) || popover.is_opener(node)
    };
    on_press_outside(contains, move || popover.content.set(None));
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            popover.close();
        }
    };
    let left = popover.left();
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
pub fn EditorActions(popover: PopoverState) -> impl IntoView {
    view! {
        <div class="editor-actions">
            <button type="button" on:click=move |_| popover.close()>"Cancel"</button>
            <button type="submit" class="primary" data-testid="apply-filters">"Apply"</button>
        </div>
    }
}
