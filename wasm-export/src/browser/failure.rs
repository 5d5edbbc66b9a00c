//! Why an export or a dump stopped, and whether it can be resumed. The user reads every text here.

use super::row_cache::RowsGone;
use super::sink::SinkError;
use crate::ExportError;
#[cfg(feature = "bundles")]
use crate::bundle::BundleError;
use crate::rows::Problem;

/// The reason why an export stopped.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Problem,
    pub(super) resumable: bool,
}

/// The status of a problem that did not come from a server.
const NO_STATUS: u16 = 0;

impl Failure {
    pub(super) fn new(code: &str, title: &str, detail: String, resumable: bool) -> Self {
        let problem = Problem {
            code: code.to_owned(),
            title: title.to_owned(),
            detail,
            status: NO_STATUS,
            ..Problem::default()
        };
        Self { problem, resumable }
    }

    /// There is no connection, or it broke.
    pub(super) fn connection_lost() -> Self {
        let detail = "The server has stopped, or the network has failed.";
        Self::new(
            "connection_lost",
            "The connection was lost",
            detail.to_owned(),
            true,
        )
    }

    /// The connection carries no bytes.
    pub(super) fn connection_silent(seconds: u32) -> Self {
        let detail = format!("The server has sent no data for {seconds} seconds, not even a heartbeat.");
        Self::new("connection_silent", "The connection is silent", detail, true)
    }

    /// The response ended without an error, but its content is incomplete.
    pub(super) fn incomplete() -> Self {
        let detail = "The response ended before its last row.";
        Self::new("incomplete", "The export is incomplete", detail.to_owned(), true)
    }

    /// The cached rows are not those that were fetched.
    pub(super) fn rows_gone() -> Self {
        let detail =
            "The browser has removed all or some of them. Export again to fetch them from the server.";
        Self::new("rows_gone", "The cached rows are gone", detail.to_owned(), false)
    }

    /// A proxy or another program answered.
    pub(super) fn something_else(media_type: &str, wanted: &str) -> Self {
        let what = if media_type.is_empty() {
            "something"
        } else {
            media_type
        };
        let detail = format!(
            "The response contains {what} instead of {wanted}. A proxy may have answered instead of the server."
        );
        Self::new(
            "unexpected_answer",
            "The response is not from Decant",
            detail,
            true,
        )
    }

    /// The server refused. A refusal for the request itself is final; the other causes can pass.
    pub(super) fn refused(problem: Problem) -> Self {
        let resumable = matches!(problem.status, 401 | 408 | 425 | 429) || problem.status >= 500;
        Self { problem, resumable }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        let resumable = error.is_resumable();
        match error {
            ExportError::Interrupted { .. } => Self::incomplete(),
            ExportError::Failed(problem) => Self {
                problem: *problem,
                resumable,
            },
            ExportError::Format(error) => Self::new(
                "impossible_file",
                "The file cannot be made with these options",
                sentence(&error),
                resumable,
            ),
            other => Self::new(
                "damaged",
                "The export cannot be completed",
                sentence(&other),
                resumable,
            ),
        }
    }
}

/// A resumable failure of a bundle means that another attempt may succeed. It begins anew.
#[cfg(feature = "bundles")]
impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Interrupted { .. } => {
                Self::new("incomplete", "The export is incomplete", sentence(&error), true)
            }
            BundleError::Failed(problem) => Self::refused(*problem),
            BundleError::Format(error) => Self::new(
                "impossible_file",
                "The file cannot be made with these options",
                sentence(&error),
                false,
            ),
            other => Self::new(
                "damaged",
                "The export cannot be completed",
                sentence(&other),
                false,
            ),
        }
    }
}

impl From<RowsGone> for Failure {
    fn from(_: RowsGone) -> Self {
        Self::rows_gone()
    }
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        let (code, title) = match error {
            SinkError::Full => ("disk_full", "The file does not fit"),
            SinkError::NotAllowed => ("not_allowed", "The file may not be written"),
            SinkError::Short | SinkError::Browser(_) => ("not_written", "The file could not be written"),
        };
        Self::new(code, title, sentence(&error), false)
    }
}

/// Returns an error's text as a sentence.
pub(super) fn sentence(error: &impl std::error::Error) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).chain(['.']).collect(),
        None => text,
    }
}
