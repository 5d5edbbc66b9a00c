//! Signing in and out.

use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::app::App;
use crate::auth::{self, Caller, Sessions};
use crate::error::ApiError;

/// What somebody shows to sign in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    token: SecretString,
}

/// Begins a session.
pub async fn sign_in(
    app: web::Data<App>,
    request: HttpRequest,
    credential: web::Json<Credential>,
) -> Result<HttpResponse, ApiError> {
    let proof = auth::sign_in(&app, &request, credential.token.expose_secret()).await?;
    let cookie = app.authority.sessions.begin(&proof, over_tls(&request));
    let caller = proof.caller();
    tracing::info!(action = "signed_in", caller = caller.name, role = ?caller.role);
    Ok(HttpResponse::Ok().cookie(cookie).json(caller))
}

/// Ends the session.
pub async fn sign_out(_: Caller, request: HttpRequest) -> HttpResponse {
    HttpResponse::NoContent()
        .cookie(Sessions::end(over_tls(&request)))
        .finish()
}

/// Who is signed in.
pub async fn me(caller: Caller) -> web::Json<Caller> {
    web::Json(caller)
}

/// Whether the browser came over TLS, as the proxy before us says. Whoever lies about it only harms themselves.
fn over_tls(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme == "https")
}
