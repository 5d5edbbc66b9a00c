//! Errors as the caller sees them: one list, with status, code and title of each, answered as problem+json (RFC 9457).
//!
//! A module has an error type of its own where a caller branches on it. `?` in a handler turns each of them into an
//! [`ApiError`]. Details that the caller must not see go to the log only.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use api::cleanup::CleanupFailure;
use api::exports::EnqueueError;
use api::login::Role;
use wasm_export::rows::Problem;

use crate::auth::{AuthError, Caller, Refusal};
use crate::backups::BackupError;
use crate::database::cleanup::CleanupError;
use crate::database::dump::DumpError;
use crate::database::restore::RestoreError;
use crate::datasets::bundle_request::RequestError;
use crate::datasets::query::{AccessError, RenderError};
use crate::exports::ExportError;
use crate::exports::cleanup_report::CleanupError as ExportCleanupError;
use crate::exports::file_access::NoFile;
use crate::exports::files::FileError;
use crate::exports::limits::whole_seconds;
use crate::exports::links::LinkRefusal;
use crate::exports::order_error::OrderError;
use crate::free_space::NoSpace;
use crate::json_input::JsonError;
use crate::monitor::NotReady;
use crate::parameter::ParameterError;
use crate::permissions::{NotPermitted, TooManyRows};
use crate::probes::ProbeError;
use crate::rows::{NothingToExport, PlanError};
use crate::shares::ShareUsed;
use crate::source::{is_unreachable, public_message};
use crate::state::StateError;
use crate::storage::StorageError;
use crate::stored_requests::StoredRequestsError;
use crate::webhooks::WebhookError;

