//! The signed receipt of an export, and the key by which it is checked.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::access::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::routes::attachment::attachment;

/// Sends the receipt of an export as a file.
pub async fn receipt(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let receipt = find(&app, &caller, &id).await?.record.receipt()?;
    let name = format!("{}.receipt.json", receipt.file_name);
    Ok(HttpResponse::Ok()
        .insert_header(attachment(&name))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .json(app.stored_exports.receipts.sign(receipt)))
}

/// Returns the public key of receipts as PEM, for everybody.
pub async fn key(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/x-pem-file")
        .body(app.stored_exports.receipts.key().to_pem())
}
