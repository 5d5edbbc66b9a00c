//! The sign-in form in a dialog over the page, so that an expired sign-in loses nothing.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::open_while;
use super::sign_in_form::SignInForm;
use crate::auth::Auth;

#[component]
pub fn SignInDialog() -> impl IntoView {
    let auth = expect_context::<Auth>();
    let dialog = NodeRef::<Dialog>::new();
    open_while(dialog, move || auth.has_expired());
    view! {
        <dialog
            class="card"
            aria-labelledby="sign-in-again"
            data-testid="sign-in-dialog"
            node_ref=dialog
            on:close=move |_| auth.dismiss()
        >
            <Show when=move || auth.has_expired()>
                <h2 id="sign-in-again">"Sign in again"</h2>
                <p class="faint">"Session expired. This page and running exports are kept."</p>
                <SignInForm/>
                <button type="button" class="quiet" on:click=move |_| auth.dismiss()>"Cancel"</button>
            </Show>
        </dialog>
    }
}
