//! Sign-in, sign-out, the signed-in caller, and the end of others' sessions.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use api::login::{self as wire, EndSessions, SignIn};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::dataset_access::workspaces_of;
use super::exports::read::limits_of;
use super::extract::{Administrator, JsonBody, request_parts};
use crate::app::App;
use crate::audit::Action;
use crate::auth::{Caller, NoSessionSubject, Sessions, Subject};
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::parameter::ParameterError;

/// How long a description of the caller waits for the state database.
const LIMITS_MAX: Duration = Duration::from_secs(1);

/// Starts a session and answers with its caller.
pub async fn sign_in(
    app: web::Data<App>,
    request: HttpRequest,
    JsonBody(SignIn { token }): JsonBody<SignIn>,
) -> Result<HttpResponse, ApiError> {
    let (authenticator, parts) = (&app.authenticator, request_parts(&request));
    let token = SecretString::from(token);
    let credential = authenticator.sign_in(parts, token.expose_secret()).await?;
    let cookie = authenticator.start_session(parts, &credential);
    let caller = credential.caller();
    tracing::info!(
        action = Action::SignedIn.name(),
        caller = caller.name,
        subject = %caller.subject,
        role = ?caller.role,
        address = %parts.address(app.settings.auth.trust_proxy)
    );
    Ok(HttpResponse::Ok()
        .cookie(cookie)
        .json(described(&app, caller).await))
}

/// Ends the session, and removes its cookie from the browser.
pub async fn sign_out(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let parts = request_parts(&request);
    let caller = app.authenticator.sign_out(parts).await?;
    tracing::info!(
        action = Action::SignedOut.name(),
        caller = caller.name,
        subject = %caller.subject
    );
    Ok(HttpResponse::NoContent()
        .cookie(Sessions::end(parts.is_over_tls()))
        .finish())
}

/// Ends all sessions of one subject, or of everybody.
pub async fn end_sessions(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    JsonBody(EndSessions { subject }): JsonBody<EndSessions>,
) -> Result<HttpResponse, ApiError> {
    let subject = subject
        .map(|subject| subject.parse::<Subject>())
        .transpose()
        .map_err(|error: NoSessionSubject| ParameterError::invalid("subject", error.to_string()))?;
    app.authenticator.end_sessions(subject.as_ref()).await;
    tracing::info!(
        action = Action::SessionsEnded.name(),
        caller = caller.name,
        of = subject.map_or_else(|| "everybody".to_owned(), |subject| subject.to_string())
    );
    Ok(HttpResponse::NoContent().finish())
}

/// Answers with the caller.
pub async fn me(app: web::Data<App>, caller: Caller) -> web::Json<wire::Caller> {
    web::Json(described(&app, caller).await)
}

/// Returns the caller with their workspaces and limits, or without while a database does not answer, so that they stay signed in.
async fn described(app: &App, caller: Caller) -> wire::Caller {
    let workspaces = workspaces_of(app, &caller).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the workspaces of a caller are not known");
        Vec::new()
    });
    let limits = match timeout(LIMITS_MAX, limits_of(app, &caller)).await {
        Ok(Ok(limits)) => Some(limits),
        Ok(Err(ApiError::Export(ExportError::NoState))) => None,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the limits of a caller are not known");
            None
        }
        Err(_) => None,
    };
    wire::Caller {
        workspaces: workspaces.into_iter().map(Into::into).collect(),
        limits,
        ..caller.into()
    }
}
