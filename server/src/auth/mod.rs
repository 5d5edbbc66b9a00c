//! Verifies who sends a request, and from that what they may see.
//!
//! | file | contents |
//! |---|---|
//! | `authenticator` | a request's credential or session to its caller; sign-in |
//! | `request` | the parts of an HTTP request that are read for it |
//! | `hub` | API keys of the hub |
//! | `jwt` | bearer tokens that others sign |
//! | `credential` | a credential that was verified |
//! | `session` | the session cookie |
//! | `secret_file` | secrets made up here, kept in the data folder |
//! | `options` | the settings of authentication |
//! | `origin` | refuses requests of other sites' pages |
//! | `attempts` | counts wrong credentials |
//! | `caller` | the caller, their role and the rows that they may see |
//! | `error` | why a caller is refused |

mod attempts;
mod authenticator;
mod caller;
mod credential;
mod error;
mod hub;
mod jwt;
mod options;
mod origin;
mod request;
mod secret_file;
mod session;

pub use attempts::Attempts;
pub use authenticator::Authenticator;
pub use caller::{Caller, Scope};
pub use credential::VerifiedCredential;
pub use error::AuthError;
pub use hub::{HubKey, HubUsers};
pub use jwt::{JwksError, TokenKeys};
pub use options::Options;
pub use request::RequestParts;
pub use secret_file::{read_or_create_secret, read_secret};
pub use session::{COOKIE, Sessions};
