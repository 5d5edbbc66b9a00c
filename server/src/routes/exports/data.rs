//! Files with the data of one person, and of all users.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use api::data_exports::{DataExportAnswer, DataExportOptions, DataExportRequest};
use api::datasets::{FilterValues, RowsRequest};
use api::exports::OptionValue;
use wasm_export::options::{Compression, Format};

use super::answer::{idempotency_key, respond, stored};
use super::order::check;
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::words::PairList;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::idempotency::StoredAnswer;
use crate::exports::order::Order;
use crate::exports::record::ExportRecord;
use crate::exports::store::Creation;
use crate::routes::extract::{Administrator, JsonBody};

/// The bundle of everything about one person.
pub(super) const OF_PERSON: &str = "user-data";

/// The bundle of all users.
pub(super) const OF_ALL: &str = "bulk-data";

/// The filter that names the person.
const PERSON: &str = "userId";

/// Makes a file of everything about the caller, or about the person whom an administrator names.
pub async fn of_person(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    JsonBody(body): JsonBody<DataExportRequest>,
) -> Result<HttpResponse, ApiError> {
    begin(&app, &caller, &request, OF_PERSON, body).await
}

/// Makes a file of all users.
pub async fn of_all(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    request: HttpRequest,
    JsonBody(body): JsonBody<DataExportRequest>,
) -> Result<HttpResponse, ApiError> {
    begin(&app, &caller, &request, OF_ALL, body).await
}

async fn begin(
    app: &App,
    caller: &Caller,
    request: &HttpRequest,
    bundle: &str,
    body: DataExportRequest,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let idempotency = idempotency_key(request, &body)?;
    let export = check(app, caller.clone(), order(bundle, body)?).await?;
    let creation = Creation {
        caller,
        exports: vec![export],
        idempotency,
        answer: &accepted,
    };
    Ok(respond(app.exports.create(creation).await?))
}

fn order(bundle: &str, body: DataExportRequest) -> Result<Order, ApiError> {
    if body.template.is_some() {
        return Err(ExportError::NotSupported("template").into());
    }
    if body.options.encryption == Some(true) {
        return Err(ExportError::NotSupported("options.encryption").into());
    }
    let parameters = serde_json::to_value(&body).map_err(|_| ApiError::Internal)?;
    let format = body.format.unwrap_or_else(|| Format::Json.word().to_owned());
    let file_words = file_words(Some(&format), &body.options);
    let mut rows = rows_of(body.options);
    if let Some(OptionValue(id)) = body.user_id {
        rows.filters.insert(PERSON.to_owned(), FilterValues(vec![id]));
    }
    Ok(Order {
        dataset: bundle.to_owned(),
        workspace: None,
        rows,
        file_words,
        parameters,
        priority: 0,
        scheduled_at: None,
        retention_hours: None,
    })
}

/// Returns the rows that options choose.
pub(super) fn rows_of(options: DataExportOptions) -> RowsRequest {
    RowsRequest {
        filters: options.filters.unwrap_or_default(),
        columns: options.field_selection,
        limit: options.limit,
        sort: options.sort_order,
        date_range: options.date_range,
        include_system_fields: options.include_system_fields.unwrap_or_default(),
        ..RowsRequest::default()
    }
}

/// Returns the words of the file that options choose.
pub(super) fn file_words(format: Option<&str>, options: &DataExportOptions) -> PairList {
    let format_word = format.map(|format| ("format", format.to_owned()));
    let mut words: Vec<(&str, String)> = format_word.into_iter().collect();
    // The list of a zip archive of CSV files is the metadata; one CSV file cannot have any.
    if let Some(metadata) = options
        .include_metadata
        .filter(|_| format != Some(Format::Csv.word()))
    {
        words.push(("metadata", metadata.to_string()));
    }
    if let Some(OptionValue(compression)) = &options.compression {
        let compression = match compression.as_str() {
            "true" => Compression::Gzip.word(),
            "false" => Compression::None.word(),
            word => word,
        };
        words.push(("compression", compression.to_owned()));
    }
    let words = words.into_iter();
    words.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns the answer with the export that was created.
fn accepted(records: &[ExportRecord]) -> StoredAnswer {
    let export = records.first().map(|record| record.to_export(None));
    let location = export.as_ref().map(|export| export.links.own.clone());
    let answer = export.map(|export| DataExportAnswer {
        success: true,
        message: format!(
            "The export waits for a worker. Its status is at {}.",
            export.links.status
        ),
        export,
    });
    stored(StatusCode::ACCEPTED, &answer, location)
}
