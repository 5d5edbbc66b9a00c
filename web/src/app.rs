//! The root of the page: the sign-in form or the shell.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::disk::sweep;

use crate::activity::tray::ActivityTray;
use crate::auth::{Auth, AuthState};
use crate::background::BackgroundExports;
use crate::components::notice::Notice;
use crate::components::sign_in_dialog::SignInDialog;
use crate::components::toast_list::ToastList;
use crate::download::{Dumper, Exporter};
use crate::focus_keeper::keep_focus;
use crate::log_cleanup::run::Cleaner;
use crate::operations::Operations;
use crate::pages::sign_in::SignInPage;
use crate::restore::run::Restorer;
use crate::shell::Shell;
use crate::theme::ThemeChoice;
use crate::toasts::Toasts;

#[component]
pub fn App() -> impl IntoView {
    let auth = Auth::new();
    provide_context(auth);
    let toasts = Toasts::new();
    let tray = ActivityTray::new(auth, toasts);
    let operations = Operations {
        exporter: Exporter::new(auth, tray, toasts),
        background: BackgroundExports::new(auth, tray, toasts),
        dumper: Dumper::new(auth, tray),
        restorer: Restorer::new(auth, tray),
        cleaner: Cleaner::new(auth, tray),
    };
    provide_context(toasts);
    provide_context(tray);
    provide_context(ThemeChoice::load());
    provide_context(operations);
    provide_context(operations.exporter);
    provide_context(operations.background);
    provide_context(operations.dumper);
    provide_context(operations.restorer);
    provide_context(operations.cleaner);
    operations.ask_before_leaving();
    keep_focus();
    spawn_local(sweep());

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
