//! Bundles: several datasets as one stream, or as one file that the server formats.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use api::bundles::{self as wire, Bundles};
use jiff::Timestamp;
use wasm_export::Bundle;
use wasm_export::rows::BUNDLE_MEDIA_TYPE;

use super::attachment::attachment;
use super::extract::{Pairs, WholeFile};
use super::rows::{answer, headers, while_running};
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::bundle::{Bundle as Declared, BundleAccess, Part};
use crate::datasets::definition::NamedRows;
use crate::datasets::{BundleParts, BundleRequest, Dataset};
use crate::encoding;
use crate::error::ApiError;
use crate::file;
use crate::rows::Prepared;

/// Lists the bundles that the caller may see. One without a part in this database is not among them.
pub async fn list(app: web::Data<App>, caller: Caller) -> HttpResponse {
    let catalog = app.catalog.get();
    let is_admin = caller.is_administrator();
    let seen = catalog
        .bundles()
        .filter(|bundle| bundle.check_access(&caller).is_ok());
    let bundles = seen.filter_map(|bundle| match &bundle.unavailable {
        None => Some(describe(&BundleParts::find(&catalog, bundle)?, &caller)),
        Some(unavailable) => is_admin.then(|| wire::Bundle {
            reason: Some(unavailable.reason.clone()),
            ..of_definition(bundle)
        }),
    });
    HttpResponse::Ok().json(Bundles {
        bundles: bundles.collect(),
    })
}

/// Streams the rows of all parts, as PostgreSQL writes them.
pub async fn rows(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
    _: WholeFile,
) -> Result<HttpResponse, ApiError> {
    let bundle = app.bundle(&name, &caller)?;
    let asked = BundleRequest::parse(&bundle, &caller, &pairs)?;
    if request.method() == Method::HEAD {
        return Ok(headers(BUNDLE_MEDIA_TYPE, encoding::negotiate(&request)).finish());
    }
    let prepared = prepare(&app, &caller, &bundle, &asked).await?;
    let audit = prepared.begin_audit(&caller);
    Ok(answer(&app, prepared, Some(audit), BUNDLE_MEDIA_TYPE, &request))
}

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
    let bundle = app.bundle(&name, &caller)?;
    let asked = BundleRequest::parse(&bundle, &caller, &file::without_file_words(&pairs))?;
    let options = bundle.options(file::parse_options(&pairs)?, file::is_format_chosen(&pairs))?;
    let at = Timestamp::now();
    let filename = bundle.bundle.definition.file_name(&asked.caller, &options, at);
    let mut response = HttpResponse::Ok();
    response
        .content_type(options.media_type())
        .insert_header(attachment(filename))
        .insert_header(("x-accel-buffering", "no"));
    if method == Method::HEAD {
        return Ok(response.finish());
    }
    let formatter = Bundle::new(options, bundle.contents()).map_err(|_| ApiError::Internal)?;
    let prepared = prepare(&app, &caller, &bundle, &asked).await?;
    let audit = prepared.begin_audit(&caller);
    let file = file::format(prepared.into_stream(app.stream_timing()), formatter);
    Ok(response.streaming(audit.until_delivered(file)))
}

/// Plans the queries of all parts. Each checks what the caller may see before a connection is waited for.
async fn prepare(
    app: &App,
    caller: &Caller,
    bundle: &BundleParts,
    asked: &BundleRequest,
) -> Result<Prepared, ApiError> {
    let parts = asked.queries(bundle)?;
    let planning = async {
        let connection = app.source.for_export().await?;
        let prepared = Prepared::of_bundle(connection, &bundle.bundle.definition.name, &parts).await;
        prepared.map_err(|error| ApiError::from(error).for_caller(caller))
    };
    while_running(app, caller, planning).await
}

fn describe(bundle: &BundleParts, caller: &Caller) -> wire::Bundle {
    let part = |(part, dataset): &(Part, Arc<Dataset>)| wire::Part {
        name: part.name.clone(),
        title: dataset.definition.title.clone(),
        dataset: dataset.definition.name.clone(),
        single: part.single,
        range: part.range,
    };
    let definition = &bundle.bundle.definition;
    let is_of_person = definition.access == BundleAccess::Owner;
    // Only administrators may name a person.
    let rows = match is_of_person && caller.is_administrator() {
        true => NamedRows::OfPerson,
        false => NamedRows::OfCaller,
    };
    let file_name = definition.file_name.as_ref();
    wire::Bundle {
        available: true,
        file_name: file_name.map(|pattern| pattern.for_browser(&definition.name, caller, rows)),
        parts: bundle.parts.iter().map(part).collect(),
        contents: Some(bundle.contents()),
        ..of_definition(&bundle.bundle)
    }
}

fn of_definition(bundle: &Declared) -> wire::Bundle {
    let definition = &bundle.definition;
    wire::Bundle {
        name: definition.name.clone(),
        title: definition.title.clone(),
        export_type: definition.export_type.clone(),
        of_person: definition.access == BundleAccess::Owner,
        of_workspace: false,
        export_role: None,
        period_days: None,
        languages: Vec::new(),
        available: false,
        reason: None,
        formats: definition.formats.all().to_vec(),
        file_name: None,
        parts: Vec::new(),
        contents: None,
    }
}
