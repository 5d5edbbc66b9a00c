//! The menu of the visitor: name, role, theme on a narrow screen, keys, sign-out.

use api::login::{Caller, Role};
use leptos::html::{Button, Div};
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::Node;

use super::keys_help::KeysHelp;
use super::press_outside::on_press_outside;
use super::switch::Switch;
use super::theme_select::ThemeSelect;
use crate::auth::Auth;
use crate::keys::Keys;
use crate::toasts::Toasts;

#[component]
pub fn AccountMenu(me: Caller, help: KeysHelp) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let (wrapper, button) = (NodeRef::<Div>::new(), NodeRef::<Button>::new());
    let close = move || {
        is_open.set(false);
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    // A click elsewhere closes the menu and takes the focus itself.
    let contains = move |node: &Node| {
        wrapper
            .get_untracked()
            .is_none_or(|wrapper| wrapper.contains(Some(node)))
    };
    on_press_outside(contains, move || is_open.set(false));
    let role = match me.role {
        Role::Admin => "Administrator",
        Role::User => "Member",
    };
    let name = me.name.clone();
    // The administrator's token has the role as its name.
    let role = (name != role).then(|| view! { <span class="badge">{role}</span> });
    view! {
        <div
            class="account"
            node_ref=wrapper
            on:keydown=move |event| {
                if event.key() == "Escape" && is_open.get_untracked() {
                    close();
                }
            }
        >
            <button
                type="button"
                class="quiet fold account-button"
                aria-expanded=move || is_open.get().to_string()
                aria-controls="account-menu"
                aria-label=format!("Account of {name}")
                data-testid="account"
                node_ref=button
                on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
            >
                <span class="account-name">{name.clone()}</span>
            </button>
            <div id="account-menu" class="card account-menu" data-testid="account-menu" hidden=move || !is_open.get()>
                <p data-testid="signed-in">
                    <span class="who-name">{name.clone()}</span>
                    {role}
                </p>
                <div class="only-narrow"><ThemeSelect testid="theme-narrow"/></div>
                <KeysSwitch/>
                <button
                    type="button"
                    class="quiet"
                    data-testid="keys-open"
                    on:click=move |_| {
                        close();
                        help.open();
                    }
                >
                    "Keyboard shortcuts"
                </button>
                <SignOut/>
            </div>
        </div>
    }
}

#[component]
fn KeysSwitch() -> impl IntoView {
    let keys = expect_context::<Keys>();
    view! {
        <Switch
            id="keys-switch"
            label="Single-letter keys"
            is_on=Signal::derive(move || keys.are_on())
            on_change=move |is_on| keys.switch(is_on)
        />
    }
}

#[component]
fn SignOut() -> impl IntoView {
    let auth = expect_context::<Auth>();
    let toasts = expect_context::<Toasts>();
    let sign_out = move |_| {
        spawn_local(async move {
            if let Err(problem) = auth.sign_out().await {
                toasts.error(
                    format!("You are still signed in: {}", problem.title),
                    problem.detail,
                );
            }
        });
    };
    view! {
        <button type="button" class="quiet" data-testid="sign-out" on:click=sign_out>"Sign out"</button>
    }
}
