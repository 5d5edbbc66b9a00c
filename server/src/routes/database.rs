//! Dumps and the status of the database, for administrators.

use actix_web::http::Method;
use actix_web::http::header::EntityTag;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use api::database::DumpMode;

use super::attachment::attachment;
use super::byte_range;
use super::extract::{Administrator, Pairs, WholeFile, flag};
use crate::app::App;
use crate::audit::Action;
use crate::auth::Caller;
use crate::database::dump::Dump;
use crate::database::spool::SpooledDump;
use crate::error::ApiError;
use crate::parameter::{ParameterError, check_given_once};

const DUMP_TYPE: &str = "application/octet-stream";

/// Sends a dump, directly or from a spooled file.
pub async fn export(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (mode, is_spooled) = parse(&pairs)?;
    match is_spooled {
        true => send_spooled(&app, &caller, mode, &request).await,
        false => stream(&app, &caller, mode, &request).await,
    }
}

/// Streams a dump. If it fails part-way, the connection is broken instead of ended, so that no client takes it for complete.
async fn stream(
    app: &App,
    caller: &Caller,
    mode: DumpMode,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    WholeFile::extract(request).await?;
    if request.method() == Method::HEAD {
        return Ok(HttpResponse::Ok().content_type(DUMP_TYPE).finish());
    }
    let dump = start(app, caller, mode).await?;
    Ok(HttpResponse::Ok()
        .content_type(DUMP_TYPE)
        .insert_header(attachment(dump.file_name.as_str()))
        // Otherwise a proxy may buffer the stream until it is complete.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(dump.into_stream()))
}

/// Makes a dump in a temporary file and sends it, or the rest of one that this caller has begun to download.
async fn send_spooled(
    app: &App,
    caller: &Caller,
    mode: DumpMode,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (spool, owner) = (&app.database.spool, caller.subject.to_string());
    let is_head = request.method() == Method::HEAD;
    let tag_of = |dump: &SpooledDump| EntityTag::new_strong(dump.tag.clone());
    if !is_head && byte_range::continues_unnamed(request) {
        return Err(ApiError::PartOfFile);
    }
    let kept = spool.find(&owner, mode);
    let (dump, part) = match kept.filter(|dump| is_head || byte_range::continues(request, &tag_of(dump))) {
        Some(kept) => {
            let part = byte_range::requested(request, &tag_of(&kept), kept.bytes)?;
            (kept, part)
        }
        None if is_head => return Ok(HttpResponse::Ok().content_type(DUMP_TYPE).finish()),
        // A part of another dump than the one that the client has begun would be joined with that one.
        None => {
            let dump = start(app, caller, mode).await?;
            (spool.take(dump, owner, mode).await?, None)
        }
    };
    let tag = tag_of(&dump);
    let sent = part.clone().unwrap_or(0..dump.bytes);
    if !is_head {
        tracing::info!(
            action = Action::DatabaseExportDownload.name(),
            caller = caller.name,
            name = dump.file_name,
            from = sent.start
        );
    }
    let pieces = dump.read(sent).await?;
    Ok(byte_range::response(tag, dump.bytes, part.as_ref())
        .insert_header(attachment(dump.file_name.as_str()))
        .streaming(pieces))
}

async fn start(app: &App, caller: &Caller, mode: DumpMode) -> Result<Dump, ApiError> {
    app.check_running()?;
    let dump = app.database.dumper.dump(mode, &caller.name, app.abort.clone());
    Ok(dump.await?)
}

/// Answers with the size, tables and version of the database, and the operation that runs on it.
pub async fn status(app: web::Data<App>, _: Administrator) -> HttpResponse {
    HttpResponse::Ok().json(app.database.status.read().await)
}

/// Reads `mode=…`, or `excludeLogs=true` of the hub's own interface, and `spool=true`.
fn parse(pairs: &[(String, String)]) -> Result<(DumpMode, bool), ParameterError> {
    check_given_once(pairs)?;
    let (mut modes, mut is_spooled) = (Vec::new(), false);
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
            ("spool", value) => {
                is_spooled = flag("spool", value)?;
                continue;
            }
            _ => {
                return Err(ParameterError::Unknown {
                    field: name.clone(),
                    known: "mode, excludeLogs, spool".to_owned(),
                });
            }
        };
        modes.push(mode);
    }
    match modes.as_slice() {
        [] => Ok((DumpMode::Full, is_spooled)),
        [mode, others @ ..] if others.iter().all(|other| other == mode) => Ok((*mode, is_spooled)),
        _ => {
            let problem = "contradicts `excludeLogs`; give one of them";
            Err(ParameterError::contradictory("mode", problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pairs: &[(&str, &str)]) -> Result<(DumpMode, bool), ParameterError> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        parse(&pairs)
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
            assert_eq!(parsed(pairs), Ok((mode, false)), "{pairs:?}");
        }
        let pairs = [("spool", "true"), ("mode", "excludeLogs")];
        assert_eq!(parsed(&pairs), Ok((DumpMode::ExcludeLogs, true)));
        for pairs in [
            &[("mode", "everything")][..],
            &[("excludeLogs", "yes")],
            &[("mode", "full"), ("excludeLogs", "true")],
            &[("exclude_logs", "true")],
            &[("mode", "full"), ("mode", "full")],
            &[("spool", "yes")],
        ] {
            assert!(parsed(pairs).is_err(), "{pairs:?}");
        }
    }
}
