//! The sign-in form. It stores nothing in the browser; only the server sets its cookie.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;

#[component]
pub fn SignInForm() -> impl IntoView {
    let auth = expect_context::<Auth>();
    let token = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let input = NodeRef::<Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            // The form also works without the focus.
            let _ = input.focus();
        }
    });

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        if token.with_untracked(|token| token.trim().is_empty()) {
            return problem.set(Some(empty_token()));
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let entered = token.get_untracked();
            let signed_in = auth.sign_in(entered.trim()).await;
            // `try_set`, because the form is removed after a successful sign-in.
            busy.try_set(false);
            if let Err(refused) = signed_in {
                problem.try_set(Some(refused));
            }
        });
    };

    view! {
        <form class="sign-in" method="post" on:submit=submit>
            // Password managers keep one entry for the site by this name.
            <input type="text" name="username" autocomplete="username" value="Decant" hidden readonly/>
            <label for="sign-in-token">"Access key or admin token"</label>
            <input
                id="sign-in-token"
                name="token"
                type="password"
                autocomplete="current-password"
                autocapitalize="off"
                spellcheck="false"
                data-testid="sign-in-token"
                node_ref=input
                aria-invalid=move || problem.with(Option::is_some).to_string()
                aria-describedby="sign-in-problem"
                bind:value=token
            />
            <p id="sign-in-problem" class="field-problem" role="alert" data-testid="sign-in-problem">
                {move || problem.get().map(|Problem { title, detail, .. }| format!("{title}. {detail}"))}
            </p>
            <button
                type="submit"
                class="primary"
                data-testid="sign-in-submit"
                aria-busy=move || busy.get().to_string()
            >
                {move || if busy.get() { "Signing in…" } else { "Sign in" }}
            </button>
        </form>
    }
}

fn empty_token() -> Problem {
    Problem {
        title: "The field is empty".to_owned(),
        detail: "Enter your access key, or the admin token.".to_owned(),
        ..Problem::default()
    }
}
