//! Errors as the caller sees them: one list, one table of statuses and codes, problem+json (RFC 9457).
//!
//! A module has its own error where somebody branches on it. Here they meet: `?` in a handler turns each into one
//! of these, and what the caller must not see goes to the log.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use wasm_export::rows::Problem;

use crate::backups::BackupError;
use crate::database::cleanup::CleanupError;
use crate::database::cleanup::run::Broken;
use crate::database::dump::DumpError;
use crate::database::restore::RestoreError;
use crate::datasets::query::AccessError;
use crate::parameter::ParameterError;
use crate::source::public_message;
use crate::storage::StorageError;
use crate::stored_requests::StoredRequestsError;

/// The media type of an error.
pub const PROBLEM_TYPE: &str = "application/problem+json";

/// Why a request was not answered as it wished.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ApiError {
    #[error("There is nothing at this address; /api/datasets lists the datasets.")]
    NotFound,
    #[error("This address does not take {0}.")]
    MethodNotAllowed(String),
    #[error("There is no dataset `{0}`; /api/datasets lists them.")]
    UnknownDataset(String),
    #[error("The dataset `{name}` cannot be used in this database: {reason}.")]
    DatasetUnavailable { name: String, reason: String },
    #[error("The dataset has no filter `{0}` with values to choose from.")]
    UnknownOptions(String),
    #[error("{0}.")]
    Parameter(#[from] ParameterError),
    #[error("The body cannot be used: {0}.")]
    Body(String),
    #[error("{0}.")]
    Access(#[from] AccessError),
    #[error("Sign in, or send a token: `Authorization: Bearer …`.")]
    Unauthenticated,
    #[error("The credential is wrong, expired or disabled.")]
    InvalidCredentials,
    #[error("This key may not be used to sign in here; an administrator of the hub can allow it.")]
    KeyWithoutWeb,
    #[error("There were too many wrong credentials from this address; wait {} seconds.", wait.as_secs() + 1)]
    TooManyAttempts { wait: Duration },
    #[error("Another site sent this request with your cookie; it was not carried out.")]
    CrossOrigin,
    #[error("Only administrators may do this.")]
    AdministratorsOnly,
    #[error("{0}.")]
    Dump(#[from] DumpError),
    #[error("{0}.")]
    Restore(#[from] RestoreError),
    #[error("{0}.")]
    Cleanup(#[from] CleanupError),
    #[error("{}; {} rows had been deleted.", .0.message, .0.deleted)]
    CleanupBroken(Broken),
    #[error("{0}.")]
    Backup(BackupError),
    #[error("The file has {bytes} bytes or more; at most {limit} are taken (DECANT_UPLOAD_MAX_MB).")]
    UploadTooLarge { bytes: u64, limit: u64 },
    #[error("The upload could not be written to the disk here: {0}.")]
    UploadFailed(std::io::Error),
    #[error("{0}.")]
    StoredRequests(#[from] StoredRequestsError),
    #[error("As many exports or queries run as are allowed; try again in a moment.")]
    ExportsBusy,
    #[error("{0}")]
    Source(String),
    #[error("The server is stopping.")]
    ShuttingDown,
    #[error("Something went wrong here; the log has it under this request's id.")]
    Internal,
}

impl ApiError {
    /// Status, stable code and title: the one table of them.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotFound => (S::NOT_FOUND, "not_found", "Not found"),
            Self::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::UnknownDataset(_) => (S::NOT_FOUND, "unknown_dataset", "Unknown dataset"),
            Self::DatasetUnavailable { .. } => (
                S::SERVICE_UNAVAILABLE,
                "dataset_unavailable",
                "Dataset unavailable",
            ),
            Self::UnknownOptions(_) => (S::NOT_FOUND, "unknown_filter", "Unknown filter"),
            Self::Parameter(ParameterError::Unknown { .. }) => {
                (S::BAD_REQUEST, "unknown_parameter", "Unknown parameter")
            }
            Self::Parameter(ParameterError::Invalid { .. }) => {
                (S::BAD_REQUEST, "invalid_parameter", "Invalid parameter")
            }
            Self::Parameter(ParameterError::Contradictory { .. }) => (
                S::BAD_REQUEST,
                "contradictory_parameters",
                "Contradictory parameters",
            ),
            Self::Body(_) => (S::BAD_REQUEST, "invalid_body", "Invalid body"),
            Self::Access(_) => (S::FORBIDDEN, "forbidden", "Not allowed"),
            Self::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "Not signed in"),
            Self::InvalidCredentials => (S::UNAUTHORIZED, "invalid_credentials", "Invalid credentials"),
            Self::KeyWithoutWeb => (S::FORBIDDEN, "forbidden", "Not allowed"),
            Self::TooManyAttempts { .. } => (S::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts"),
            Self::CrossOrigin => (S::FORBIDDEN, "cross_origin", "Request of another site"),
            Self::AdministratorsOnly => (S::FORBIDDEN, "forbidden", "Not allowed"),
            Self::Dump(error) => match error {
                DumpError::Conflict(_) => (
                    S::CONFLICT,
                    "backup_lock_conflict",
                    "Another backup operation runs",
                ),
                DumpError::Unavailable(_) => (
                    S::SERVICE_UNAVAILABLE,
                    "database_unavailable",
                    "The database does not answer",
                ),
                _ => (S::INTERNAL_SERVER_ERROR, "dump_failed", "The dump failed"),
            },
            Self::Restore(error) => match error {
                RestoreError::Conflict(_) => (
                    S::CONFLICT,
                    "backup_lock_conflict",
                    "Another backup operation runs",
                ),
                RestoreError::Database(_) => (
                    S::SERVICE_UNAVAILABLE,
                    "database_unavailable",
                    "The database does not answer",
                ),
                RestoreError::NoSuchCopy(_) => (S::NOT_FOUND, "unknown_copy", "Unknown database"),
                _ => (S::INTERNAL_SERVER_ERROR, "restore_failed", "The restore failed"),
            },
            Self::Cleanup(error) => match error {
                CleanupError::Conflict(_) => (
                    S::CONFLICT,
                    "backup_lock_conflict",
                    "Another backup operation runs",
                ),
                CleanupError::StatisticsWouldBeLost => (
                    S::CONFLICT,
                    "statistics_would_be_lost",
                    "Statistics would be lost",
                ),
                CleanupError::NoLog | CleanupError::NoKey => {
                    (S::NOT_FOUND, "no_log", "There is no log to clean up")
                }
                CleanupError::Database(_) => (
                    S::SERVICE_UNAVAILABLE,
                    "database_unavailable",
                    "The database does not answer",
                ),
                _ => (S::INTERNAL_SERVER_ERROR, "cleanup_failed", "The clean-up failed"),
            },
            Self::CleanupBroken(_) => (S::INTERNAL_SERVER_ERROR, "cleanup_failed", "The clean-up failed"),
            Self::Backup(error) => match error {
                BackupError::NoSuchBackup(_) => (S::NOT_FOUND, "unknown_backup", "Unknown backup"),
                BackupError::Busy => (
                    S::CONFLICT,
                    "backup_lock_conflict",
                    "Another backup operation runs",
                ),
                BackupError::Storage(_) => (S::BAD_GATEWAY, "storage_failed", "The storage failed"),
                _ => (S::INTERNAL_SERVER_ERROR, "backup_failed", "The backup failed"),
            },
            Self::UploadTooLarge { .. } => {
                (S::PAYLOAD_TOO_LARGE, "upload_too_large", "The file is too large")
            }
            Self::UploadFailed(_) => (S::INSUFFICIENT_STORAGE, "upload_failed", "The upload failed"),
            Self::StoredRequests(error) => match error {
                StoredRequestsError::NoRedis => (S::SERVICE_UNAVAILABLE, "no_redis", "No Redis is set"),
                StoredRequestsError::BadId => (S::BAD_REQUEST, "invalid_parameter", "Invalid parameter"),
                StoredRequestsError::NoSession(_) => (S::NOT_FOUND, "unknown_session", "Unknown session"),
                StoredRequestsError::NotStored { .. } => {
                    (S::NOT_FOUND, "request_not_stored", "The request is not stored")
                }
                StoredRequestsError::NotJson { .. } => (
                    S::BAD_GATEWAY,
                    "stored_request_unreadable",
                    "The stored request is not JSON",
                ),
                StoredRequestsError::Redis(_) => (S::BAD_GATEWAY, "redis_failed", "Redis failed"),
            },
            Self::ExportsBusy => (S::SERVICE_UNAVAILABLE, "exports_busy", "Too many exports"),
            Self::Source(_) => (S::BAD_GATEWAY, "source_failed", "The database failed"),
            Self::ShuttingDown => (S::SERVICE_UNAVAILABLE, "shutting_down", "The server is stopping"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Parameter(error) => Some(error.field().to_owned()),
            Self::StoredRequests(StoredRequestsError::BadId) => Some("id".to_owned()),
            Self::Cleanup(CleanupError::StatisticsWouldBeLost) => Some("withoutStatistics".to_owned()),
            Self::Access(AccessError::Column(_)) => Some("columns".to_owned()),
            _ => None,
        }
    }

    /// The answer; the request's id lets the caller's report be found in the log.
    #[must_use]
    pub fn respond(&self, request_id: Option<&str>) -> HttpResponse {
        let (status, code, title) = self.kind();
        let mut response = HttpResponse::build(status);
        match self {
            Self::TooManyAttempts { wait } => {
                response.insert_header((header::RETRY_AFTER, wait.as_secs() + 1));
            }
            Self::ExportsBusy => {
                response.insert_header((header::RETRY_AFTER, 5));
            }
            Self::Unauthenticated | Self::InvalidCredentials => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            _ => {}
        }
        let problem = Problem {
            title: title.into(),
            status: status.as_u16(),
            detail: self.to_string(),
            code: code.into(),
            field: self.field(),
            request_id: request_id.map(str::to_owned),
            ..Problem::default()
        };
        response
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type(PROBLEM_TYPE)
            .json(problem)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        self.respond(None)
    }
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Dump(error) => error.into(),
            BackupError::Restore(error) => error.into(),
            error => Self::Backup(error),
        }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        Self::Backup(error.into())
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database did not answer as hoped");
        match error {
            sqlx::Error::PoolTimedOut => Self::ExportsBusy,
            error => Self::Source(public_message(&error)),
        }
    }
}
