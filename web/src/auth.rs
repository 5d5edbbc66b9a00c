//! Who is signed in, and what happens when the server no longer thinks so.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::disk::remove_all_rows;
use wasm_export::rows::Problem;

use crate::client::{self, Me, Role};

/// What is known of the visitor.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthState {
    /// The server has not answered yet.
    Unknown,
    /// The server could not say.
    Failed(Problem),
    /// Not signed in.
    SignedOut,
    /// Signed in.
    SignedIn(Me),
}

/// The visitor's session, for the whole page.
#[derive(Clone, Copy)]
pub struct Auth {
    state: RwSignal<AuthState>,
    expired: RwSignal<bool>,
    renewals: RwSignal<u32>,
}

impl Auth {
    /// Asks the server who the visitor is.
    #[must_use]
    pub fn new() -> Self {
        let auth = Self {
            state: RwSignal::new(AuthState::Unknown),
            expired: RwSignal::new(false),
            renewals: RwSignal::new(0),
        };
        auth.ask();
        auth
    }

    /// Asks again.
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

    /// What is known of the visitor.
    #[must_use]
    pub fn state(self) -> AuthState {
        self.state.get()
    }

    /// Whether the visitor is an administrator.
    #[must_use]
    pub fn is_administrator(self) -> bool {
        self.state
            .with(|visitor| matches!(visitor, AuthState::SignedIn(me) if me.role == Role::Admin))
    }

    /// Whether the visitor must sign in again to go on.
    #[must_use]
    pub fn has_expired(self) -> bool {
        self.expired.get()
    }

    /// Counts how often the visitor has signed in again: what failed for want of a session tries again then.
    #[must_use]
    pub fn renewals(self) -> u32 {
        self.renewals.get()
    }

    /// Does this whenever whoever was signed in no longer is, or somebody else.
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

    /// Notes a problem if it means that the session is over: the page stays, and asks to sign in over it.
    pub fn check_expiry(self, problem: &Problem) {
        if problem.status == 401 {
            self.expired.set(true);
        }
    }

    /// The visitor has closed the question; the next request will ask it again.
    pub fn dismiss(self) {
        self.expired.set(false);
    }

    /// Signs in.
    ///
    /// # Errors
    /// The server's reason to refuse.
    pub async fn sign_in(self, token: &str) -> Result<(), Problem> {
        let me = client::sign_in(token).await?;
        self.expired.set(false);
        if self.set_visitor(me) {
            self.renewals.update(|count| *count += 1);
        }
        Ok(())
    }

    /// Whether the server still takes the visitor for who they were. Another tab may have signed in somebody
    /// else, whose rows must not be added to this visitor's.
    ///
    /// # Errors
    /// Nobody is signed in, or the server cannot say.
    pub async fn confirm(self) -> Result<bool, Problem> {
        Ok(self.set_visitor(client::me().await?))
    }

    /// Somebody else at the same page begins anew: nothing of what it shows is theirs.
    fn set_visitor(self, me: Me) -> bool {
        let now = AuthState::SignedIn(me);
        let same = self.state.with_untracked(|before| *before == now);
        if !same {
            self.state.set(now);
        }
        same
    }

    /// Signs out, and forgets everything the page and its address show by loading it anew, and the rows that the
    /// browser keeps.
    ///
    /// # Errors
    /// The server could not be told, so the session is still valid.
    pub async fn sign_out(self) -> Result<(), Problem> {
        client::sign_out().await?;
        remove_all_rows().await;
        // It fails only where the browser forbids scripts to navigate; then the next request asks to sign in.
        let _ = window().location().set_href("/");
        Ok(())
    }
}
