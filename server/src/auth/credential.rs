//! A credential that was verified.

use super::caller::Caller;
use super::hub::HubKey;

/// A credential that was verified, and that may start a session.
#[derive(Clone, Debug)]
pub enum VerifiedCredential {
    AdminToken,
    HubKey(HubKey),
}

impl VerifiedCredential {
    /// Returns the caller whom it identifies.
    #[must_use]
    pub fn caller(self) -> Caller {
        match self {
            Self::AdminToken => Caller::holder_of_admin_token(),
            Self::HubKey(key) => key.caller,
        }
    }
}
