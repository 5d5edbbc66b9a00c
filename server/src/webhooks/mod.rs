//! Moves a hub's webhooks from its old settings, one address for each kind of notification, to targets with bindings.
//!
//! | module | content |
//! |---|---|
//! | [`address`] | the service and the secrets in a webhook's address |
//! | [`plan`] | which targets and bindings are missing |
//! | [`migration`] | reads and writes the hub's tables |
//! | `error` | why a migration failed |

pub mod address;
mod error;
pub mod migration;
pub mod plan;

pub use error::WebhookError;
