//! Where the visitor is, and the ways to elsewhere: links, and the browser's own *back* and *forward*.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};

use crate::route::Route;

/// The visitor's route, for the whole page.
#[derive(Clone, Copy)]
pub struct Navigation(RwSignal<Route>);

impl Navigation {
    /// Begins where the address says, and follows it.
    #[must_use]
    pub fn new() -> Self {
        let navigation = Self(RwSignal::new(address()));
        let listener = window_event_listener(ev::popstate, move |_| navigation.arrive());
        on_cleanup(move || listener.remove());
        navigation
    }

    /// Where the visitor is.
    #[must_use]
    pub fn route(self) -> Route {
        self.0.get()
    }

    /// Looks at where the visitor is without copying it.
    pub fn with<T>(self, look: impl FnOnce(&Route) -> T) -> T {
        self.0.with(look)
    }

    /// Goes to a route; *back* leads from there to where the visitor was.
    pub fn go(self, to: Route) {
        if self.0.with_untracked(|route| *route == to) {
            return;
        }
        if let Ok(history) = window().history() {
            // An address that is a moment late does no harm.
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&to.url()));
        }
        self.0.set(to);
    }

    /// Notes what the page of this route shows by now, for a reload or a link. It replaces the address: every filter
    /// would be a step on the way back otherwise.
    pub fn note(self, now: Route) {
        if let Ok(history) = window().history() {
            // Browsers limit how often this may be done.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&now.url()));
        }
        // The page itself says so, and need not be told.
        self.0.update_untracked(|route| *route = now);
    }

    fn arrive(self) {
        let at = address();
        // The skip link moves the address too, but not to another route.
        if self.0.with_untracked(|route| *route != at) {
            self.0.set(at);
        }
    }
}

/// A link to a route in the page.
#[component]
pub fn RouteLink(
    to: Route,
    /// Whether the visitor is there already.
    #[prop(into, optional)]
    is_current: Signal<bool>,
    #[prop(into, optional)] testid: Option<String>,
    children: Children,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let address = to.url();
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

fn address() -> Route {
    let location = window().location();
    Route::parse(
        &location.pathname().unwrap_or_default(),
        &location.search().unwrap_or_default(),
    )
}
