//! The file of an export, for its owner.

use actix_web::{HttpRequest, HttpResponse, web};

use super::access::find;
use super::delivery::Delivery;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::parameter::{ParameterError, check_given_once};
use crate::routes::extract::Pairs;

/// The parameter by which a browser shows the file.
const DISPOSITION: &str = "disposition";

/// Sends the file, or the part of it that the request names.
pub async fn download(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let seen = find(&app, &caller, &id).await?;
    let right = seen.right_to_download(&app).await?;
    let record = seen.record;
    let delivery = Delivery {
        is_inline: is_inline(&pairs)?,
        ..Delivery::new(&app, &record, right)?
    };
    let download = async |part| Ok(app.stored_exports.download(&record, &caller, part));
    delivery.answer(&app, &request, download).await
}

fn is_inline(pairs: &[(String, String)]) -> Result<bool, ParameterError> {
    check_given_once(pairs)?;
    let mut is_inline = false;
    for (name, value) in pairs {
        is_inline = match (name.as_str(), value.trim()) {
            (DISPOSITION, "inline") => true,
            (DISPOSITION, "attachment" | "") => false,
            (DISPOSITION, _) => {
                return Err(ParameterError::invalid(
                    DISPOSITION,
                    "must be attachment or inline",
                ));
            }
            _ => {
                return Err(ParameterError::Unknown {
                    field: name.clone(),
                    known: DISPOSITION.to_owned(),
                });
            }
        };
    }
    Ok(is_inline)
}
