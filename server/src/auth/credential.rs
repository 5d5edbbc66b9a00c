//! A credential that was verified.

use super::caller::Caller;
use super::credential_id::TokenFingerprint;
use super::hub::HubKey;

/// A credential that was verified, and that may start a session.
#[derive(Clone, Debug)]
pub enum VerifiedCredential {
    AdminToken(TokenFingerprint),
    HubKey(HubKey),
}

impl VerifiedCredential {
    /// Returns the caller whom it identifies.
    #[must_use]
    pub fn caller(self) -> Caller {
        match self {
            Self::AdminToken(fingerprint) => Caller::holder_of_admin_token(fingerprint),
            Self::HubKey(key) => key.caller,
        }
    }
}
