//! The HTTP client that all helpers use.

use reqwest::ClientBuilder;

/// Returns a client that ignores the environment's proxies. It uses no TLS, but `reqwest` refuses to start without a
/// cryptography provider.
pub fn client() -> ClientBuilder {
    // It fails if a provider is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}
