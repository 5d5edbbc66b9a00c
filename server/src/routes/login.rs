//! Sign-in, sign-out and the signed-in caller.

use actix_web::{HttpRequest, HttpResponse, web};
use api::login::{self as wire, SignIn};
use secrecy::{ExposeSecret, SecretString};

use super::extract::request_parts;
use crate::app::App;
use crate::audit::Action;
use crate::auth::{Caller, Sessions};
use crate::error::ApiError;

/// Starts a session and answers with its caller.
pub async fn sign_in(
    app: web::Data<App>,
    request: HttpRequest,
    web::Json(SignIn { token }): web::Json<SignIn>,
) -> Result<HttpResponse, ApiError> {
    let authenticator = &app.authenticator;
    let token = SecretString::from(token);
    let credential = authenticator
        .sign_in(request_parts(&request), token.expose_secret())
        .await?;
    let cookie = authenticator.sessions.start(&credential, over_tls(&request));
    let caller = credential.caller();
    tracing::info!(action = Action::SignedIn.name(), caller = caller.name, role = ?caller.role);
    Ok(HttpResponse::Ok().cookie(cookie).json(wire::Caller::from(caller)))
}

/// Removes the session's cookie from the browser.
pub async fn sign_out(_: Caller, request: HttpRequest) -> HttpResponse {
    HttpResponse::NoContent()
        .cookie(Sessions::end(over_tls(&request)))
        .finish()
}

/// Answers with the caller.
pub async fn me(caller: Caller) -> web::Json<wire::Caller> {
    web::Json(caller.into())
}

/// Returns whether the proxy before Decant received the request over TLS. A client that makes the header up changes its own
/// cookie only.
fn over_tls(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme == "https")
}
