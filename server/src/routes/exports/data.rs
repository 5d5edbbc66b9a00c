//! Files with the data of one person, and of all users.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use api::data_exports::{DataExportAnswer, DataExportOptions, DataExportRequest};
use api::datasets::{FilterValues, RowsRequest};
use api::export_templates::{ExportTemplate, TemplateParameters};
use api::exports::OptionValue;
use wasm_export::options::{Compression, Format};

use super::answer::{idempotency_key, respond, stored};
use super::order::check;
use super::templates::find_for_request;
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::words::PairList;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::idempotency::StoredAnswer;
use crate::exports::order::Order;
use crate::exports::record::ExportRecord;
use crate::exports::store::Creation;
use crate::exports::templates::{self, overridden};
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
    bundle: &'static str,
    body: DataExportRequest,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let idempotency = idempotency_key(request, &body)?;
    let permissions = app.permissions.of(caller).await?;
    let template = find_for_request(app, caller, &permissions, body.template.as_deref()).await?;
    let order = order(bundle, body, template)?;
    let permitted = check(app, caller.clone(), &permissions, order).await?;
    let creation = Creation {
        caller,
        exports: vec![permitted.export],
        idempotency,
        answer: &accepted,
    };
    Ok(respond(app.exports.create(creation).await?))
}

/// Returns the order of a request, whose members override those of a template.
fn order(
    bundle: &'static str,
    body: DataExportRequest,
    template: Option<ExportTemplate>,
) -> Result<Order, ApiError> {
    check_template(template.as_ref(), bundle)?;
    if body.options.encryption == Some(true) {
        return Err(ExportError::NotSupported("options.encryption").into());
    }
    let parameters = serde_json::to_value(&body).map_err(|_| ApiError::Internal)?;
    let (format, of_template) = values_of(template);
    let format = body.format.or(format);
    let format = format.unwrap_or_else(|| Format::Json.word().to_owned());
    let file_words = file_words(Some(&format), &body.options, &of_template);
    let mut rows = rows_of(body.options, of_template);
    if let Some(OptionValue(id)) = body.user_id {
        rows.filters.insert(PERSON.to_owned(), FilterValues(vec![id]));
    }
    Ok(Order {
        kind: None,
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

/// Checks that a template is of a bundle.
///
/// # Errors
/// [`ExportError::WrongTemplate`].
pub(super) fn check_template(
    template: Option<&ExportTemplate>,
    bundle: &'static str,
) -> Result<(), ExportError> {
    match template.filter(|template| template.dataset != bundle) {
        Some(template) => Err(ExportError::WrongTemplate {
            name: template.name.clone(),
            bundle,
        }),
        None => Ok(()),
    }
}

/// Returns the format and the parameters of a template, if there is one.
pub(super) fn values_of(template: Option<ExportTemplate>) -> (Option<String>, TemplateParameters) {
    let values = template.map(|template| (template.format, template.parameters));
    let (format, parameters) = values.unzip();
    (format, parameters.unwrap_or_default())
}

/// Returns the rows that options choose, or a template where they choose none.
pub(super) fn rows_of(options: DataExportOptions, of_template: TemplateParameters) -> RowsRequest {
    let of_template = templates::rows_of(of_template);
    RowsRequest {
        filters: overridden(of_template.filters, options.filters.unwrap_or_default()),
        columns: options.field_selection.or(of_template.columns),
        limit: options.limit.or(of_template.limit),
        sort: options.sort_order.or(of_template.sort),
        date_range: options.date_range.or(of_template.date_range),
        include_system_fields: options
            .include_system_fields
            .unwrap_or(of_template.include_system_fields),
        ..of_template
    }
}

/// Returns the words of the file that options choose, or a template where they choose none.
pub(super) fn file_words(
    format: Option<&str>,
    options: &DataExportOptions,
    of_template: &TemplateParameters,
) -> PairList {
    let of_template = of_template
        .options
        .iter()
        .map(|(name, OptionValue(value))| (name.clone(), value.clone()))
        .chain(of_template.zone.clone().map(|zone| ("zone".to_owned(), zone)));
    let mut words: BTreeMap<String, String> = of_template.collect();
    words.extend(format.map(|format| ("format".to_owned(), format.to_owned())));
    if let Some(metadata) = options.include_metadata {
        words.insert("metadata".to_owned(), metadata.to_string());
    }
    // The list of a zip archive of CSV files is the metadata; one CSV file cannot have any.
    if format == Some(Format::Csv.word()) {
        words.remove("metadata");
    }
    if let Some(OptionValue(compression)) = &options.compression {
        let compression = match compression.as_str() {
            "true" => Compression::Gzip.word(),
            "false" => Compression::None.word(),
            word => word,
        };
        words.insert("compression".to_owned(), compression.to_owned());
    }
    words.into_iter().collect()
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
