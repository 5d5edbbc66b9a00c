//! A credential that was verified.

use super::caller::Caller;
use super::hub::HubKey;

/// A credential that was verified.
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
            Self::AdminToken => Caller::administrator("Administrator"),
            Self::HubKey(key) => key.caller,
        }
    }
}
