//! Answers that a browser saves as a file.

use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};

/// Returns the header that makes a browser save the answer under this name.
pub fn attachment(file_name: impl Into<String>) -> ContentDisposition {
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(file_name.into())],
    }
}
