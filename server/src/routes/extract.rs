//! The arguments of handlers, taken from a request: the caller, an administrator, the query's pairs.

use std::future::{Ready, ready};
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::{JsonPayloadError, PayloadError};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use api::login::Role;
use bytes::BytesMut;
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::audit::Action;
use crate::auth::{Caller, Refusal, RequestParts};
use crate::error::ApiError;
use crate::json_input::{self, UniqueMembers};
use crate::parameter::ParameterError;

/// A caller who is an administrator. A handler that takes one refuses every other caller.
#[derive(Clone, Debug)]
pub struct Administrator(pub Caller);

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(ApiError::Internal)?;
            let caller = app.authenticator.authenticate(request_parts(&request)).await?;
            Ok(caller)
        })
    }
}

impl FromRequest for Administrator {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        let app = request.app_data::<web::Data<App>>();
        let action = unauthorized(request.path());
        let address = app.map(|app| request_parts(request).address(app.settings.auth.trust_proxy));
        let address = address.map(tracing::field::display);
        let is_401 = app.is_some_and(|app| app.settings.auth.not_admin_is_401);
        Box::pin(async move {
            let caller = caller.await.inspect_err(|error| {
                if error.is_refusal() {
                    tracing::warn!(action = action.name(), address, %error);
                }
            })?;
            match caller.role {
                Role::Admin => return Ok(Self(caller)),
                Role::User => {
                    tracing::warn!(action = action.name(), address, caller = caller.name, subject = %caller.subject)
                }
            }
            Err(match is_401 {
                true => Refusal::Missing.into(),
                false => ApiError::AdministratorsOnly,
            })
        })
    }
}

/// Returns the action that records name when a caller is refused at this path.
fn unauthorized(path: &str) -> Action {
    match path.strip_prefix("/api/admin/").unwrap_or_default() {
        "database/export" => Action::DatabaseExportUnauthorized,
        "database/import" => Action::DatabaseImportUnauthorized,
        path if path.starts_with("database/backups") => Action::DatabaseBackupUnauthorized,
        path if path.starts_with("log-cleanup") => Action::LogCleanupUnauthorized,
        _ => Action::AdministratorUnauthorized,
    }
}

/// Returns the parts of the request that show who sends it.
pub(super) fn request_parts(request: &HttpRequest) -> RequestParts<'_> {
    RequestParts {
        method: request.method(),
        path: request.path(),
        headers: request.headers(),
        peer: request
            .peer_addr()
            .map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip()),
    }
}

/// A body of `application/json`: one object, in which no member is given twice.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Json::<UniqueMembers>::from_request(request, payload);
        Box::pin(async move { Ok(Self(body.await?.into_inner().read().map_err(ApiError::from)?)) })
    }
}

/// Reads a body that is one JSON object, for a handler that looks at the caller first. Another thread parses it, because a long
/// one takes some time.
///
/// # Errors
/// [`ApiError::Body`], [`ApiError::Json`], [`ApiError::RequestStalled`].
pub async fn read_json<T: DeserializeOwned + Send + 'static>(
    mut payload: Payload,
    bytes_max: usize,
    values_max: usize,
) -> Result<T, ApiError> {
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        body.extend_from_slice(&piece.map_err(payload_error)?);
        if body.len() > bytes_max {
            let problem = format!("it has more than {bytes_max} bytes; send it in several requests");
            return Err(ApiError::Body(problem));
        }
    }
    let parsing = web::block(move || {
        let text = str::from_utf8(&body).map_err(|_| ApiError::Body("it is not UTF-8 text".to_owned()))?;
        Ok(json_input::parse_up_to(text, values_max)?)
    });
    parsing.await.map_err(|_| ApiError::Internal)?
}

/// Returns the error of a body that is no JSON.
pub fn json_error(error: JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::Payload(error) => payload_error(error),
        JsonPayloadError::Deserialize(error) => ApiError::Body(format!("it is not JSON: {error}")),
        JsonPayloadError::ContentType => {
            ApiError::Body("the header Content-Type must be application/json".to_owned())
        }
        error => ApiError::Body(error.to_string()),
    }
}

/// Returns the value of a parameter that is `true` or `false`, and `false` without it. It is the only one of its address.
///
/// # Errors
/// [`ParameterError`] for another value or name, and if it is given twice.
pub fn only_flag(pairs: &[(String, String)], flag: &str) -> Result<bool, ParameterError> {
    if let Some((name, _)) = pairs.iter().find(|(name, _)| name != flag) {
        return Err(ParameterError::Unknown {
            field: name.clone(),
            known: flag.to_owned(),
        });
    }
    match pairs {
        [] => Ok(false),
        [(name, value)] => self::flag(name, value),
        _ => Err(ParameterError::given_twice(flag)),
    }
}

/// Returns a value that is `true` or `false`.
///
/// # Errors
/// [`ParameterError`] that names the parameter, for another value.
pub fn flag(name: &str, value: &str) -> Result<bool, ParameterError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ParameterError::invalid(name, "must be true or false")),
    }
}

/// A request for a whole file. One for a part is refused, because the file is made anew for each request: `wget` would join
/// the bytes of two different exports, and report success. RFC 9110, 14.2, lets a server ignore `Range`; this client skips as
/// many bytes of the whole answer as it has.
pub struct WholeFile;

impl FromRequest for WholeFile {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let range = request.headers().get(header::RANGE);
        let is_part = range.is_some_and(|range| range.as_bytes() != b"bytes=0-");
        ready(match is_part {
            true => Err(ApiError::PartOfFile),
            false => Ok(Self),
        })
    }
}

/// The name-value pairs of the query, in their order (WHATWG, "application/x-www-form-urlencoded"). A value that is not
/// UTF-8 is refused rather than replaced.
pub struct Pairs(pub Vec<(String, String)>);

impl FromRequest for Pairs {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self).map_err(Into::into))
    }
}

fn parse(query: &str) -> Result<Vec<(String, String)>, ParameterError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = text(name).unwrap_or_else(|| name.to_owned());
            match text(value) {
                Some(value) => Ok((name, value)),
                None => Err(ParameterError::invalid(name, "is not UTF-8 text")),
            }
        })
        .collect()
}

fn text(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

/// Returns the error of a body that could not be read to its end.
pub fn payload_error(error: PayloadError) -> ApiError {
    match error {
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => ApiError::RequestStalled,
        error => ApiError::Body(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_flag_of_an_address_is_given_once() {
        let given = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            only_flag(&pairs, "check")
        };
        assert_eq!(given(&[]), Ok(false));
        assert_eq!(given(&[("check", "true")]), Ok(true));
        assert_eq!(given(&[("check", "false")]), Ok(false));
        for pairs in [
            &[("check", "yes")][..],
            &[("check", "true"), ("check", "true")],
            &[("check", "true"), ("more", "1")],
        ] {
            assert!(given(pairs).is_err(), "{pairs:?}");
        }
    }

    #[test]
    fn pairs_are_decoded_and_a_value_that_is_no_text_is_refused_by_name() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parse("a=1+2&b=%C3%A9&&c").unwrap(),
            [pair("a", "1 2"), pair("b", "é"), pair("c", "")]
        );
        assert_eq!(parse("session=%ff%fe").unwrap_err().field(), "session");
    }
}