/// The media type of [`Problem`].
pub const PROBLEM_TYPE: &str = "application/problem+json";

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("There is nothing at this address; /api/datasets lists the datasets.")]
    NotFound,
    #[error(
        "There is nothing at this address; `decant work` answers /healthz, /readyz and /metrics. The API is that of `decant serve`."
    )]
    NotOfWorkers,
    #[error("The metrics need the token of DECANT_METRICS_TOKEN; send it as `Authorization: Bearer …`.")]
    MetricsToken,
    #[error("The header `Host` must be one host name or address, with or without a port.")]
    BadHost,
    #[error("This address does not accept {method}; it accepts {allow}.")]
    MethodNotAllowed { method: String, allow: String },
    #[error("There is no dataset `{0}`; /api/datasets lists them.")]
    UnknownDataset(String),
    #[error(
        "There is no hub here (DECANT_BUILT_IN_DATASETS is false), and only a hub has session requests, probes and a log to clean up."
    )]
    NoHub,
    #[error("The dataset `{name}` cannot be used in this database: {reason}.")]
    DatasetUnavailable { name: String, reason: String },
    #[error("There is no bundle `{0}`; /api/bundles lists them.")]
    UnknownBundle(String),
    #[error("The bundle `{name}` cannot be used in this database: {reason}.")]
    BundleUnavailable { name: String, reason: String },
    #[error("{0}.")]
    NothingToExport(#[from] NothingToExport),
    #[error("The dataset has no filter `{0}` with values to choose from.")]
    UnknownOptions(String),
    #[error("{0}.")]
    Parameter(#[from] ParameterError),
    #[error("The body cannot be used: {0}.")]
    Body(String),
    #[error("The body cannot be used: {0}.")]
    Json(#[from] JsonError),
    #[error("{0}.")]
    Access(#[from] AccessError),
    #[error("{0}.")]
    Permission(#[from] NotPermitted),
    #[error("{0}.")]
    TooManyRows(#[from] TooManyRows),
    #[error("{0}.")]
    Auth(#[from] Refusal),
    #[error("Only administrators may do this.")]
    AdministratorsOnly,
    #[error("{0}.")]
    Dump(#[from] DumpError),
    #[error("{0}.")]
    Restore(#[from] RestoreError),
    #[error("{0}.")]
    Cleanup(#[from] CleanupError),
    #[error("{}; {} rows had been deleted.", .0.message, .0.deleted)]
    CleanupBroken(CleanupFailure),
    #[error("{0}.")]
    Webhook(#[from] WebhookError),
    #[error("{0}.")]
    Probe(ProbeError),
    #[error("{0}.")]
    Backup(#[from] BackupError),
    #[error("{0}.")]
    Export(#[from] ExportError),
    #[error(
        "This file is made anew for each request, so the rest of an earlier one cannot be sent. Remove what was saved, and ask \
         for all of it, without `Range`. The rest of a dump with `spool=true` is sent if `If-Range` has its `ETag`."
    )]
    PartOfFile,
    #[error("The file has {bytes} bytes, and the range begins behind its end.")]
    RangeNotSatisfiable { bytes: u64 },
    #[error("The rest of the request did not arrive in time (DECANT_STALL_SECONDS); send it again.")]
    RequestStalled,
    #[error("The file has {bytes} bytes or more; at most {limit} are accepted (DECANT_UPLOAD_MAX_MB).")]
    UploadTooLarge { bytes: u64, limit: u64 },
    #[error("The upload could not be written to the server's disk: {0}.")]
    UploadFailed(std::io::Error),
    #[error("The upload was refused: {0}.")]
    NoSpace(#[from] NoSpace),
    #[error("{0}.")]
    ExportFile(#[from] NoFile),
    #[error("{0}.")]
    StoredExport(FileError),
    #[error("{0}.")]
    ExportLink(#[from] LinkRefusal),
    #[error("{0}.")]
    ExportCleanup(#[from] ExportCleanupError),
    #[error("{0}.")]
    StoredRequests(#[from] StoredRequestsError),
    #[error("The limit of concurrent exports or queries is reached; try again in a moment.")]
    ExportsBusy,
    #[error("The database cannot be reached; make sure that it runs.")]
    Unreachable,
    #[error("{0}.")]
    Share(#[from] ShareUsed),
    #[error("{0}")]
    Source(String),
    #[error("The server is stopping.")]
    ShuttingDown,
    #[error("An internal error occurred; the server's log has it under this request's id.")]
    Internal,
}

/// Status, stable code and title of an error.
type Kind = (StatusCode, &'static str, &'static str);

const LOCK_CONFLICT: Kind = (
    StatusCode::CONFLICT,
    "backup_lock_conflict",
    "Another backup operation runs",
);
const DATABASE_UNAVAILABLE: Kind = (
    StatusCode::SERVICE_UNAVAILABLE,
    "database_unavailable",
    "The database does not answer",
);
const SOURCE_FAILED: Kind = (StatusCode::BAD_GATEWAY, "source_failed", "The database failed");
const FORBIDDEN: Kind = (StatusCode::FORBIDDEN, "forbidden", "Not allowed");
const INVALID_PARAMETER: Kind = (StatusCode::BAD_REQUEST, "invalid_parameter", "Invalid parameter");
const STORAGE_FAILED: Kind = (StatusCode::BAD_GATEWAY, "storage_failed", "The storage failed");
const STATE_UNAVAILABLE: Kind = (
    StatusCode::SERVICE_UNAVAILABLE,
    "state_database_unavailable",
    "The state database does not answer",
);
const NOTHING_TO_EXPORT: Kind = (StatusCode::NOT_FOUND, "nothing_to_export", "Nothing to export");
const HUB_TABLE_REFUSED: Kind = (
    StatusCode::CONFLICT,
    "hub_table_refused",
    "A table of the hub cannot be used",
);
const CLEANUP_FAILED: Kind = (
    StatusCode::INTERNAL_SERVER_ERROR,
    "cleanup_failed",
    "The clean-up failed",
);

// These functions name every variant, so that a new one does not compile before it has a status.

impl ApiError {
    fn kind(&self) -> Kind {
        use StatusCode as S;
        match self {
            Self::NotFound | Self::NotOfWorkers => (S::NOT_FOUND, "not_found", "Not found"),
            Self::MetricsToken => (
                S::UNAUTHORIZED,
                "metrics_token_needed",
                "The token is missing or wrong",
            ),
            Self::BadHost => (S::BAD_REQUEST, "bad_host", "Bad host"),
            Self::MethodNotAllowed { .. } => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
            }
            Self::UnknownDataset(_) => (S::NOT_FOUND, "unknown_dataset", "Unknown dataset"),
            Self::NoHub => (S::NOT_FOUND, "no_hub", "There is no hub"),
            Self::DatasetUnavailable { .. } => (
                S::SERVICE_UNAVAILABLE,
                "dataset_unavailable",
                "Dataset unavailable",
            ),
            Self::UnknownBundle(_) => (S::NOT_FOUND, "unknown_bundle", "Unknown bundle"),
            Self::BundleUnavailable { .. } => {
                (S::SERVICE_UNAVAILABLE, "bundle_unavailable", "Bundle unavailable")
            }
            Self::NothingToExport(_) => NOTHING_TO_EXPORT,
            Self::UnknownOptions(_) => (S::NOT_FOUND, "unknown_filter", "Unknown filter"),
            Self::Parameter(error) => parameter(error),
            Self::Body(_) | Self::Json(_) => (S::BAD_REQUEST, "invalid_body", "Invalid body"),
            Self::Access(error) => access(error),
            Self::Permission(_) => (S::FORBIDDEN, "export_not_permitted", "Not permitted"),
            Self::TooManyRows(_) => (S::PAYLOAD_TOO_LARGE, "too_many_rows", "Too many rows"),
            Self::AdministratorsOnly => FORBIDDEN,
            Self::Auth(error) => auth(error),
            Self::Dump(error) => dump(error),
            Self::Restore(error) => restore(error),
            Self::Cleanup(error) => cleanup(error),
            Self::Webhook(error) => webhook(error),
            Self::Probe(error) => probe(error),
            Self::CleanupBroken(_) => CLEANUP_FAILED,
            Self::Backup(error) => backup(error),
            Self::Export(error) => export(error),
            Self::PartOfFile => (
                S::PRECONDITION_FAILED,
                "no_ranges",
                "Only the whole file can be sent",
            ),
            Self::RangeNotSatisfiable { .. } => (
                S::RANGE_NOT_SATISFIABLE,
                "range_not_satisfiable",
                "The file has no such range",
            ),
            Self::RequestStalled => (S::REQUEST_TIMEOUT, "request_stalled", "The request stalled"),
            Self::UploadTooLarge { .. } => {
                (S::PAYLOAD_TOO_LARGE, "upload_too_large", "The file is too large")
            }
            Self::UploadFailed(_) | Self::NoSpace(_) => {
                (S::INSUFFICIENT_STORAGE, "upload_failed", "The upload failed")
            }
            Self::ExportFile(error) => export_file(error),
            Self::StoredExport(error) => stored_export(error),
            Self::ExportLink(error) => export_link(error),
            Self::ExportCleanup(error) => export_cleanup(error),
            Self::StoredRequests(error) => stored_requests(error),
            Self::ExportsBusy => (S::SERVICE_UNAVAILABLE, "exports_busy", "Too many exports"),
            Self::Unreachable => DATABASE_UNAVAILABLE,
            Self::Share(_) => (
                S::TOO_MANY_REQUESTS,
                "share_used",
                "Too many requests of one caller",
            ),
            Self::Source(_) => SOURCE_FAILED,
            Self::ShuttingDown => (S::SERVICE_UNAVAILABLE, "shutting_down", "The server is stopping"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }

    /// Returns whether the caller was refused. A failure of a database is no refusal.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.kind().0.is_client_error()
    }

    /// Leaves the reason of an unavailable dataset out for callers who are no administrators: it names files, roles and
    /// statements.
    #[must_use]
    pub fn for_caller(self, caller: &Caller) -> Self {
        match (self, caller.role) {
            (Self::DatasetUnavailable { name, .. }, Role::User) => Self::DatasetUnavailable {
                name,
                reason: "an administrator sees the reason".to_owned(),
            },
            (Self::BundleUnavailable { name, .. }, Role::User) => Self::BundleUnavailable {
                name,
                reason: "an administrator sees the reason".to_owned(),
            },
            (error, _) => error,
        }
    }

    /// Returns the name of the parameter that is wrong.
    fn field(&self) -> Option<String> {
        match self {
            Self::Parameter(error) => Some(error.field().to_owned()),
            Self::Json(error) => error.member.clone(),
            Self::StoredRequests(StoredRequestsError::BadId) => Some("id".to_owned()),
            Self::Cleanup(CleanupError::NotInArchive(_)) => Some("archiveFirst".to_owned()),
            Self::Cleanup(CleanupError::StatisticsWouldBeLost) => Some("withoutStatistics".to_owned()),
            Self::Webhook(WebhookError::UnknownWebhook { field, .. }) => Some((*field).to_owned()),
            Self::Access(AccessError::Column(_)) => Some("columns".to_owned()),
            Self::Access(AccessError::Person) => Some("userId".to_owned()),
            Self::Export(ExportError::NotSupported(member)) => Some((*member).to_owned()),
            Self::Export(ExportError::Priority) => Some("priority".to_owned()),
            Self::Export(ExportError::NoMail | ExportError::Recipient) => Some("delivery.email".to_owned()),
            Self::Export(ExportError::UnknownTemplate(_) | ExportError::WrongTemplate { .. }) => {
                Some("template".to_owned())
            }
            Self::Export(ExportError::NotAll) => Some("include_all".to_owned()),
            _ => None,
        }
    }

    /// Returns the error of one export of many in a request.
    #[must_use]
    pub fn enqueue_error(&self) -> EnqueueError {
        EnqueueError {
            code: self.kind().1.to_owned(),
            detail: self.to_string(),
            field: self.field(),
        }
    }

    /// Returns the answer. The request's id in it leads from a caller's report to the log.
    #[must_use]
    pub fn respond(&self, request_id: Option<&str>) -> HttpResponse {
        let (status, code, title) = self.kind();
        let mut response = HttpResponse::build(status);
        match self {
            Self::Auth(Refusal::TooManyAttempts { wait }) => {
                response.insert_header((header::RETRY_AFTER, wait.as_secs() + 1));
            }
            Self::Export(ExportError::RateLimited { limit, wait }) => {
                let seconds = whole_seconds(*wait);
                let rate = format!("limit={limit}, remaining=0, reset={seconds}");
                response
                    .insert_header((header::RETRY_AFTER, seconds))
                    .insert_header(("ratelimit", rate));
            }
            Self::Export(ExportError::State(_)) => {
                response.insert_header((header::RETRY_AFTER, 5));
            }
            Self::ExportsBusy | Self::Share(_) | Self::Probe(ProbeError::TooManyStreams(_)) => {
                response.insert_header((header::RETRY_AFTER, 5));
            }
            Self::ExportFile(NoFile::NotReady { wait, .. }) => {
                response.insert_header((header::RETRY_AFTER, wait.as_secs()));
            }
            Self::MethodNotAllowed { allow, .. } => {
                response.insert_header((header::ALLOW, allow.as_str()));
            }
            Self::RangeNotSatisfiable { bytes } => {
                response.insert_header((header::CONTENT_RANGE, format!("bytes */{bytes}")));
            }
            Self::MetricsToken | Self::Auth(Refusal::Missing | Refusal::Invalid) => {
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
        response.content_type(PROBLEM_TYPE).json(problem)
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

fn access(error: &AccessError) -> Kind {
    match error {
        AccessError::Dataset(_)
        | AccessError::Bundle(_)
        | AccessError::Person
        | AccessError::Column(_)
        | AccessError::Filter(_) => FORBIDDEN,
        AccessError::NotAMember => (StatusCode::FORBIDDEN, "not_a_member", "Not a member"),
        AccessError::RoleTooLow(_) => (StatusCode::FORBIDDEN, "role_too_low", "Role too low"),
    }
}

fn parameter(error: &ParameterError) -> Kind {
    match error {
        ParameterError::Unknown { .. } => (StatusCode::BAD_REQUEST, "unknown_parameter", "Unknown parameter"),
        ParameterError::Invalid { .. } => INVALID_PARAMETER,
        ParameterError::Contradictory { .. } => (
            StatusCode::BAD_REQUEST,
            "contradictory_parameters",
            "Contradictory parameters",
        ),
    }
}

fn auth(error: &Refusal) -> Kind {
    use StatusCode as S;
    match error {
        Refusal::Missing => (S::UNAUTHORIZED, "unauthenticated", "Not signed in"),
        Refusal::Invalid => (S::UNAUTHORIZED, "invalid_credentials", "Invalid credentials"),
        Refusal::NoWebAccess => FORBIDDEN,
        Refusal::TooManyAttempts { .. } => (S::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts"),
        Refusal::CrossOrigin => (S::FORBIDDEN, "cross_origin", "Request of another site"),
        Refusal::SignOutsUnknown => (
            S::SERVICE_UNAVAILABLE,
            "sign_outs_unknown",
            "The state database does not answer",
        ),
    }
}

fn dump(error: &DumpError) -> Kind {
    match error {
        DumpError::Conflict(_) => LOCK_CONFLICT,
        DumpError::Unavailable(_) => DATABASE_UNAVAILABLE,
        DumpError::NoLedger => (
            StatusCode::CONFLICT,
            "no_ledger",
            "The database has no usage_ledger",
        ),
        DumpError::NoLog(_) => (StatusCode::CONFLICT, "no_log", "The database has no log of a hub"),
        DumpError::NoSpace(_) => (
            StatusCode::INSUFFICIENT_STORAGE,
            "no_space",
            "The server's disk is full",
        ),
        DumpError::NoTools(_)
        | DumpError::Spool(_)
        | DumpError::Run(_)
        | DumpError::Failed { .. }
        | DumpError::LockLost
        | DumpError::Stopped => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "dump_failed",
            "The dump failed",
        ),
    }
}

fn restore(error: &RestoreError) -> Kind {
    match error {
        RestoreError::Conflict(_) => LOCK_CONFLICT,
        RestoreError::Database(_) => DATABASE_UNAVAILABLE,
        RestoreError::MissingTables(_) | RestoreError::MissingRows(_) => (
            StatusCode::CONFLICT,
            "tables_would_be_missing",
            "Tables would be missing",
        ),
        RestoreError::NoSideDatabase(_) => (StatusCode::NOT_FOUND, "unknown_copy", "Unknown database"),
        RestoreError::NoTools(_)
        | RestoreError::Archive(_)
        | RestoreError::Newer { .. }
        | RestoreError::Damaged(_)
        | RestoreError::NoDiskSpace { .. }
        | RestoreError::SafetyDump(_)
        | RestoreError::NotAllowed(_)
        | RestoreError::InUse(_)
        | RestoreError::Merge(_)
        | RestoreError::Load(_)
        | RestoreError::Interrupted(_)
        | RestoreError::LoadRole(_)
        | RestoreError::UnknownOutcome(_)
        | RestoreError::Changed(_)
        | RestoreError::Ended(_)
        | RestoreError::UnknownSwap { .. }
        | RestoreError::InPlace(_)
        | RestoreError::TooLarge
        | RestoreError::TransactionEnded
        | RestoreError::Rows { .. }
        | RestoreError::Migration { .. }
        | RestoreError::LockLost
        | RestoreError::Disconnected
        | RestoreError::Stopped
        | RestoreError::Io(_)
        | RestoreError::Inserts(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "restore_failed",
            "The restore failed",
        ),
    }
}

fn cleanup(error: &CleanupError) -> Kind {
    match error {
        CleanupError::Conflict(_) => LOCK_CONFLICT,
        CleanupError::Database(_) => DATABASE_UNAVAILABLE,
        CleanupError::StatisticsWouldBeLost => (
            StatusCode::CONFLICT,
            "statistics_would_be_lost",
            "Statistics would be lost",
        ),
        CleanupError::NotInArchive(_) => (
            StatusCode::CONFLICT,
            "not_in_archive",
            "The archive would lack rows",
        ),
        CleanupError::NoLog | CleanupError::NoKey => {
            (StatusCode::NOT_FOUND, "no_log", "There is no log to clean up")
        }
        CleanupError::HubTable(_) => HUB_TABLE_REFUSED,
        CleanupError::Restore(_)
        | CleanupError::Archiving(_)
        | CleanupError::Archive(_)
        | CleanupError::LockLost => CLEANUP_FAILED,
    }
}

fn webhook(error: &WebhookError) -> Kind {
    match error {
        WebhookError::NoTables => (
            StatusCode::NOT_FOUND,
            "no_webhooks",
            "There are no webhook targets",
        ),
        WebhookError::HubTable(_) => HUB_TABLE_REFUSED,
        WebhookError::UnknownWebhook { .. } => INVALID_PARAMETER,
        WebhookError::Database(error) if is_unreachable(error) => DATABASE_UNAVAILABLE,
        WebhookError::Database(_) => SOURCE_FAILED,
    }
}

fn probe(error: &ProbeError) -> Kind {
    match error {
        ProbeError::NoTables => (StatusCode::NOT_FOUND, "no_probes", "There are no probe logs"),
        ProbeError::HubTable(_) => HUB_TABLE_REFUSED,
        ProbeError::TooManyStreams(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "streams_busy",
            "Too many streams",
        ),
        ProbeError::Database(_) | ProbeError::Replaced => SOURCE_FAILED,
    }
}

fn backup(error: &BackupError) -> Kind {
    match error {
        BackupError::NoSuchBackup(_) => (StatusCode::NOT_FOUND, "unknown_backup", "Unknown backup"),
        BackupError::Busy => LOCK_CONFLICT,
        BackupError::Database(_) => DATABASE_UNAVAILABLE,
        BackupError::Unverified { .. } => (
            StatusCode::CONFLICT,
            "backup_unverified",
            "The backup may have been replaced",
        ),
        BackupError::Storage(_) => STORAGE_FAILED,
        BackupError::Dump(error) => dump(error),
        BackupError::Restore(error) => restore(error),
        BackupError::Read(_)
        | BackupError::NoSpace(_)
        | BackupError::NotStored(_)
        | BackupError::IncompleteDump(_)
        | BackupError::Manifest { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "backup_failed",
            "The backup failed",
        ),
    }
}

fn export_file(error: &NoFile) -> Kind {
    use StatusCode as S;
    match error {
        NoFile::NotReady { .. } => (too_early(), "export_not_ready", "The export is not ready"),
        NoFile::Expired => (S::GONE, "export_expired", "The export has expired"),
        NoFile::Cancelled => (S::CONFLICT, "export_cancelled", "The export was cancelled"),
        NoFile::Failed(_) => (S::INTERNAL_SERVER_ERROR, "export_failed", "The export failed"),
        NoFile::Missing => (S::GONE, "file_missing", "The file is missing"),
    }
}

/// Returns 425 (RFC 8470), which the crate `http` of Actix does not name.
fn too_early() -> StatusCode {
    StatusCode::from_u16(425).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

fn stored_export(error: &FileError) -> Kind {
    match error {
        FileError::Storage(StorageError::Missing(_)) => export_file(&NoFile::Missing),
        FileError::Storage(_) => STORAGE_FAILED,
        FileError::State(_) => STATE_UNAVAILABLE,
        FileError::Decryption(_) | FileError::Encryption(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "file_unreadable",
            "The stored file cannot be read",
        ),
    }
}

fn export_link(error: &LinkRefusal) -> Kind {
    use StatusCode as S;
    match error {
        LinkRefusal::Bad => (S::FORBIDDEN, "bad_link", "Unknown link"),
        LinkRefusal::Expired => (S::GONE, "link_expired", "The link has expired"),
        LinkRefusal::Used => (S::GONE, "link_used", "The link was used"),
        LinkRefusal::Revoked => (S::GONE, "link_revoked", "The link was withdrawn"),
        LinkRefusal::MakerRefused => FORBIDDEN,
    }
}

fn export_cleanup(error: &ExportCleanupError) -> Kind {
    match error {
        ExportCleanupError::Running => (StatusCode::CONFLICT, "cleanup_running", "A clean-up runs"),
        ExportCleanupError::State(_) => STATE_UNAVAILABLE,
        ExportCleanupError::Storage(_) | ExportCleanupError::Sweep(_) => STORAGE_FAILED,
        ExportCleanupError::File(error) => stored_export(error),
    }
}

fn export(error: &ExportError) -> Kind {
    use StatusCode as S;
    match error {
        ExportError::NoState => (
            S::SERVICE_UNAVAILABLE,
            "no_state_database",
            "There is no state database",
        ),
        ExportError::State(_) => STATE_UNAVAILABLE,
        ExportError::Storage(_) => STORAGE_FAILED,
        ExportError::Unknown(_) => (S::NOT_FOUND, "unknown_export", "Unknown export"),
        ExportError::UnknownSchedule(_) => (S::NOT_FOUND, "unknown_schedule", "Unknown schedule"),
        ExportError::OwnerGone => (S::CONFLICT, "owner_gone", "The owner may no longer export"),
        ExportError::TooManySchedules { .. } => (S::CONFLICT, "too_many_schedules", "Too many schedules"),
        ExportError::UnknownFile(_) => (S::NOT_FOUND, "unknown_file", "Unknown file"),
        ExportError::NoConversations => NOTHING_TO_EXPORT,
        ExportError::NotYours
        | ExportError::NotYourSchedule
        | ExportError::NotYourTemplate
        | ExportError::NotAll
        | ExportError::Priority => FORBIDDEN,
        ExportError::NoMail => (S::BAD_REQUEST, "no_mail", "No mail"),
        ExportError::Recipient => (S::FORBIDDEN, "recipient_not_allowed", "Recipient not allowed"),
        ExportError::NotSupported(_) => (S::BAD_REQUEST, "not_supported", "Not supported yet"),
        ExportError::RateLimited { .. } => (S::TOO_MANY_REQUESTS, "rate_limited", "Too many exports"),
        ExportError::Quota { .. } => (S::PAYLOAD_TOO_LARGE, "quota_exceeded", "The storage is used up"),
        ExportError::AlreadyOver => (S::CONFLICT, "already_over", "The export is over"),
        ExportError::RunNotOver => (S::CONFLICT, "run_not_over", "A run is not over"),
        ExportError::NotOver => (S::CONFLICT, "not_over", "The export is not over"),
        ExportError::UnknownPermission(_) => (S::NOT_FOUND, "unknown_permission", "Unknown permission"),
        ExportError::PermissionExists => (S::CONFLICT, "permission_exists", "There is such a permission"),
        ExportError::UnknownTemplate(_) => (S::NOT_FOUND, "unknown_template", "Unknown template"),
        ExportError::TemplateExists(_) => (S::CONFLICT, "template_exists", "There is such a template"),
        ExportError::TemplateBuiltIn(_) => (S::FORBIDDEN, "template_built_in", "The template is built in"),
        ExportError::TooManyTemplates(_) => (S::CONFLICT, "too_many_templates", "Too many templates"),
        ExportError::WrongTemplate { .. } => INVALID_PARAMETER,
        ExportError::IdempotencyConflict => (
            S::UNPROCESSABLE_ENTITY,
            "idempotency_conflict",
            "The key belongs to another request",
        ),
        ExportError::IdempotencyKey => (
            S::BAD_REQUEST,
            "invalid_idempotency_key",
            "Invalid Idempotency-Key",
        ),
    }
}

fn stored_requests(error: &StoredRequestsError) -> Kind {
    use StatusCode as S;
    match error {
        StoredRequestsError::NoRedis => (S::SERVICE_UNAVAILABLE, "no_redis", "No Redis is set"),
        StoredRequestsError::BadId => INVALID_PARAMETER,
        StoredRequestsError::NoSession(_) => (S::NOT_FOUND, "unknown_session", "Unknown session"),
        StoredRequestsError::NoRequest { .. }
        | StoredRequestsError::NoSessions
        | StoredRequestsError::NoneComplete(_)
        | StoredRequestsError::NotStored { .. } => {
            (S::NOT_FOUND, "request_not_stored", "The request is not stored")
        }
        StoredRequestsError::NotJson { .. } => (
            S::BAD_GATEWAY,
            "stored_request_unreadable",
            "The stored request is not JSON",
        ),
        StoredRequestsError::Redis(_) => (S::BAD_GATEWAY, "redis_failed", "Redis failed"),
    }
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Storage(StorageError::Missing(_)) => NoFile::Missing.into(),
            error => Self::StoredExport(error),
        }
    }
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> Self {
        ExportError::from(error).into()
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        FileError::from(error).into()
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Database(error) => error.into(),
            AuthError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<NotReady> for ApiError {
    fn from(error: NotReady) -> Self {
        match error {
            NotReady::Stopping => Self::ShuttingDown,
            NotReady::Database(error) => error.into(),
        }
    }
}

impl From<ProbeError> for ApiError {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Database(error) => error.into(),
            error => Self::Probe(error),
        }
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Access(error) => error.into(),
            RequestError::Parameter(error) => error.into(),
        }
    }
}

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Access(error) => error.into(),
            OrderError::Parameter(error) => error.into(),
            OrderError::Export(error) => error.into(),
            OrderError::Permission(error) => error.into(),
        }
    }
}

impl From<RenderError> for ApiError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::HubTables { dataset, reason } => Self::DatasetUnavailable {
                name: dataset,
                reason: reason.to_string(),
            },
            RenderError::Database(error) => error.into(),
        }
    }
}

impl From<PlanError> for ApiError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Render(error) => error.into(),
            PlanError::Nothing(nothing) => nothing.into(),
            PlanError::TooManyRows(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "a query failed");
        match error {
            sqlx::Error::PoolTimedOut => Self::ExportsBusy,
            error if is_unreachable(&error) => Self::Unreachable,
            error => Self::Source(public_message(&error)),
        }
    }
}
