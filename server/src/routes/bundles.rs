//! Bundles: several datasets as one stream, or as one file that the server formats.

use std::sync::Arc;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use api::bundles::{self as wire, Bundles};
use jiff::Timestamp;
use wasm_export::Bundle;
use wasm_export::rows::BUNDLE_MEDIA_TYPE;

use super::attachment::{attachment, shown};
use super::dataset_access::{OpenedBundle, greatest_role, open_bundle, slug_for};
use super::extract::{Pairs, WholeFile, flag};
use super::rows::{answer, headers, while_running};
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::bundle::{Bundle as Declared, BundleAccess, Part};
use crate::datasets::definition::NamedRows;
use crate::datasets::unavailable::Cause;
use crate::datasets::words::PairList;
use crate::datasets::{BundleParts, BundleRequest, Dataset};
use crate::encoding;
use crate::error::ApiError;
use crate::file;
use crate::parameter::{ParameterError, check_given_once};
use crate::permissions::ExportRight;
use crate::rows::Prepared;

/// The bundle that the address of a workspace's report gives.
pub(super) const REPORT: &str = "brand-report";

/// The parameter by which a browser shows a file.
const INLINE: &str = "inline";

/// The content security policy of a file that a browser shows: it runs nothing, loads nothing, and only pages of this server may
/// frame it.
const SHOWN_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                            frame-ancestors 'self'; sandbox";

/// Lists the bundles that the caller may see. One without a part in this database is not among them.
pub async fn list(app: web::Data<App>, caller: Caller) -> HttpResponse {
    let catalog = app.catalog.get();
    let is_admin = caller.is_administrator();
    let role = greatest_role(&app, &caller, &catalog).await;
    let seen = catalog
        .bundles()
        .filter(|bundle| bundle.check_visible(&caller, role).is_ok());
    let bundles = seen.filter_map(|bundle| match BundleParts::find(&catalog, bundle) {
        Ok(bundle) => Some(describe(&bundle, &caller)),
        Err(unavailable) if unavailable.cause == Cause::NotHere => None,
        Err(unavailable) => is_admin.then(|| wire::Bundle {
            reason: Some(unavailable.reason),
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
    let OpenedBundle {
        bundle,
        caller,
        pairs,
    } = open_bundle(&app, caller, &name, pairs, None).await?;
    let asked = BundleRequest::parse(&bundle, &caller, &pairs)?;
    let permissions = app.permissions.of(&caller).await?;
    let right = permissions.right_to_export(&bundle.bundle.target_of_raw_rows(&caller))?;
    if request.method() == Method::HEAD {
        return Ok(headers(BUNDLE_MEDIA_TYPE, encoding::negotiate(&request)).finish());
    }
    let prepared = prepare(&app, &caller, &bundle, &right, &asked).await?;
    let audit = prepared.begin_audit(&caller);
    Ok(answer(&app, prepared, Some(audit), BUNDLE_MEDIA_TYPE, &request))
}

/// Streams a finished file. With `inline=true` a browser shows it instead of saving it. If it fails part-way, the connection is
/// broken instead of ended, so that no client takes it for complete.
pub async fn export(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    method: Method,
    _: WholeFile,
) -> Result<HttpResponse, ApiError> {
    let opened = open_bundle(&app, caller, &name, pairs, None).await?;
    export_file(&app, opened, &method).await
}

/// Streams the report of a workspace.
pub async fn report(
    app: web::Data<App>,
    caller: Caller,
    workspace: web::Path<String>,
    Pairs(pairs): Pairs,
    method: Method,
    _: WholeFile,
) -> Result<HttpResponse, ApiError> {
    let opened = open_bundle(&app, caller, REPORT, pairs, Some(&workspace)).await?;
    export_file(&app, opened, &method).await
}

/// Takes the parameter `inline` out of the others, and returns its value.
fn take_inline(pairs: &mut PairList) -> Result<bool, ParameterError> {
    let given: Vec<_> = pairs.extract_if(.., |(name, _)| name == INLINE).collect();
    check_given_once(&given)?;
    match given.first().map_or("", |(_, value)| value.trim()) {
        "" => Ok(false),
        value => flag(INLINE, value),
    }
}

async fn export_file(app: &App, opened: OpenedBundle, method: &Method) -> Result<HttpResponse, ApiError> {
    let OpenedBundle {
        bundle,
        caller,
        mut pairs,
    } = opened;
    let is_inline = take_inline(&mut pairs)?;
    let asked = BundleRequest::parse(&bundle, &caller, &file::without_file_words(&pairs))?;
    let options = bundle.options(file::parse_options(&pairs)?, file::is_format_chosen(&pairs))?;
    let permissions = app.permissions.of(&caller).await?;
    let right = permissions.right_to_export(&bundle.bundle.export_target(&caller, &[options.format]))?;
    let slug = slug_for(app, &caller, &bundle).await?;
    let at = Timestamp::now();
    let definition = &bundle.bundle.definition;
    let filename = definition.file_name(&asked.caller, slug.as_deref(), &options, at);
    let mut response = HttpResponse::Ok();
    response
        .content_type(options.media_type())
        .insert_header(("x-accel-buffering", "no"));
    match is_inline {
        true => response
            .insert_header(shown(filename))
            .insert_header((header::CONTENT_SECURITY_POLICY, SHOWN_POLICY))
            .insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN")),
        false => response.insert_header(attachment(filename)),
    };
    let formatter = Bundle::new(options, bundle.contents()).map_err(|_| ApiError::Internal)?;
    let prepared = prepare(app, &caller, &bundle, &right, &asked).await?;
    // HEAD fails where GET would: the page asks so before it gives a file to a frame, which cannot show why it stays empty.
    if *method == Method::HEAD {
        return Ok(response.finish());
    }
    let audit = prepared.begin_audit(&caller);
    let file = file::format(prepared.into_stream(app.stream_timing()), formatter);
    Ok(response.streaming(audit.until_delivered(file)))
}

/// Plans the queries of all parts. Each checks what the caller may see before a connection is waited for.
async fn prepare(
    app: &App,
    caller: &Caller,
    bundle: &BundleParts,
    right: &ExportRight,
    asked: &BundleRequest,
) -> Result<Prepared, ApiError> {
    let parts = asked.queries(bundle, right)?;
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
    let rows = match definition.access {
        BundleAccess::Workspace => NamedRows::OfWorkspace,
        // Only administrators may name a person.
        BundleAccess::Owner if caller.is_administrator() => NamedRows::OfPerson,
        BundleAccess::Owner | BundleAccess::Admin => NamedRows::OfCaller,
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
    let languages = definition.report.iter().flat_map(|report| report.languages());
    wire::Bundle {
        name: definition.name.clone(),
        title: definition.title.clone(),
        export_type: definition.export_type.clone(),
        of_person: definition.access == BundleAccess::Owner,
        of_workspace: definition.access == BundleAccess::Workspace,
        export_role: (definition.access == BundleAccess::Workspace).then_some(definition.export),
        period_days: definition.period_days,
        languages: languages.map(ToString::to_string).collect(),
        available: false,
        reason: None,
        formats: definition.formats.all().to_vec(),
        file_name: None,
        parts: Vec::new(),
        contents: None,
    }
}
