//! Deliveries of exports, as they are ordered and recorded. Each goes to one address of e-mail, or to one webhook.
//!
//! - `options` are the settings.
//! - [`destinations`] are the recipients that a request names, checked.
//! - [`address`] has the rule for addresses of the Internet that a webhook may reach.
//! - [`record`] is a delivery as it is recorded, and as callers see it.
//! - [`signing_secret`] is the secret of a webhook.
//! - `rows` are new deliveries, which wait for the end of their export.
//!
//! The module `sending` of exports sends them.

pub mod address;
pub mod destinations;
mod options;
pub mod record;
mod rows;
pub mod signing_secret;

pub use options::{
    MailOptions, Options, PublicUrl, SmtpTls, SmtpUrl, parse_domains, parse_hosts, parse_sender,
};
pub(super) use rows::{insert, release, tell_of_alerts, tell_of_stop};
