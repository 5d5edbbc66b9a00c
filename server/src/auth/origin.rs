//! Refuses a request that changes something if another site's page sent it with the cookie. The check uses Fetch Metadata, and
//! the origin where there is none (OWASP, "Cross-Site Request Forgery Prevention").

use actix_web::http::Method;
use actix_web::http::header;
use url::Url;

use super::error::AuthError;
use super::request::RequestParts;

/// Checks that no other site's page sent this request, if it is one that changes something.
///
/// # Errors
/// [`AuthError::CrossOrigin`].
pub(super) fn check(request: RequestParts<'_>) -> Result<(), AuthError> {
    if matches!(*request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: &str| {
        request
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    let by_metadata = text("sec-fetch-site").map(|site| matches!(site, "same-origin" | "none"));
    let own_host = request
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let by_origin = text("origin").map(|origin| host_of(origin).as_deref() == own_host);
    // A program that is no browser sends neither header, and no page can make it send its cookies.
    match by_metadata.unwrap_or(true) && by_origin.unwrap_or(true) {
        true => Ok(()),
        false => Err(AuthError::CrossOrigin),
    }
}

/// Returns `host` or `host:port` of an origin, as the Host header has it.
fn host_of(origin: &str) -> Option<String> {
    let url = Url::parse(origin).ok()?;
    let host = url.host_str()?;
    Some(
        url.port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
    )
}
