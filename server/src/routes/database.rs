//! Dumps and the status of the database, for administrators.

use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use api::database::DumpMode;

use super::attachment::attachment;
use super::extract::{Administrator, Pairs, WholeFile};
use crate::app::App;
use crate::error::ApiError;
use crate::parameter::{ParameterError, check_given_once};

const DUMP_TYPE: &str = "application/octet-stream";

/// Streams a dump. If it fails part-way, the connection is broken instead of ended, so that no client takes it for complete.
pub async fn export(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    Pairs(pairs): Pairs,
    method: Method,
    _: WholeFile,
) -> Result<HttpResponse, ApiError> {
    let mode = parse_mode(&pairs)?;
    if method == Method::HEAD {
        return Ok(HttpResponse::Ok().content_type(DUMP_TYPE).finish());
    }
    app.check_running()?;
    let dump = app
        .database
        .dumper
        .dump(mode, &caller.name, app.abort.clone())
        .await?;
    Ok(HttpResponse::Ok()
        .content_type(DUMP_TYPE)
        .insert_header(attachment(dump.file_name.as_str()))
        // Otherwise a proxy may buffer the stream until it is complete.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(dump.into_stream()))
}

/// Answers with the size, tables and version of the database, and the operation that runs on it.
pub async fn status(app: web::Data<App>, _: Administrator) -> HttpResponse {
    HttpResponse::Ok().json(app.database.status.read().await)
}

/// Reads `mode=…`, or `excludeLogs=true` of the hub's own interface.
fn parse_mode(pairs: &[(String, String)]) -> Result<DumpMode, ParameterError> {
    check_given_once(pairs)?;
    let mut modes = Vec::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.trim().is_empty()) {
        let mode = match (name.as_str(), value.trim()) {
            ("mode", word) => word
                .parse()
                .map_err(|error| ParameterError::invalid("mode", format!("cannot be used: {error}")))?,
            ("excludeLogs", "true") => DumpMode::ExcludeLogs,
            ("excludeLogs", "false") => DumpMode::Full,
            ("excludeLogs", _) => {
                return Err(ParameterError::invalid("excludeLogs", "must be true or false"));
            }
            _ => {
                return Err(ParameterError::Unknown {
                    field: name.clone(),
                    known: "mode, excludeLogs".to_owned(),
                });
            }
        };
        modes.push(mode);
    }
    match modes.as_slice() {
        [] => Ok(DumpMode::Full),
        [mode, others @ ..] if others.iter().all(|other| other == mode) => Ok(*mode),
        _ => Err(ParameterError::Contradictory {
            field: "mode".to_owned(),
            problem: "contradicts `excludeLogs`; give one of them".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pairs: &[(&str, &str)]) -> Result<DumpMode, ParameterError> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        parse_mode(&pairs)
    }

    #[test]
    fn the_mode_is_read_from_both_parameters() {
        for (pairs, mode) in [
            (&[][..], DumpMode::Full),
            (&[("excludeLogs", "true")], DumpMode::ExcludeLogs),
            (&[("excludeLogs", "false")], DumpMode::Full),
            (&[("mode", "ledgerOnly")], DumpMode::LedgerOnly),
            (
                &[("mode", "excludeLogs"), ("excludeLogs", "true")],
                DumpMode::ExcludeLogs,
            ),
        ] {
            assert_eq!(parsed(pairs).unwrap(), mode, "{pairs:?}");
        }
        for pairs in [
            &[("mode", "everything")][..],
            &[("excludeLogs", "yes")],
            &[("mode", "full"), ("excludeLogs", "true")],
            &[("exclude_logs", "true")],
            &[("mode", "full"), ("mode", "full")],
        ] {
            assert!(parsed(pairs).is_err(), "{pairs:?}");
        }
    }
}
