//! The files of the page. Trunk builds them, and they are embedded in the program.

use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use super::resource::not_allowed;
use crate::error::ApiError;

/// The output of Trunk.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";

/// Paths that, with all below them, are never a view of the page: a program must not take the page for an answer. There are no
/// metrics yet.
pub const RESERVED: [&str; 5] = ["/api", "/docs", "/metrics", "/healthz", "/readyz"];

/// Sends a file of the page. The address of a view gets `index.html`, which shows the view.
pub async fn serve(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = match request.path() {
        path if is_view(path) => INDEX,
        path => path.strip_prefix('/').unwrap_or(path),
    };
    let file = Files::get(path).ok_or(ApiError::NotFound)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(not_allowed(request.method(), "GET, HEAD"));
    }
    Ok(answer(path, &file, &request))
}

/// Returns whether the page may show this path. The path is encoded as the client sent it. A program that spells an address of
/// the API in another way must not take the page for its answer.
fn is_view(path: &str) -> bool {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let is_plain = |part: &str| {
        part.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
    };
    let is_reserved = |part: &str| {
        RESERVED
            .iter()
            .any(|reserved| reserved[1..].eq_ignore_ascii_case(part))
    };
    !path.contains("//")
        && is_plain(parts[0])
        && !is_reserved(parts[0])
        && parts.iter().all(|part| !part.contains('.'))
}

fn answer(path: &str, file: &EmbeddedFile, request: &HttpRequest) -> HttpResponse {
    let hash = STANDARD.encode(file.metadata.sha256_hash());
    // Weak, because the same file is sent with and without compression.
    let tag = format!("W/\"{hash}\"");
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.as_bytes() == tag.as_bytes());
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.clone()))
        .content_type(mime_guess::from_path(path).first_or_octet_stream().as_ref());
    match known {
        true => response.finish(),
        false => response.body(file.data.clone().into_owned()),
    }
}

/// Allows scripts of Decant itself, WebAssembly, and the inline script that Trunk writes, by its digest (CSP Level 3).
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let index = Files::get(INDEX)
        .map(|file| String::from_utf8_lossy(&file.data).into_owned())
        .unwrap_or_default();
    let digests: String = inline_scripts(&index)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{digests}; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_that_the_page_can_show_is_a_view() {
        for view in [
            "/",
            "/usage-logs",
            "/sign-in",
            "/admin/log-cleanup",
            "/admin/database/",
            "/admin/sessions/a%20b",
        ] {
            assert!(is_view(view), "{view}");
        }
        for other in [
            "//api/me",
            "/API/me",
            "/api%2fme",
            "/%61pi/me",
            "/docs/",
            "/healthz/",
            "/Readyz",
            "/.git/config",
            "/admin//database",
            "/admin/../api/me",
            "/;/api",
            "/main.js",
        ] {
            assert!(!is_view(other), "{other}");
        }
    }

    #[test]
    fn only_inline_scripts_are_given_a_digest() {
        let html = r#"<script src="/a.js"></script><script type="module" nonce="x">import a</script>"#;
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["import a"]);
    }
}
