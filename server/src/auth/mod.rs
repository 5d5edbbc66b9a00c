//! Verifies who sends a request, and from that what they may see.
//!
//! | file | contents |
//! |---|---|
//! | `authenticator` | a request's credential or session to its caller; sign-in |
//! | `request` | the parts of an HTTP request that are read for it |
//! | `hub` | API keys of the hub |
//! | `jwt`, `key_set` | bearer tokens that others sign, and their public keys |
//! | `credential` | a credential that was verified |
//! | `credential_id`, `recorded_caller` | a credential without its secret, and who asked for something that happens later |
//! | `key_digest`, `known_keys` | digests of keys; keys that were right a short time ago |
//! | `session` | the session cookie |
//! | `secret_comparison` | secrets compared in constant time |
//! | `secret_file` | secrets made up here, kept in the data folder |
//! | `options` | the settings of authentication |
//! | `origin` | refuses requests of other sites' pages |
//! | `caller` | the caller, their identity and role, and the rows that they may see |
//! | `membership` | a workspace that a caller may enter, and their role there |
//! | `error` | why a caller is refused |

mod authenticator;
mod caller;
mod credential;
mod credential_id;
mod error;
mod hub;
mod jwt;
mod key_digest;
mod key_set;
mod known_keys;
mod membership;
mod options;
mod origin;
mod recorded_caller;
mod request;
mod secret_comparison;
mod secret_file;
mod session;

pub use authenticator::{Authenticator, Parts};
pub use caller::{Caller, CredentialKind, NoSessionSubject, Scope, Subject};
pub use credential::VerifiedCredential;
pub use credential_id::{CredentialId, NoCredentialId, TokenFingerprint};
pub use error::{AuthError, Refusal};
pub use hub::{HubKey, HubUsers, PUBLISHED_KEY_PREFIX};
pub use jwt::TokenKeys;
pub use key_digest::KeyDigest;
pub use key_set::JwksError;
pub use membership::Membership;
pub use options::{Options, TokenRules};
pub use recorded_caller::RecordedCaller;
pub use request::RequestParts;
pub use secret_comparison::is_same_secret;
pub use secret_file::{derive_key, read_or_create_secret, read_secret};
pub use session::{COOKIE, HOST_COOKIE, Sessions};
