//! A request's credential or session to its caller.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::attempts::Attempts;
use super::caller::Caller;
use super::credential::VerifiedCredential;
use super::error::AuthError;
use super::hub::{HubKey, HubUsers};
use super::jwt::{TokenCheck, TokenKeys};
use super::origin;
use super::request::RequestParts;
use super::session::Sessions;
use crate::audit::Action;

/// Verifies who sends a request.
pub struct Authenticator {
    pub admin_token: Option<SecretString>,
    pub token_keys: TokenKeys,
    pub sessions: Sessions,
    pub attempts: Attempts,
    pub hub: HubUsers,
    /// Whether `X-Forwarded-For` is believed.
    pub trust_proxy: bool,
}

impl Authenticator {
    /// Returns the caller of a request, by its bearer token or API key, or else by its session cookie.
    ///
    /// # Errors
    /// - [`AuthError::Missing`] without a credential, and with a session that has ended.
    /// - [`AuthError::Invalid`] with a wrong credential, and [`AuthError::TooManyAttempts`] after several.
    /// - [`AuthError::CrossOrigin`] for a changing request that another site's page sends with the cookie.
    /// - [`AuthError::Database`] if the hub's tables cannot be queried.
    pub async fn authenticate(&self, request: RequestParts<'_>) -> Result<Caller, AuthError> {
        if let Some(credential) = request.credential_from_headers() {
            let address = request.address(self.trust_proxy);
            self.attempts.check(address)?;
            let caller = match self.token_keys.verify(credential) {
                TokenCheck::Valid(caller) => Some(caller),
                TokenCheck::Invalid => None,
                TokenCheck::NotAToken => self.verify(credential).await?.map(VerifiedCredential::caller),
            };
            return caller.ok_or_else(|| self.refuse(request));
        }
        let Some(claim) = self.sessions.read(request) else {
            return Err(AuthError::Missing);
        };
        origin::check(request)?;
        match claim.key {
            None => Ok(VerifiedCredential::AdminToken.caller()),
            Some(id) => {
                let key = self.hub.by_id(id).await?;
                key.map(|key| key.caller).ok_or(AuthError::Missing)
            }
        }
    }

    /// Returns a credential that may start a session: the administrator's token, or a key of the hub with web access.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::NoWebAccess`], [`AuthError::TooManyAttempts`], [`AuthError::CrossOrigin`].
    pub async fn sign_in(
        &self,
        request: RequestParts<'_>,
        credential: &str,
    ) -> Result<VerifiedCredential, AuthError> {
        origin::check(request)?;
        self.attempts.check(request.address(self.trust_proxy))?;
        match self.verify(credential.trim()).await? {
            Some(VerifiedCredential::HubKey(HubKey {
                web_access: false, ..
            })) => Err(AuthError::NoWebAccess),
            Some(verified) => Ok(verified),
            None => Err(self.refuse(request)),
        }
    }

    async fn verify(&self, credential: &str) -> Result<Option<VerifiedCredential>, AuthError> {
        let is_admin_token = self
            .admin_token
            .as_ref()
            .is_some_and(|token| equal(token.expose_secret(), credential));
        if is_admin_token {
            return Ok(Some(VerifiedCredential::AdminToken));
        }
        // PostgreSQL refuses a text with a NUL byte.
        if credential.is_empty() || credential.contains('\0') {
            return Ok(None);
        }
        let key = self.hub.by_key(credential).await?;
        Ok(key.map(VerifiedCredential::HubKey))
    }

    fn refuse(&self, request: RequestParts<'_>) -> AuthError {
        let address = request.address(self.trust_proxy);
        tracing::warn!(action = Action::CredentialRefused.name(), %address, path = request.path);
        self.attempts.record_failure(address);
        AuthError::Invalid
    }
}

/// Compares in a time that depends on the lengths only, so that the time gives no part of the secret away.
fn equal(secret: &str, given: &str) -> bool {
    secret.as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests;
