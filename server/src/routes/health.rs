//! Liveness, readiness and metrics, for orchestrators and for monitoring. `decant work` serves them, too.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use api::health::ReadinessStatus;
use secrecy::ExposeSecret;

use super::extract::request_parts;
use crate::auth::is_same_secret;
use crate::error::ApiError;
use crate::monitor::{MEDIA_TYPE, Monitor};

/// The parameter that asks for each part.
const VERBOSE: &str = "verbose";

/// Answers as long as the process runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("alive\n")
}

/// Answers with 200 if the database answers and the process has not been asked to stop. With `?verbose` it shows each part.
pub async fn ready(monitor: web::Data<Monitor>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if !is_verbose(request.query_string()) {
        monitor.check_ready().await?;
        return Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"));
    }
    let readiness = monitor.readiness().await?;
    let mut answer = match readiness.status {
        ReadinessStatus::Ready | ReadinessStatus::Degraded => HttpResponse::Ok(),
        ReadinessStatus::Down => HttpResponse::ServiceUnavailable(),
    };
    Ok(answer.json(readiness))
}

/// Other parameters are ignored, as a probe without any is.
fn is_verbose(query: &str) -> bool {
    query
        .split('&')
        .filter_map(|pair| pair.strip_prefix(VERBOSE))
        .any(|value| ["", "=", "=true"].contains(&value))
}

/// Shows the metrics to who has the token of DECANT_METRICS_TOKEN, if it is set.
pub async fn metrics(monitor: web::Data<Monitor>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if let Some(token) = monitor.metrics_token() {
        let parts = request_parts(&request);
        let given = parts.bearer().unwrap_or_default();
        if !is_same_secret(token.expose_secret(), given) {
            return Err(ApiError::MetricsToken);
        }
    }
    let text = monitor.scrape().await.map_err(|error| {
        tracing::error!(%error, "the metrics cannot be written");
        ApiError::Internal
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
        .body(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbose_is_a_word_or_true() {
        for query in ["verbose", "verbose=", "verbose=true", "a=1&verbose"] {
            assert!(is_verbose(query), "{query}");
        }
        for query in ["", "verbose=false", "verbosely", "a=verbose"] {
            assert!(!is_verbose(query), "{query}");
        }
    }
}
