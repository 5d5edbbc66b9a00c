//! Restores of uploaded dumps, and the databases that earlier restores have left.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use api::restore::{RestoreEvent, RestoreRequest, RollbackResult, SideDatabases};
use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::sync::mpsc::Receiver;
use wasm_export::dump::MAGIC;

use super::events;
use super::extract::{Administrator, Pairs, only_flag, payload_error};
use crate::app::App;
use crate::database::restore::RestoreOptions;
use crate::database::temporary_files::TemporaryFile;
use crate::error::ApiError;
use crate::free_space::CHECK_EVERY;
use crate::parameter::ParameterError;

/// A field other than the file holds `true` or `false`.
const FLAG_BYTES_MAX: usize = 16;

/// The rest of a form, besides the file, takes less than this.
const FORM_BYTES_MAX: u64 = 64 * 1024;

/// Restores the dump of a form. The answer is a stream of events, the last of which is the outcome. With `?check=true`, no
/// form is read: the answer is 204 if a restore could begin now.
pub async fn restore(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    Pairs(pairs): Pairs,
    request: HttpRequest,
    form: Multipart,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let only_check = only_flag(&pairs, "check")?;
    let limit = app.settings.upload_bytes_max;
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if let Some(bytes) = announced.filter(|&bytes| bytes > limit + FORM_BYTES_MAX) {
        return Err(ApiError::UploadTooLarge { bytes, limit });
    }
    // Before the form is read: a large upload would be in vain.
    app.database.restorer.check_lock().await?;
    if only_check {
        return Ok(HttpResponse::NoContent().finish());
    }
    app.database.spool.make_space(announced.unwrap_or(0))?;
    let upload = Upload::receive(&app, form, limit).await?;
    // The upload may have taken minutes.
    app.check_running()?;
    let events = app
        .database
        .restorer
        .clone()
        .restore(upload.file, upload.options, &caller.name, app.abort.clone())
        .await?;
    Ok(follow(events, &app))
}

/// Lists the databases that earlier restores have left beside the live one.
pub async fn side_databases(app: web::Data<App>, _: Administrator) -> Result<HttpResponse, ApiError> {
    let found = app.database.restorer.side_databases().await?;
    Ok(HttpResponse::Ok().json(SideDatabases { copies: found }))
}

/// Swaps one of them with the live database.
pub async fn roll_back(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let previous = app.database.restorer.roll_back(&name, &caller.name).await?;
    Ok(HttpResponse::Ok().json(RollbackResult { previous }))
}

/// Drops one of them.
pub async fn drop_side_database(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    app.database
        .restorer
        .drop_side_database(&name, &caller.name)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The content of a form. The file is complete and on disk.
struct Upload {
    file: TemporaryFile,
    options: RestoreOptions,
}

impl Upload {
    async fn receive(app: &App, mut form: Multipart, limit: u64) -> Result<Self, ApiError> {
        let (mut file, mut clean_first) = (None, None);
        let (mut skip_logs, mut allow_missing_tables) = (false, false);
        let mut given = HashSet::new();
        while let Some(field) = form.try_next().await? {
            let name = field.name().unwrap_or_default();
            if !given.insert(name.to_owned()) {
                return Err(ParameterError::given_twice(name).into());
            }
            match name {
                "file" => file = Some(receive_file(app, field, limit).await?),
                "cleanFirst" => clean_first = Some(receive_flag("cleanFirst", field).await?),
                "skipLogs" => skip_logs = receive_flag("skipLogs", field).await?,
                "allowMissingTables" => {
                    allow_missing_tables = receive_flag("allowMissingTables", field).await?;
                }
                name => {
                    return Err(ParameterError::Unknown {
                        field: name.to_owned(),
                        known: "file, cleanFirst, skipLogs, allowMissingTables".to_owned(),
                    }
                    .into());
                }
            }
        }
        let missing = |field: &str| ParameterError::invalid(field, "is missing");
        let clean_first = clean_first
            .ok_or_else(|| ParameterError::invalid("cleanFirst", "must be given: true or false"))?;
        Ok(Self {
            file: file.ok_or_else(|| missing("file"))?,
            options: RestoreRequest {
                clean_first,
                skip_logs,
                allow_missing_tables,
            }
            .into(),
        })
    }
}

async fn receive_file(app: &App, mut field: Field, limit: u64) -> Result<TemporaryFile, ApiError> {
    let name = field
        .content_disposition()
        .and_then(|disposition| disposition.get_filename())
        .unwrap_or_default();
    if !name.to_lowercase().ends_with(".dump") {
        return Err(ParameterError::invalid("file", "must be a dump: its name must end in `.dump`").into());
    }
    let (upload, mut file) = app.temporary_files.create("dump").map_err(failed)?;
    let (mut bytes, mut unchecked) = (0, 0);
    let mut beginning = Vec::new();
    while let Some(piece) = field.try_next().await? {
        bytes += piece.len() as u64;
        if bytes > limit {
            return Err(ApiError::UploadTooLarge { bytes, limit });
        }
        if beginning.len() < MAGIC.len() {
            let missing = MAGIC.len() - beginning.len();
            beginning.extend_from_slice(&piece[..piece.len().min(missing)]);
            if !MAGIC.starts_with(&beginning) {
                return Err(not_a_dump());
            }
        }
        unchecked += piece.len() as u64;
        // Other uploads take space at the same time, and a body of unknown length has no end that is known.
        if unchecked >= CHECK_EVERY {
            app.database.spool.make_space(0)?;
            unchecked = 0;
        }
        file = write(file, piece).await.map_err(failed)?;
    }
    match beginning == MAGIC {
        true => Ok(upload),
        false => Err(not_a_dump()),
    }
}

/// Writes outside of the event loop, so that a slow disk delays no other request.
async fn write(mut file: File, piece: Bytes) -> std::io::Result<File> {
    web::block(move || file.write_all(&piece).map(|()| file))
        .await
        .map_err(std::io::Error::other)?
}

async fn receive_flag(name: &str, mut field: Field) -> Result<bool, ApiError> {
    let mut word = Vec::new();
    while let Some(piece) = field.try_next().await? {
        word.extend_from_slice(&piece);
        if word.len() > FLAG_BYTES_MAX {
            break;
        }
    }
    match word.as_slice() {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(ParameterError::invalid(name, "must be true or false").into()),
    }
}

fn not_a_dump() -> ApiError {
    let problem =
        "is not a dump of PostgreSQL in the custom format; `pg_dump --format=custom` and Decant write such";
    ParameterError::invalid("file", problem).into()
}

fn failed(error: std::io::Error) -> ApiError {
    tracing::error!(%error, "an upload could not be written");
    ApiError::UploadFailed(error)
}

impl From<MultipartError> for ApiError {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::Payload(error) => payload_error(error),
            error => Self::Body(error.to_string()),
        }
    }
}

/// Returns a response that streams the events of a restore.
pub(super) fn follow(events: Receiver<RestoreEvent>, app: &App) -> HttpResponse {
    events::stream(events, app.settings.heartbeat)
}
