//! Answers that a browser saves as a file, or shows and then saves under a name.

use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};

/// Returns the header that makes a browser save the answer under this name.
pub fn attachment(file_name: impl Into<String>) -> ContentDisposition {
    named(DispositionType::Attachment, file_name.into())
}

/// Returns the header that makes a browser show the answer, and save it under this name if its reader wants it.
pub fn shown(file_name: impl Into<String>) -> ContentDisposition {
    named(DispositionType::Inline, file_name.into())
}

fn named(disposition: DispositionType, file_name: String) -> ContentDisposition {
    ContentDisposition {
        disposition,
        parameters: vec![DispositionParam::Filename(file_name)],
    }
}
