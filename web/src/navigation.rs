//! Where the visitor is, and the ways to elsewhere: links, and the browser's own *back* and *forward*.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};

use crate::address::Place;

/// The visitor's place, for the whole page.
#[derive(Clone, Copy)]
pub struct Navigation(RwSignal<Place>);

impl Navigation {
    /// Begins where the address says, and follows it.
    #[must_use]
    pub fn begin() -> Self {
        let navigation = Self(RwSignal::new(address()));
        let listener = window_event_listener(ev::popstate, move |_| navigation.arrive());
        on_cleanup(move || listener.remove());
        navigation
    }

    /// Where the visitor is.
    #[must_use]
    pub fn place(self) -> Place {
        self.0.get()
    }

    /// Looks at where the visitor is without copying it.
    pub fn with<T>(self, look: impl FnOnce(&Place) -> T) -> T {
        self.0.with(look)
    }

    /// Goes to a place; *back* leads from there to where the visitor was.
    pub fn go(self, to: Place) {
        if self.0.with_untracked(|place| *place == to) {
            return;
        }
        if let Ok(history) = window().history() {
            // An address that is a moment late does no harm.
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&to.address()));
        }
        self.0.set(to);
    }

    /// Notes what the page of this place shows by now, for a reload or a link. It replaces the address: every filter
    /// would be a step on the way back otherwise.
    pub fn note(self, now: Place) {
        if let Ok(history) = window().history() {
            // Browsers limit how often this may be done.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&now.address()));
        }
        // The page itself says so, and need not be told.
        self.0.update_untracked(|place| *place = now);
    }

    fn arrive(self) {
        let at = address();
        // The skip link moves the address too, but not to another place.
        if self.0.with_untracked(|place| *place != at) {
            self.0.set(at);
        }
    }
}

/// A link to a place in the page.
#[component]
pub fn PlaceLink(
    to: Place,
    /// Whether the visitor is there already.
    #[prop(into, optional)]
    is_current: Signal<bool>,
    #[prop(into, optional)] testid: Option<String>,
    children: Children,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let address = to.address();
    let follow = move |event: ev::MouseEvent| {
        // Another tab or window is the browser's business.
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        event.prevent_default();
        navigation.go(to.clone());
    };
    let link = NodeRef::<html::A>::new();
    Effect::new(move || {
        if is_current.get()
            && let Some(link) = link.get()
        {
            show(&link);
        }
    });
    let current = move || is_current.get().then_some("page");
    view! { <a node_ref=link href=address aria-current=current data-testid=testid on:click=follow>{children()}</a> }
}

/// On a narrow screen there may be more links than the bar that they are in has room for.
fn show(link: &Element) {
    let nearest = ScrollIntoViewOptions::new();
    nearest.set_block(ScrollLogicalPosition::Nearest);
    nearest.set_inline(ScrollLogicalPosition::Nearest);
    link.scroll_into_view_with_scroll_into_view_options(&nearest);
}

fn address() -> Place {
    let location = window().location();
    Place::parse(
        &location.pathname().unwrap_or_default(),
        &location.search().unwrap_or_default(),
    )
}
