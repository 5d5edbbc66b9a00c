//! The requests of a session that the hub stores, for administrators.

use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use api::session_requests::SessionRequests;
use wasm_export::options::Format;
use wasm_export::session_request::{Part, file_name, session_file_name};

use super::attachment::attachment;
use super::extract::{Administrator, Pairs, WholeFile, flag};
use crate::app::App;
use crate::audit::Action;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::parameter::{ParameterError, check_given_once};
use crate::stored_requests::{Secrets, SessionId, StoredRequest, StoredRequests, StoredRequestsError};

/// Lists the stored requests of a session.
pub async fn requests(
    app: web::Data<App>,
    _: Administrator,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = SessionId::parse(&id)?;
    let requests = store(&app)?.list(&id).await?;
    Ok(HttpResponse::Ok().json(SessionRequests {
        session_id: id.as_str().to_owned(),
        requests,
    }))
}

/// Sends one request: as it is stored, for a browser to lay out, or laid out here with `pretty=true`.
pub async fn request(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    path: web::Path<(String, String)>,
    Pairs(pairs): Pairs,
    method: Method,
) -> Result<HttpResponse, ApiError> {
    let (id, sequence) = path.into_inner();
    let sequence = sequence
        .parse()
        .map_err(|_| ParameterError::invalid("sequence", "is not a number"))?;
    let wanted = Wanted::parse(&pairs)?;
    let id = SessionId::parse(&id)?;
    let request = store(&app)?.find(&id, sequence, wanted.parts()).await?;
    wanted.send(&caller, &request, file_name(id.as_str(), Some(sequence)), &method)
}

/// Sends the newest request that is stored as a whole. The document and the name of its file have no sequence.
pub async fn newest(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    id: web::Path<String>,
    Pairs(pairs): Pairs,
    method: Method,
) -> Result<HttpResponse, ApiError> {
    let wanted = Wanted::parse(&pairs)?;
    let id = SessionId::parse(&id)?;
    let request = store(&app)?.find_newest(&id, wanted.parts()).await?;
    wanted.send(&caller, &request, file_name(id.as_str(), None), &method)
}

/// Streams all stored requests, one a line. If Redis fails part-way, the connection is broken instead of ended, so that no
/// client takes the file for complete.
pub async fn export(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    id: web::Path<String>,
    Pairs(pairs): Pairs,
    method: Method,
    _: WholeFile,
) -> Result<HttpResponse, ApiError> {
    let secrets = parse_export(&pairs)?;
    let id = SessionId::parse(&id)?;
    let store = store(&app)?.clone();
    let mut response = HttpResponse::Ok();
    response
        .content_type(Format::Jsonl.media_type())
        .insert_header(attachment(session_file_name(id.as_str())))
        .insert_header(("x-accel-buffering", "no"));
    if method == Method::HEAD {
        return Ok(response.finish());
    }
    let session = id.as_str().to_owned();
    let lines = store.lines(id, secrets).await?;
    let caller = caller.name;
    tracing::info!(
        action = Action::SessionRequestExport.name(),
        caller,
        session,
        format = Format::Jsonl.word()
    );
    if secrets == Secrets::Shown {
        tracing::info!(
            action = Action::SessionRequestSecretsShown.name(),
            caller,
            session
        );
    }
    Ok(response.streaming(lines))
}

fn store(app: &App) -> Result<&StoredRequests, ApiError> {
    app.check_hub()?;
    let stored = app.stored_requests.as_ref();
    Ok(stored.ok_or(StoredRequestsError::NoRedis)?)
}

/// How a stored request is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    /// `None` for the whole request, which is a file.
    parts: Option<Vec<Part>>,
    is_pretty: bool,
    secrets: Secrets,
}

impl Wanted {
    fn parse(pairs: &[(String, String)]) -> Result<Self, ParameterError> {
        check_given_once(pairs)?;
        let mut wanted = Self {
            parts: None,
            is_pretty: false,
            secrets: Secrets::Masked,
        };
        for (name, value) in pairs {
            match name.as_str() {
                "parts" => wanted.parts = Some(parse_parts(value)?),
                "pretty" => wanted.is_pretty = flag(name, value)?,
                "secrets" => wanted.secrets = parse_secrets(value)?,
                _ => return Err(unknown(name, "parts, pretty, secrets")),
            }
        }
        Ok(wanted)
    }

