//! The fallback for clients without WebAssembly: a file that the server formats.

use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use wasm_export::Export;

use super::attachment::attachment;
use super::dataset_access::{Opened, open};
use super::extract::{Pairs, WholeFile};
use super::rows::prepare;
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::Usage;
use crate::datasets::{Query, Selection};
use crate::error::ApiError;
use crate::file;

/// Streams a finished file. If it fails part-way, the connection is broken instead of ended, so that no client takes it for
/// complete.
pub async fn export(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    method: Method,
    _: WholeFile,
) -> Result<HttpResponse, ApiError> {
    let opened = open(&app, caller, &name, pairs, Usage::Export).await?;
    let Opened {
        dataset,
        caller,
        pairs,
        ..
    } = opened;
    let options = dataset.definition.allowed().parse_options(&pairs)?;
    let selection = Selection::parse(&dataset.definition, &file::without_file_words(&pairs))?
        .for_format(&dataset.definition, options.format);
    let permissions = app.permissions.of(&caller).await?;
    let right = permissions.right_to_export(&dataset.export_target(&caller, &[options.format]))?;
    let header = Query::to_export(&dataset, &caller, &right, &selection)?.header();
    dataset.definition.allowed().check(&header, &options)?;
    let filename = dataset.definition.file_name(&caller, &options, Timestamp::now());
    let mut response = HttpResponse::Ok();
    response
        .content_type(options.media_type())
        .insert_header(attachment(filename))
        .insert_header(("x-accel-buffering", "no"));
    if method == Method::HEAD {
        return Ok(response.finish());
    }
    let prepared = prepare(&app, &caller, &dataset, &right, &selection).await?;
    let audit = prepared.begin_audit(&caller);
    let file = file::format(prepared.into_stream(app.stream_timing()), Export::new(options));
    Ok(response.streaming(audit.until_delivered(file)))
}
