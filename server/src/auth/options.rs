use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Authentication's part of the settings.
#[derive(Clone, Debug)]
pub struct Options {
    pub admin_token: Option<SecretString>,
    /// Secret of HS256 bearer tokens.
    pub jwt_secret: Option<SecretString>,
    /// JSON Web Key Set of other bearer tokens.
    pub jwks_file: Option<PathBuf>,
    /// Signs session cookies; `None`: generated, and kept in the data folder.
    pub session_secret: Option<SecretString>,
    pub session_lifetime: Duration,
    /// Wrong credentials per minute and address.
    pub login_attempts_max: u32,
    /// Whether the client's address is taken from X-Forwarded-For.
    pub trust_proxy: bool,
    /// Whether a caller without the role of administrator gets 401 instead of 403.
    pub not_admin_is_401: bool,
}