    fn parts(&self) -> &[Part] {
        self.parts.as_deref().unwrap_or(Part::ALL)
    }

    fn send(
        &self,
        caller: &Caller,
        request: &StoredRequest,
        file_name: String,
        method: &Method,
    ) -> Result<HttpResponse, ApiError> {
        let body = match self.is_pretty {
            true => request.pretty(self.secrets)?,
            false => request.stored(self.secrets)?,
        };
        if *method != Method::HEAD {
            self.record(caller, request);
        }
        let mut response = HttpResponse::Ok();
        response.content_type("application/json");
        if self.parts.is_none() {
            response.insert_header(attachment(file_name));
        }
        Ok(response.body(body))
    }

    fn record(&self, caller: &Caller, request: &StoredRequest) {
        let (session, sequence) = (request.session(), request.sequence());
        let words: Vec<_> = self.parts().iter().map(|part| part.word()).collect();
        let action = match self.parts {
            None => Action::SessionRequestExport,
            Some(_) => Action::SessionRequestViewed,
        };
        let (action, caller) = (action.name(), caller.name.as_str());
        match self.parts {
            None => tracing::info!(action, caller, session, sequence),
            Some(_) => tracing::info!(action, caller, session, sequence, parts = words.join(",")),
        }
        let has_secrets = words.contains(&Part::Headers.word()) || words.contains(&Part::Meta.word());
        if self.secrets == Secrets::Shown && has_secrets {
            let action = Action::SessionRequestSecretsShown.name();
            tracing::info!(action, caller, session, sequence);
        }
    }
}

/// Parses the parameters of an export: `jsonl` is the only format.
fn parse_export(pairs: &[(String, String)]) -> Result<Secrets, ParameterError> {
    check_given_once(pairs)?;
    let mut secrets = Secrets::Masked;
    for (name, value) in pairs {
        match name.as_str() {
            "format" if value == Format::Jsonl.word() => {}
            "format" => return Err(ParameterError::invalid(name, "must be jsonl")),
            "secrets" => secrets = parse_secrets(value)?,
            _ => return Err(unknown(name, "format, secrets")),
        }
    }
    Ok(secrets)
}

fn parse_secrets(value: &str) -> Result<Secrets, ParameterError> {
    Ok(match flag("secrets", value)? {
        true => Secrets::Shown,
        false => Secrets::Masked,
    })
}

fn parse_parts(value: &str) -> Result<Vec<Part>, ParameterError> {
    let mut parts = Vec::new();
    for word in value.split(',') {
        let part = word
            .trim()
            .parse()
            .map_err(|error| ParameterError::invalid("parts", format!("cannot be used: {error}")))?;
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(parts)
}

fn unknown(name: &str, known: &str) -> ParameterError {
    ParameterError::Unknown {
        field: name.to_owned(),
        known: known.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = query.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn parts_and_secrets_are_read_and_anything_else_is_refused_by_name() {
        let wanted = Wanted::parse(&pairs(&[("parts", "headers, meta,headers"), ("secrets", "true")]));
        assert_eq!(
            wanted.unwrap(),
            Wanted {
                parts: Some(vec![Part::Headers, Part::Meta]),
                is_pretty: false,
                secrets: Secrets::Shown,
            }
        );
        for (query, field) in [
            (("parts", ""), "parts"),
            (("parts", "headers,"), "parts"),
            (("parts", "Headers"), "parts"),
            (("secrets", "yes"), "secrets"),
            (("pretty", ""), "pretty"),
            (("part", "body"), "part"),
        ] {
            assert_eq!(
                Wanted::parse(&pairs(&[query])).unwrap_err().field(),
                field,
                "{query:?}"
            );
        }
        assert!(Wanted::parse(&pairs(&[("secrets", "true"), ("secrets", "true")])).is_err());
    }

    #[test]
    fn a_session_is_exported_as_jsonl_only() {
        assert_eq!(parse_export(&[]), Ok(Secrets::Masked));
        assert_eq!(
            parse_export(&pairs(&[("format", "jsonl"), ("secrets", "true")])),
            Ok(Secrets::Shown)
        );
        for query in [("format", "csv"), ("format", ""), ("pretty", "true")] {
            assert_eq!(parse_export(&pairs(&[query])).unwrap_err().field(), query.0);
        }
    }
}
