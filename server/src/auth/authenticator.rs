//! A request's credential or session to its caller.

use std::time::Duration;

use actix_web::cookie::Cookie;
use api::login::Role;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::caller::{Caller, CredentialKind, Subject};
use super::credential::VerifiedCredential;
use super::credential_id::{CredentialId, TokenFingerprint};
use super::error::{AuthError, Refusal};
use super::hub::{HubKey, HubUsers};
use super::jwt::{Token, TokenCheck, TokenKeys};
use super::key_digest::KeyDigest;
use super::known_keys::KnownKeys;
use super::origin;
use super::recorded_caller::RecordedCaller;
use super::request::RequestParts;
use super::secret_comparison::is_same_secret;
use super::session::{Claim, Sessions};
use crate::audit::Action;
use crate::network::network;
use crate::state::{Attempts, Failures, SignOuts, Unanswered};

/// How long a key from an address with too many wrong credentials waits for its turn.
const TURN_MAX: Duration = Duration::from_secs(2);

/// How long the role of a bearer token counts for what its holder asked for. The token itself is not kept.
const BEARER_ROLE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Verifies who sends a request.
pub struct Authenticator {
    admin_token: Option<SecretString>,
    token_keys: TokenKeys,
    sessions: Sessions,
    hub: HubUsers,
    sign_outs: SignOuts,
    attempts: Attempts,
    /// Wrong credentials that an address may send in a minute.
    attempts_max: u32,
    known_keys: KnownKeys,
    /// One permit: keys from addresses with too many wrong credentials are looked up one after the other.
    turns: Semaphore,
    /// Whether `X-Forwarded-For` and `X-Forwarded-Host` are believed.
    trust_proxy: bool,
}

/// The parts of an [`Authenticator`].
pub struct Parts {
    pub admin_token: Option<SecretString>,
    pub token_keys: TokenKeys,
    pub sessions: Sessions,
    pub hub: HubUsers,
    pub sign_outs: SignOuts,
    pub attempts: Attempts,
    pub attempts_max: u32,
    pub trust_proxy: bool,
}

