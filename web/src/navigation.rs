//! The current route: links change it, and so do the browser's *Back* and *Forward* buttons.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::Url;

use crate::route::Route;

#[derive(Clone, Copy)]
pub struct Navigation(RwSignal<Route>);

impl Navigation {
    /// Starts at the URL of the window and follows `popstate`.
    pub fn new() -> Self {
        let navigation = Self(RwSignal::new(address()));
        let listener = window_event_listener(ev::popstate, move |_| navigation.follow_history());
        on_cleanup(move || listener.remove());
        navigation
    }

    pub fn route(self) -> Route {
        self.0.get()
    }

    pub fn with<T>(self, look: impl FnOnce(&Route) -> T) -> T {
        self.0.with(look)
    }

    pub fn with_untracked<T>(self, look: impl FnOnce(&Route) -> T) -> T {
        self.0.with_untracked(look)
    }

    /// Adds a history entry, so *Back* returns to the page before.
    pub fn go(self, to: Route) {
        if self.0.with_untracked(|route| *route == to) {
            return;
        }
        if let Ok(history) = window().history() {
            // Browsers limit how often a page may change the URL. A refused change leaves the URL outdated
            // until the next one.
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&to.url()));
        }
        self.0.set(to);
    }

    /// Writes the route that the page shows by now into the URL. It replaces the history entry: otherwise
    /// every change of a filter would be a step of *Back*.
    pub fn replace(self, now: Route) {
        if let Ok(history) = window().history() {
            // May be refused, as in `go`.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&now.url()));
        }
        // Untracked, because the page that shows this route caused the change.
        self.0.update_untracked(|route| *route = now);
    }

    /// Adds a history entry for the route that the page shows by now.
    pub fn push(self, now: Route) {
        if let Ok(history) = window().history() {
            // May be refused, as in `go`.
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&now.url()));
        }
        // Untracked, as in `replace`.
        self.0.update_untracked(|route| *route = now);
    }

    /// Keeps a choice of the page up to date in the address, and follows links and *Back*. `choice_of` returns the choice of a route to
    /// this page.
    pub fn follow_choice<C: Clone + PartialEq + Send + Sync + 'static>(
        self,
        choice: RwSignal<C>,
        route_of: fn(C) -> Route,
        choice_of: fn(Route) -> Option<C>,
    ) {
        Effect::new(move |is_known: Option<()>| {
            let now = route_of(choice.get());
            let is_step = self.with_untracked(|before| *before != now);
            match is_step && is_known.is_some() {
                true => self.push(now),
                false => self.replace(now),
            }
        });
        Effect::new(move |is_known: Option<()>| {
            let Some(of_route) = choice_of(self.route()) else {
                return;
            };
            if is_known.is_some() && choice.with_untracked(|now| *now != of_route) {
                choice.set(of_route);
            }
        });
    }

    fn follow_history(self) {
        let at = address();
        // The skip link changes the fragment only, which is not part of a route.
        if self.0.with_untracked(|route| *route != at) {
            self.0.set(at);
        }
    }
}

/// A link that changes the route without loading the page again.
#[component]
pub fn RouteLink(
    #[prop(into)] to: Signal<Route>,
    #[prop(into, optional)] is_current: Signal<bool>,
    #[prop(into, optional)] testid: Option<String>,
    children: Children,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let address = move || to.with(Route::url);
    let follow = move |event: ev::MouseEvent| {
        // With these keys the browser opens a new tab or window.
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        event.prevent_default();
        navigation.go(to.get_untracked());
    };
    let current = move || is_current.get().then_some("page");
    view! { <a href=address aria-current=current data-testid=testid on:click=follow>{children()}</a> }
}

/// Reads the address of the window. The base of the page is the address of its front page.
fn address() -> Route {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    let base = Url::new(&base).map(|base| base.pathname()).unwrap_or_default();
    Route::parse(
        path.strip_prefix(&base).unwrap_or(&path),
        &location.search().unwrap_or_default(),
    )
}
