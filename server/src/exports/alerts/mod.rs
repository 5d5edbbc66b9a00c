//! Alerts for operators: many exports fail, one waits long, or the storage is nearly full. One of the servers
//! writes an alert to the log when it begins and when it is over, and sends it to the operators' webhook.
//!
//! - `measure` reads how things are.
//! - `record` has the alerts that are not over, so that one server reports each.
//! - `watch` looks every few seconds.

mod measure;
mod record;
mod watch;

use std::fmt;
use std::time::Duration;

use url::Url;

pub use watch::AlertWatch;

/// The settings of alerts.
#[derive(Clone)]
pub struct Options {
    /// The minutes before now whose exports count.
    pub window: Duration,
    /// Where alerts are sent.
    pub webhook: Option<Url>,
}

/// Without the webhook, whose address may be secret.
impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = &self.window;
        formatter
            .debug_struct("Options")
            .field("window", window)
            .finish_non_exhaustive()
    }
}

/// Parses the address of the operators' webhook.
///
/// # Errors
/// A predicate whose subject is the setting. It does not have the text, which may be secret.
pub fn parse_webhook(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    url.ok_or_else(|| "must be an address such as https://hooks.example.com/decant".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_may_be_within_the_private_network_and_its_path_is_not_shown() {
        let url = parse_webhook("http://10.0.0.7:9000/secret").unwrap();
        let options = Options {
            window: Duration::from_secs(60),
            webhook: Some(url),
        };
        assert!(!format!("{options:?}").contains("secret"));
        for wrong in ["", "hooks.example.com", "ftp://10.0.0.7/", "file:///etc/passwd"] {
            assert!(parse_webhook(wrong).is_err(), "{wrong}");
        }
    }
}
