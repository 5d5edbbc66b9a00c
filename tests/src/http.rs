//! The HTTP client of everything here.

use reqwest::ClientBuilder;

/// A client that asks no proxy. It speaks no TLS, but wants to know by whose cryptography it would: that of the program's
/// own client is linked into it.
pub fn client() -> ClientBuilder {
    // It fails when that is known already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}
