use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Authentication's part of the settings.
#[derive(Clone, Debug)]
pub struct Options {
    pub admin_token: Option<SecretString>,
    /// Of programs that may start schedules whose time has come, and nothing else.
    pub internal_token: Option<SecretString>,
    /// Secret of HS256 bearer tokens.
    pub jwt_secret: Option<SecretString>,
    /// JSON Web Key Set of other bearer tokens.
    pub jwks_file: Option<PathBuf>,
    pub token_rules: TokenRules,
    /// Signs session cookies; `None`: generated, and kept in the data folder.
    pub session_secret: Option<SecretString>,
    pub session_lifetime: Duration,
    /// Ended sessions of one subject that are remembered one by one.
    pub sign_outs_max: usize,
    /// Wrong credentials per minute and address.
    pub login_attempts_max: u32,
    /// Whether the client's address is taken from X-Forwarded-For.
    pub trust_proxy: bool,
    /// Whether a caller without the role of administrator gets 401 instead of 403.
    pub not_admin_is_401: bool,
}

/// Which bearer tokens are accepted, and for whom.
#[derive(Clone, Debug, Default)]
pub struct TokenRules {
    /// The value that `aud` must contain. `None`: a token with `aud` is refused.
    pub audience: Option<String>,
    /// The value of `iss`. `None`: any.
    pub issuer: Option<String>,
    /// Whether a `sub` that is a whole number is the id of a user of the hub.
    pub are_hub_users: bool,
}
