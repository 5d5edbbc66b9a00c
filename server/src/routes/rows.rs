//! The raw rows: all of them for an export, a page of them for a table.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use wasm_export::rows::MEDIA_TYPE;

use super::extract::Pairs;
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::{Dataset, Query, Selection};
use crate::encoding;
use crate::error::ApiError;
use crate::parameter::ParameterError;
use crate::rows::Prepared;

/// Rows in a page when the caller does not say.
const PAGE_ROWS: u64 = 50;

/// All rows, as PostgreSQL writes them.
pub async fn rows(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let dataset = app.dataset(&name)?;
    let selection = Selection::parse(&dataset.definition, &pairs)?;
    let prepared = prepare(&app, &caller, dataset, &selection).await?;
    Ok(answer(&app, prepared.recorded(&caller), &request))
}

/// One page of rows; the cursor of its end record is where the next one goes on.
pub async fn page(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let dataset = app.dataset(&name)?;
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
    let prepared = plan(dataset, &caller, &selection, app.source.for_query()).await?;
    Ok(answer(&app, prepared, &request))
}

/// Plans an export, so that what is wrong with it is answered with a status of its own.
///
/// # Errors
/// What the caller may not see, what the database says, too many exports.
pub async fn prepare(
    app: &App,
    caller: &Caller,
    dataset: &Dataset,
    selection: &Selection,
) -> Result<Prepared, ApiError> {
    if app.stopping.is_cancelled() {
        return Err(ApiError::ShuttingDown);
    }
    plan(dataset, caller, selection, app.source.for_export()).await
}

/// Plans a query. The connection is not waited for before it is known that the caller may see what was asked for.
async fn plan(
    dataset: &Dataset,
    caller: &Caller,
    selection: &Selection,
    connection: impl Future<Output = sqlx::Result<PoolConnection<Postgres>>>,
) -> Result<Prepared, ApiError> {
    let query = Query::new(dataset, caller, selection)?;
    let prepared = Prepared::on(connection.await?, dataset, &query, selection).await;
    prepared.map_err(|error| blame_cursor(selection, error))
}

/// Only a cursor can hold what PostgreSQL cannot read: everything else was parsed.
fn blame_cursor(selection: &Selection, error: sqlx::Error) -> ApiError {
    let unreadable = error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| code.starts_with("22"));
    match unreadable && selection.after.is_some() {
        true => ParameterError::invalid(
            "after",
            "is not a cursor of this dataset; take one from an end record",
        )
        .into(),
        false => error.into(),
    }
}

fn answer(app: &App, prepared: Prepared, request: &HttpRequest) -> HttpResponse {
    let encoding = encoding::negotiate(request);
    let mut response = HttpResponse::Ok();
    response
        .content_type(MEDIA_TYPE)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "accept-encoding"))
        // Otherwise a proxy may hold the stream back until it is whole.
        .insert_header(("x-accel-buffering", "no"));
    if encoding != header::ContentEncoding::Identity {
        response.insert_header((header::CONTENT_ENCODING, encoding.as_str()));
    }
    response.streaming(encoding::encode(prepared.into_stream(app.pace()), encoding))
}
