//! Raw rows: all of a selection for an export, or a page of them for a table.

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use wasm_export::rows::MEDIA_TYPE;

use super::dataset_access::{Opened, open, open_with_body, source_of};
use super::extract::{Pairs, WholeFile};
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::Usage;
use crate::datasets::{Dataset, Query, RenderError, Selection};
use crate::encoding;
use crate::error::ApiError;
use crate::parameter::ParameterError;
use crate::permissions::ExportRight;
use crate::rows::{ExportAudit, PlanError, Prepared};

/// The rows of a page without the parameter `limit`.
const PAGE_ROWS: u64 = 50;

/// The greatest size of a selection in a body.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Streams all rows of a selection, as PostgreSQL writes them.
pub async fn rows(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
    _: WholeFile,
) -> Result<HttpResponse, ApiError> {
    let opened = open(&app, caller, &name, pairs, Usage::Export).await?;
    let Opened {
        dataset,
        caller,
        pairs,
        ..
    } = opened;
    let selection = Selection::parse(&dataset.definition, &pairs)?;
    let right = right_to_raw_rows(&app, &caller, &dataset).await?;
    if request.method() == Method::HEAD {
        Query::to_export(&dataset, &caller, &right, &selection)?;
        return Ok(headers(MEDIA_TYPE, encoding::negotiate(&request)).finish());
    }
    all_rows(&app, &caller, &dataset, &right, &selection, &request).await
}

/// Streams all rows of a selection that is the body of the request, because an address cannot hold thousands of values.
pub async fn rows_of_body(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    body: web::Payload,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (opened, body) = open_with_body(&app, caller, &name, pairs, body, BODY_BYTES_MAX).await?;
    let Opened { dataset, caller, .. } = opened;
    let selection = Selection::parse_body(&dataset.definition, &body)?;
    let right = right_to_raw_rows(&app, &caller, &dataset).await?;
    all_rows(&app, &caller, &dataset, &right, &selection, &request).await
}

async fn right_to_raw_rows(app: &App, caller: &Caller, dataset: &Dataset) -> Result<ExportRight, ApiError> {
    let permissions = app.permissions.of(caller).await?;
    Ok(permissions.right_to_export(&dataset.target_of_raw_rows(caller))?)
}

async fn all_rows(
    app: &App,
    caller: &Caller,
    dataset: &Dataset,
    right: &ExportRight,
    selection: &Selection,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let prepared = prepare(app, caller, dataset, right, selection).await?;
    let audit = prepared.begin_audit(caller);
    Ok(answer(app, prepared, Some(audit), MEDIA_TYPE, request))
}

/// Streams a page of rows. The cursor in its end record is the `after` of the next page.
pub async fn page(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let opened = open(&app, caller, &name, pairs, Usage::Read).await?;
    let Opened {
        dataset,
        caller,
        pairs,
        ..
    } = opened;
    let mut selection = Selection::parse(&dataset.definition, &pairs)?;
    let rows_max = app.settings.page_rows_max;
    let limit = selection.limit.unwrap_or(PAGE_ROWS.min(rows_max));
    if limit > rows_max {
        return Err(ParameterError::invalid(
            "limit",
            format!("is more than a page has: {rows_max} rows at most"),
        )
        .into());
    }
    selection.limit = Some(limit);
    if request.method() == Method::HEAD {
        Query::to_read(&dataset, &caller, &selection)?;
        return Ok(headers(MEDIA_TYPE, encoding::negotiate(&request)).finish());
    }
    let query = Query::to_read(&dataset, &caller, &selection)?;
    let share = app.query_shares.take(&caller.subject).await?;
    let connection = async { Ok(source_of(&app, &dataset).await?.for_query().await?) };
    let prepared = plan(&caller, &query, &selection, connection).await?;
    Ok(answer(&app, prepared.holding(share), None, MEDIA_TYPE, &request))
}

/// Plans an export before its answer begins, so that a mistake in it is answered with a status.
///
/// # Errors
/// [`ApiError::ShuttingDown`], [`ApiError::Access`], [`ApiError::Parameter`] for a cursor, [`ApiError::Share`],
/// [`ApiError::ExportsBusy`], [`ApiError::Source`], [`ApiError::TooManyRows`].
pub async fn prepare(
    app: &App,
    caller: &Caller,
    dataset: &Dataset,
    right: &ExportRight,
    selection: &Selection,
) -> Result<Prepared, ApiError> {
    let planning = async {
        let query = Query::to_export(dataset, caller, right, selection)?;
        let connection = async { Ok(source_of(app, dataset).await?.for_export().await?) };
        plan(caller, &query, selection, connection).await
    };
    while_running(app, caller, planning).await
}

/// Takes the caller's share of the running exports, and then plans an export.
///
/// # Errors
/// [`ApiError::ShuttingDown`], [`ApiError::Share`], and those of `planning`.
pub(super) async fn while_running(
    app: &App,
    caller: &Caller,
    planning: impl Future<Output = Result<Prepared, ApiError>>,
) -> Result<Prepared, ApiError> {
    app.check_running()?;
    // One that waits for its share or for a connection must not begin when the running ones end because of the stop.
    let preparing = async {
        let share = app.export_shares.take(&caller.subject).await?;
        Ok(planning.await?.holding(share))
    };
    tokio::select! {
        biased;
        () = app.stopping.cancelled() => Err(ApiError::ShuttingDown),
        prepared = preparing => prepared,
    }
}

/// Plans a query, and blames the cursor if that cannot be read.
async fn plan(
    caller: &Caller,
    query: &Query<'_>,
    selection: &Selection,
    connection: impl Future<Output = Result<PoolConnection<Postgres>, ApiError>>,
) -> Result<Prepared, ApiError> {
    let prepared = Prepared::new(connection.await?, query, selection).await;
    prepared.map_err(|error| blame_cursor(selection, error).for_caller(caller))
}

/// Blames the cursor for a value that PostgreSQL cannot read (SQLSTATE class 22), because every other value was parsed here.
fn blame_cursor(selection: &Selection, error: PlanError) -> ApiError {
    let code = match &error {
        PlanError::Render(RenderError::Database(error)) => {
            error.as_database_error().and_then(|error| error.code())
        }
        PlanError::Render(RenderError::HubTables { .. })
        | PlanError::Nothing(_)
        | PlanError::TooManyRows(_) => None,
    };
    let unreadable = code.is_some_and(|code| code.starts_with("22"));
    match unreadable && selection.after.is_some() {
        true => ParameterError::invalid(
            "after",
            "is not a cursor of this dataset; take one from an end record",
        )
        .into(),
        false => error.into(),
    }
}

/// Returns the answer. A page is not audited.
pub(super) fn answer(
    app: &App,
    prepared: Prepared,
    audit: Option<ExportAudit>,
    media_type: &str,
    request: &HttpRequest,
) -> HttpResponse {
    let encoding = encoding::negotiate(request);
    let rows = encoding::encode(prepared.into_stream(app.stream_timing()), encoding);
    match audit {
        Some(audit) => headers(media_type, encoding).streaming(audit.until_delivered(rows)),
        None => headers(media_type, encoding).streaming(rows),
    }
}

/// Returns an answer without its rows.
pub(super) fn headers(media_type: &str, encoding: header::ContentEncoding) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type(media_type)
        .insert_header((header::VARY, "accept-encoding"))
        // Otherwise a proxy may buffer the stream until it is complete.
        .insert_header(("x-accel-buffering", "no"));
    if encoding != header::ContentEncoding::Identity {
        response.insert_header((header::CONTENT_ENCODING, encoding.as_str()));
    }
    response
}
