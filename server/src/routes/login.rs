//! Sign-in, sign-out and the signed-in caller.

use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::extract::request_parts;
use crate::app::App;
use crate::audit::Action;
use crate::auth::{Caller, Sessions};
use crate::error::ApiError;

/// The body of a sign-in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    token: SecretString,
}

/// Starts a session and answers with its caller.
pub async fn sign_in(
    app: web::Data<App>,
    request: HttpRequest,
    credential: web::Json<Credential>,
) -> Result<HttpResponse, ApiError> {
    let authenticator = &app.authenticator;
    let token = credential.token.expose_secret();
    let credential = authenticator.sign_in(request_parts(&request), token).await?;
    let cookie = authenticator.sessions.start(&credential, over_tls(&request));
    let caller = credential.caller();
    tracing::info!(action = Action::SignedIn.name(), caller = caller.name, role = ?caller.role);
    Ok(HttpResponse::Ok().cookie(cookie).json(caller))
}

/// Removes the session's cookie from the browser.
pub async fn sign_out(_: Caller, request: HttpRequest) -> HttpResponse {
    HttpResponse::NoContent()
        .cookie(Sessions::end(over_tls(&request)))
        .finish()
}

/// Answers with the caller.
pub async fn me(caller: Caller) -> web::Json<Caller> {
    web::Json(caller)
}

/// Returns whether the proxy before Decant received the request over TLS. A client that makes the header up changes its own
/// cookie only.
fn over_tls(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme == "https")
}
