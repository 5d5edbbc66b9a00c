//! The page of a visitor who is not signed in.

use leptos::prelude::*;

use crate::components::sign_in_form::SignInForm;

#[component]
pub fn SignInPage() -> impl IntoView {
    document().set_title("Decant");
    view! {
        <main class="welcome">
            <div class="card">
                <h1 class="brand">
                    <img src="logo.svg" alt="" width="40" height="40"/>
                    "Decant"
                </h1>
                <p class="faint">"View usage logs and export them to files."</p>
                <SignInForm/>
            </div>
        </main>
    }
}
