//! The sign-in state of the visitor.

use api::login::{Caller, Role};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::disk::remove_all_rows;
use wasm_export::rows::Problem;

use crate::client;

/// A visitor is anybody who uses the page, signed in or not.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthState {
    /// The server has not answered yet.
    Unknown,
    /// The server cannot be reached or its database is down.
    Failed(Problem),
    SignedOut,
    SignedIn(Caller),
}

/// A handle to the sign-in state, one for the whole page.
#[derive(Clone, Copy)]
pub struct Auth {
    state: RwSignal<AuthState>,
    expired: RwSignal<bool>,
    renewals: RwSignal<u32>,
}

impl Auth {
    /// Asks the server for the current visitor.
    pub fn new() -> Self {
        let auth = Self {
            state: RwSignal::new(AuthState::Unknown),
            expired: RwSignal::new(false),
            renewals: RwSignal::new(0),
        };
        auth.ask();
        auth
    }

    pub fn ask(self) {
        self.state.set(AuthState::Unknown);
        spawn_local(async move {
            self.state.set(match client::me().await {
                Ok(me) => AuthState::SignedIn(me),
                Err(problem) if problem.status == 401 => AuthState::SignedOut,
                Err(problem) => AuthState::Failed(problem),
            });
        });
    }

    pub fn state(self) -> AuthState {
        self.state.get()
    }

    pub fn is_administrator(self) -> bool {
        self.state
            .with(|visitor| matches!(visitor, AuthState::SignedIn(me) if me.role == Role::Admin))
    }

    /// Returns whether the page must ask the visitor to sign in again.
    pub fn has_expired(self) -> bool {
        self.expired.get()
    }

    /// Counts the sign-ins of the same visitor after an expiry. Effects that track it repeat their requests.
    pub fn renewals(self) -> u32 {
        self.renewals.get()
    }

    /// Calls `give_up` when a signed-in visitor signs out or is replaced by another one.
    pub fn on_visitor_change(self, give_up: impl Fn() + 'static) {
        Effect::new(move |before: Option<AuthState>| {
            let now = self.state();
            if let Some(visitor @ AuthState::SignedIn(_)) = before
                && visitor != now
            {
                give_up();
            }
            now
        });
    }

    /// Opens the sign-in dialog over the page if a request failed with status 401.
    pub fn check_expiry(self, problem: &Problem) {
        if problem.status == 401 {
            self.expired.set(true);
        }
    }

    /// Closes the sign-in dialog. The next request that fails with 401 opens it again.
    pub fn dismiss(self) {
        self.expired.set(false);
    }

    pub async fn sign_in(self, token: &str) -> Result<(), Problem> {
        let me = client::sign_in(token).await?;
        self.expired.set(false);
        if self.set_visitor(me) {
            self.renewals.update(|count| *count += 1);
        }
        Ok(())
    }

    /// Asks the server whether the visitor is still the same. Another tab may have signed in someone else,
    /// whose rows must not be added to an export of this visitor.
    pub async fn confirm(self) -> Result<bool, Problem> {
        Ok(self.set_visitor(client::me().await?))
    }

    /// Returns whether `me` is the visitor from before. Another visitor gets a new page, because the old one
    /// shows rows of the visitor before.
    fn set_visitor(self, me: Caller) -> bool {
        let same = self.state.with_untracked(
            |before| matches!(before, AuthState::SignedIn(before) if is_same_visitor(before, &me)),
        );
        if !same {
            self.state.set(AuthState::SignedIn(me));
        }
        same
    }

    /// Returns the name of the visitor, under which their choices are saved. Empty while nobody is signed in.
    pub fn visitor_name(self) -> String {
        self.state.with_untracked(|visitor| match visitor {
            AuthState::SignedIn(me) => me.name.clone(),
            _ => String::new(),
        })
    }

    /// Signs out, removes the cached rows and loads the page anew, so that neither the page nor its URL keeps
    /// anything of the visitor. On an error the visitor is still signed in.
    pub async fn sign_out(self) -> Result<(), Problem> {
        client::sign_out().await?;
        remove_all_rows().await;
        // Fails only if the browser forbids scripts to navigate. Then the next request opens the sign-in
        // dialog.
        let _ = window().location().set_href("./");
        Ok(())
    }
}

/// A visitor who has joined or left a workspace is the same visitor.
fn is_same_visitor(before: &Caller, now: &Caller) -> bool {
    let who = |caller: &Caller| (caller.name.clone(), caller.role, caller.user_id);
    who(before) == who(now)
}
