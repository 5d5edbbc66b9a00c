//! The root of the page: the sign-in form or the shell.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::disk::sweep;

use crate::auth::{Auth, AuthState};
use crate::components::notice::Notice;
use crate::components::sign_in_dialog::SignInDialog;
use crate::components::toast_list::ToastList;
use crate::download::{Dumper, Exporter};
use crate::log_cleanup::run::Cleaner;
use crate::pages::sign_in::SignInPage;
use crate::restore::run::Restorer;
use crate::shell::Shell;
use crate::toasts::Toasts;

#[component]
pub fn App() -> impl IntoView {
    let auth = Auth::new();
    let toasts = Toasts::new();
    let exporter = Exporter::new(auth, toasts);
    provide_context(auth);
    provide_context(toasts);
    let dumper = Dumper::new(auth, toasts);
    provide_context(exporter);
    provide_context(dumper);
    let restorer = Restorer::new(auth, toasts);
    provide_context(restorer);
    let cleaner = Cleaner::new(auth, toasts);
    provide_context(cleaner);
    spawn_local(sweep());
    ask_before_leaving(exporter, dumper, restorer, cleaner);

    view! {
        {move || match auth.state() {
            AuthState::Unknown => view! { <p class="splash" role="status">"Opening Decant…"</p> }.into_any(),
            AuthState::SignedOut => view! { <SignInPage/> }.into_any(),
            AuthState::SignedIn(me) => view! { <Shell me/> }.into_any(),
            AuthState::Failed(problem) => view! {
                <main class="splash">
                    <Notice problem on_retry=move || auth.ask()/>
                </main>
            }.into_any(),
        }}
        <SignInDialog/>
        <ToastList/>
    }
}

/// An export, a dump, an upload or a clean-up stops with the page, so the browser asks first.
fn ask_before_leaving(exporter: Exporter, dumper: Dumper, restorer: Restorer, cleaner: Cleaner) {
    window_event_listener(ev::beforeunload, move |event| {
        let is_export = || exporter.is_under_way() || dumper.is_under_way();
        if untrack(|| is_export() || restorer.is_sending() || cleaner.is_under_way()) {
            event.prevent_default();
        }
    });
}