impl Authenticator {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            admin_token: parts.admin_token,
            token_keys: parts.token_keys,
            sessions: parts.sessions,
            hub: parts.hub,
            sign_outs: parts.sign_outs,
            attempts: parts.attempts,
            attempts_max: parts.attempts_max,
            known_keys: KnownKeys::default(),
            turns: Semaphore::new(1),
            trust_proxy: parts.trust_proxy,
        }
    }

    /// Returns the caller of a request, by its bearer token or API key, or else by its session cookie.
    ///
    /// # Errors
    /// - [`Refusal::Missing`] without a credential, and with a session that has ended.
    /// - [`Refusal::Invalid`] with a wrong credential, and [`Refusal::TooManyAttempts`] after several.
    /// - [`Refusal::CrossOrigin`] for a changing request that another site's page sends with the cookie.
    /// - [`AuthError::Database`] if the hub's tables cannot be queried.
    /// - [`Refusal::SignOutsUnknown`] for the session of an administrator while the state database does not answer.
    pub async fn authenticate(&self, request: RequestParts<'_>) -> Result<Caller, AuthError> {
        let Some(credential) = request.credential_from_headers() else {
            return self.session(request).await;
        };
        match self.token_keys.verify(credential) {
            TokenCheck::Valid(token) => match self.caller_of(token).await? {
                Some(caller) => Ok(caller),
                None => Err(self
                    .refuse(request, "its `sub` is no enabled user of the hub")
                    .await
                    .into()),
            },
            TokenCheck::Invalid(reason) => Err(self.refuse(request, &reason).await.into()),
            TokenCheck::NotAToken => Ok(self.verify(request, credential).await?.caller()),
        }
    }

    /// Returns a credential that may start a session: the administrator's token, or a key of the hub with web access.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::NoWebAccess`], [`Refusal::TooManyAttempts`], [`Refusal::CrossOrigin`].
    pub async fn sign_in(
        &self,
        request: RequestParts<'_>,
        credential: &str,
    ) -> Result<VerifiedCredential, AuthError> {
        origin::check(request, self.trust_proxy)?;
        match self.verify(request, credential.trim()).await? {
            VerifiedCredential::HubKey(HubKey {
                web_access: false, ..
            }) => Err(Refusal::NoWebAccess.into()),
            verified => Ok(verified),
        }
    }

    /// Returns the cookie of a new session.
    #[must_use]
    pub fn start_session(
        &self,
        request: RequestParts<'_>,
        credential: &VerifiedCredential,
    ) -> Cookie<'static> {
        self.sessions.start(credential, request.is_over_tls())
    }

    /// Ends the session of the request's cookie, if it has one, and returns the caller. Sessions of administrators, too, end
    /// without an answer of the state database.
    ///
    /// # Errors
    /// Those of [`authenticate`](Self::authenticate).
    pub async fn sign_out(&self, request: RequestParts<'_>) -> Result<Caller, AuthError> {
        let Some(claim) = self.sessions.read(request) else {
            return self.authenticate(request).await;
        };
        origin::check(request, self.trust_proxy)?;
        let caller = self.owner(&claim).await?;
        let subject = caller.subject.to_string();
        let identity = claim.identity(&subject);
        if self.sign_outs.is_revoked(identity).await == Ok(true) {
            return Err(Refusal::Missing.into());
        }
        self.sign_outs.revoke(identity, claim.expires()).await;
        Ok(caller)
    }

    /// Ends all sessions of this subject, or of everybody without one.
    pub async fn end_sessions(&self, subject: Option<&Subject>) {
        let subject = subject.map(ToString::to_string);
        self.sign_outs
            .revoke_all(subject.as_deref(), Timestamp::now())
            .await;
    }

    /// Returns who asked for something earlier, as they are now: with the lower of the recorded role and the present one. `None`
    /// if their credential is no longer good. A bearer token gives its administrator this role for a day.
    ///
    /// # Errors
    /// [`AuthError::Database`] if the hub's tables cannot be queried.
    pub async fn present_caller(&self, recorded: &RecordedCaller) -> Result<Option<Caller>, AuthError> {
        let present = match &recorded.credential {
            CredentialId::HubKey(id) => self.hub.good_key(*id).await?.map(|key| key.caller),
            CredentialId::AdminToken(fingerprint) => self
                .fingerprint()
                .filter(|present| present == fingerprint)
                .map(Caller::holder_of_admin_token),
            CredentialId::Jwt => self.bearer(recorded).await?,
            CredentialId::CommandLine => Some(Caller::operator()),
        };
        let same = present.filter(|caller| caller.subject == recorded.subject);
        Ok(same.map(|caller| Caller {
            name: recorded.name.clone(),
            role: match recorded.role {
                Role::Admin => caller.role,
                Role::User => Role::User,
            },
            ..caller
        }))
    }

    /// Returns the caller of a bearer token of an earlier request.
    async fn bearer(&self, recorded: &RecordedCaller) -> Result<Option<Caller>, AuthError> {
        let is_there = match &recorded.subject {
            Subject::HubUser(id) => self.hub.user_name(*id).await?.is_some(),
            Subject::Jwt(_) => true,
            Subject::AdminToken | Subject::Operator => false,
        };
        let age = Timestamp::now().duration_since(recorded.at);
        let role = match age.unsigned_abs() < BEARER_ROLE_MAX {
            true => recorded.role,
            false => Role::User,
        };
        Ok(is_there.then(|| Caller {
            subject: recorded.subject.clone(),
            name: recorded.name.clone(),
            role,
            credential: CredentialKind::Jwt,
            credential_id: CredentialId::Jwt,
            membership: None,
        }))
    }

    fn fingerprint(&self) -> Option<TokenFingerprint> {
        self.admin_token.as_ref().map(TokenFingerprint::of)
    }

    /// Returns the caller of the request's session.
    async fn session(&self, request: RequestParts<'_>) -> Result<Caller, AuthError> {
        let claim = self.sessions.read(request).ok_or(Refusal::Missing)?;
        origin::check(request, self.trust_proxy)?;
        let caller = self.owner(&claim).await?;
        let subject = caller.subject.to_string();
        match (
            self.sign_outs.is_revoked(claim.identity(&subject)).await,
            caller.role,
        ) {
            (Ok(false), _) => Ok(caller),
            (Ok(true), _) => Err(Refusal::Missing.into()),
            // Another server may have ended the session.
            (Err(Unanswered), Role::Admin) => Err(Refusal::SignOutsUnknown.into()),
            (Err(Unanswered), Role::User) => Ok(caller),
        }
    }

    /// Returns the caller who started a session, if the key that did is still the same and good.
    async fn owner(&self, claim: &Claim) -> Result<Caller, AuthError> {
        let caller = match &claim.key {
            // The signing key has the token in it, so the session is of the present one.
            None => Caller::holder_of_admin_token(self.fingerprint().ok_or(Refusal::Missing)?),
            Some(claimed) => {
                let key = self.hub.by_id(claimed.id).await?;
                let same = key.filter(|key| self.sessions.is_bound_to(claimed, key));
                same.ok_or(Refusal::Missing)?.caller
            }
        };
        Ok(Caller {
            credential: CredentialKind::Session,
            ..caller
        })
    }

    /// Returns the caller of a token, or `None` if it names a user whom the hub does not have or has disabled.
    async fn caller_of(&self, token: Token) -> Result<Option<Caller>, AuthError> {
        let (subject, name) = match self.token_keys.hub_user(&token.subject) {
            Some(id) => match self.hub.user_name(id).await? {
                Some(name) => (Subject::HubUser(id), name),
                None => return Ok(None),
            },
            None => (Subject::Jwt(token.subject.clone()), token.subject),
        };
        Ok(Some(Caller {
            subject,
            name: token.name.unwrap_or(name),
            role: token.role,
            credential: CredentialKind::Jwt,
            credential_id: CredentialId::Jwt,
            membership: None,
        }))
    }

    /// Verifies the administrator's token or a key of the hub.
    ///
    /// A right credential passes also while its address has sent too many wrong ones. The token is compared in memory. A key
    /// is counted before it is looked up, so that of many at once no more than the limit are looked up at once.
    async fn verify(
        &self,
        request: RequestParts<'_>,
        credential: &str,
    ) -> Result<VerifiedCredential, AuthError> {
        let token = self.admin_token.as_ref();
        if let Some(token) = token.filter(|token| is_same_secret(token.expose_secret(), credential)) {
            return Ok(VerifiedCredential::AdminToken(TokenFingerprint::of(token)));
        }
        // PostgreSQL refuses a text with a NUL byte.
        if credential.is_empty() || credential.contains('\0') {
            return Err(self.refuse(request, "it is no key").await.into());
        }
        let digest = KeyDigest::of(credential);
        if self.known_keys.contains(digest) {
            match self.hub.by_key(credential).await? {
                Some(key) => return Ok(VerifiedCredential::HubKey(key)),
                None => self.known_keys.forget(digest),
            }
            return Err(self.refuse(request, "the key is no longer right").await.into());
        }
        let address = network(request.address(self.trust_proxy));
        let attempt = self.attempts.begin(address, self.attempts_max).await;
        let turn = match self.is_too_many(attempt.failures()) {
            true => Some(self.turn(attempt.failures()).await?),
            false => None,
        };
        let found = self.hub.by_key(credential).await;
        drop(turn);
        match found {
            Ok(None) => {
                let failures = self.attempts.fail(attempt).await;
                Err(self.refusal(request, failures, "there is no such key").into())
            }
            Ok(Some(key)) => {
                self.attempts.forgive(attempt).await;
                self.known_keys.remember(digest);
                Ok(VerifiedCredential::HubKey(key))
            }
            Err(error) => {
                self.attempts.forgive(attempt).await;
                Err(error.into())
            }
        }
    }

    /// Waits for the turn of a key whose address has sent too many wrong credentials.
    async fn turn(&self, failures: Failures) -> Result<SemaphorePermit<'_>, Refusal> {
        match timeout(TURN_MAX, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Refusal::TooManyAttempts {
                wait: failures.window_left,
            }),
        }
    }

    /// Counts a wrong credential, and returns the error of its request.
    async fn refuse(&self, request: RequestParts<'_>, reason: &str) -> Refusal {
        let address = network(request.address(self.trust_proxy));
        let failures = self.attempts.record(address, self.attempts_max).await;
        self.refusal(request, failures, reason)
    }

    fn refusal(&self, request: RequestParts<'_>, failures: Failures, reason: &str) -> Refusal {
        if self.is_too_many(failures) {
            return Refusal::TooManyAttempts {
                wait: failures.window_left,
            };
        }
        let address = request.address(self.trust_proxy);
        tracing::warn!(action = Action::CredentialRefused.name(), %address, path = request.path, reason);
        Refusal::Invalid
    }

    fn is_too_many(&self, failures: Failures) -> bool {
        failures.count > self.attempts_max
    }
}

#[cfg(test)]
mod tests;
