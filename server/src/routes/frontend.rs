//! The files of the page. Trunk builds them, and they are embedded in the program.

use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// The output of Trunk.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";

/// Sends a file of the page. An address without a file extension is a view of the page, which `index.html` shows.
pub async fn serve(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::MethodNotAllowed(request.method().to_string()));
    }
    let path = request.path().trim_start_matches('/');
    let view = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let path = if view { INDEX } else { path };
    let file = Files::get(path).ok_or(ApiError::NotFound)?;
    Ok(answer(path, &file, &request))
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
    fn only_inline_scripts_are_given_a_digest() {
        let html = r#"<script src="/a.js"></script><script type="module" nonce="x">import a</script>"#;
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["import a"]);
    }
}
