//! The files of the page. Trunk builds them, and they are embedded in the program. All their addresses are relative to the
//! `<base>` of `index.html`, so that the page works below any path of a proxy.

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::resource::not_allowed;
use crate::app::App;
use crate::base_path::{BasePath, is_reserved};
use crate::error::ApiError;

/// The output of Trunk.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";

/// The element of `index.html` that gives the page its base address.
const BASE: &str = r#"<base href="./""#;

/// Sends a file of the page. The address of a view gets `index.html`, which shows the view.
pub async fn serve(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let view = request.path();
    let path = match view {
        path if is_view(path) => INDEX,
        path => path.strip_prefix('/').unwrap_or(path),
    };
    let content = Files::get(path).ok_or(ApiError::NotFound)?.data;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(not_allowed(request.method(), "GET, HEAD"));
    }
    Ok(match path {
        INDEX => answer(
            path,
            with_base(&content, &base(app.settings.base_path.as_ref(), view)),
            &request,
        ),
        path => answer(path, content, &request),
    })
}

/// Returns the base address for a view. Without a setting it is relative, because a proxy that removes its path does not
/// send it.
fn base(base_path: Option<&BasePath>, view: &str) -> String {
    match base_path {
        Some(path) => format!("{path}/"),
        None => match view.matches('/').count() {
            0 | 1 => "./".to_owned(),
            folders => "../".repeat(folders - 1),
        },
    }
}

fn with_base(index: &[u8], base: &str) -> Cow<'static, [u8]> {
    let index = String::from_utf8_lossy(index);
    let index = index.replacen(BASE, &format!(r#"<base href="{base}""#), 1);
    index.into_bytes().into()
}

/// Returns whether the page may show this path. The path is encoded as the client sent it. A program that spells an address of
/// the API in another way must not take the page for its answer.
fn is_view(path: &str) -> bool {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let is_plain = |part: &str| {
        part.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
    };
    !path.contains("//")
        && is_plain(parts[0])
        && !is_reserved(parts[0])
        && parts.iter().all(|part| !part.contains('.'))
}

fn answer(path: &str, content: Cow<'static, [u8]>, request: &HttpRequest) -> HttpResponse {
    let hash = STANDARD.encode(Sha256::digest(&content));
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
        false => response.body(content.into_owned()),
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
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{digests}; style-src 'self'; connect-src 'self'; frame-src 'self'; \
         img-src 'self' data:; worker-src 'self'; font-src 'self'; base-uri 'self'; form-action 'self'; \
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
    fn the_base_of_a_view_is_the_page_itself() {
        for (view, expected) in [
            ("/", "./"),
            ("/usage-logs", "./"),
            ("/admin/database", "../"),
            ("/admin/database/", "../../"),
            ("/admin/sessions/a%2Fb", "../../"),
        ] {
            assert_eq!(base(None, view), expected, "{view}");
            let base_path: BasePath = "/decant".parse().unwrap();
            assert_eq!(base(Some(&base_path), view), "/decant/", "{view}");
        }
        let index = br#"<head><base href="./"/></head>"#;
        assert_eq!(
            with_base(index, "../"),
            &br#"<head><base href="../"/></head>"#[..]
        );
    }

    #[test]
    fn only_inline_scripts_are_given_a_digest() {
        let html = r#"<script src="/a.js"></script><script type="module" nonce="x">import a</script>"#;
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["import a"]);
    }
}
