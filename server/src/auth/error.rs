//! Why a caller is refused.

use std::time::Duration;

/// A caller could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The hub's tables could not be queried.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Why a caller is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Sign in, or send a token: `Authorization: Bearer …`")]
    Missing,
    #[error("The credential is wrong, expired or disabled")]
    Invalid,
    #[error("This key may not be used to sign in here; an administrator of the hub can allow it")]
    NoWebAccess,
    #[error("There were too many wrong credentials from this address; wait {} seconds", wait.as_secs() + 1)]
    TooManyAttempts { wait: Duration },
    #[error("Another site sent this request with your cookie; it was not carried out")]
    CrossOrigin,
    #[error(
        "The state database does not answer, so your session may have been ended on another server; try again in a moment, \
         or send a token: `Authorization: Bearer …`"
    )]
    SignOutsUnknown,
}
