//! Errors in answers, as RFC 9457 defines them.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Problem {
    pub title: String,
    pub status: u16,
    /// The cause, and the remedy if there is one.
    pub detail: String,
    /// Stable name of the kind of error.
    pub code: String,
    /// The parameter that caused the error.
    pub field: Option<String>,
    /// Equal to the header `x-request-id` and to the id in the log.
    pub request_id: Option<String>,
}
