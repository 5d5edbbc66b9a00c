//! Why an attempt to make an export failed, and whether another one may succeed.

use tokio::task::JoinError;
use wasm_export::ExportError;
use wasm_export::bundle::BundleError;
use wasm_export::rows::Problem;

use super::files::FileError;
use crate::auth::AuthError;
use crate::datasets::RenderError;
use crate::datasets::bundle_request::RequestError;
use crate::datasets::query::AccessError;
use crate::datasets::settled::Unsettled;
use crate::datasets::workspaces::WorkspacesError;
use crate::parameter::ParameterError;
use crate::permissions::NotPermitted;
use crate::rows::PlanError;
use crate::source::{is_of_connection, public_message};
use crate::state::StateError;
use crate::storage::StorageError;

/// The code of a failure that means that the person has lost the right to the rows.
pub(super) const NO_LONGER_ALLOWED: &str = "no_longer_allowed";

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Stable, for programs.
    pub code: String,
    /// A sentence for the person who asked.
    pub message: String,
    pub is_retryable: bool,
}

impl Failure {
    /// Returns a failure that the next attempt has, too.
    pub fn lasting(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            is_retryable: false,
        }
    }

    /// Returns a failure that the next attempt may not have.
    pub fn passing(code: &str, message: impl Into<String>) -> Self {
        Self {
            is_retryable: true,
            ..Self::lasting(code, message)
        }
    }

    /// A thread or a task of the worker has panicked.
    pub fn of_worker(error: &JoinError) -> Self {
        Self::passing("worker_failed", format!("The worker failed: {error}"))
    }

    /// The attempt was stopped. Nobody reads it, because the cause is known.
    pub fn stopped() -> Self {
        Self::passing("worker_stopped", "The worker has stopped")
    }

    /// The person may no longer see these rows.
    pub fn no_longer_allowed(reason: impl std::fmt::Display) -> Self {
        Self::lasting(
            NO_LONGER_ALLOWED,
            format!("The export is no longer allowed: {reason}"),
        )
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        Self::no_longer_allowed(error)
    }
}

/// The definition of the dataset has changed since the request was checked.
impl From<ParameterError> for Failure {
    fn from(error: ParameterError) -> Self {
        Self::lasting(
            "invalid_parameter",
            format!("The request is no longer good: {error}"),
        )
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Access(error) => error.into(),
            RequestError::Parameter(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "a query of a background export failed");
        let code = error.as_database_error().and_then(|error| error.code());
        // Class 40, transactions that a conflict ended; 55, locked objects.
        let is_conflict = code.is_some_and(|code| code.starts_with("40") || code.starts_with("55"));
        Self {
            code: "source_failed".to_owned(),
            message: public_message(&error),
            is_retryable: is_conflict || is_of_connection(&error),
        }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Database(error) => error.into(),
            AuthError::Refused(refusal) => Self::no_longer_allowed(refusal),
        }
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Database(error) => error.into(),
            RenderError::HubTables { dataset, .. } => unavailable(&dataset),
        }
    }
}

impl From<NotPermitted> for Failure {
    fn from(error: NotPermitted) -> Self {
        Self::no_longer_allowed(error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Render(error) => error.into(),
            nothing @ PlanError::Nothing(_) => Self::lasting("nothing_to_export", nothing.to_string()),
            too_many @ PlanError::TooManyRows(_) => Self::lasting("too_many_rows", too_many.to_string()),
        }
    }
}

impl From<WorkspacesError> for Failure {
    fn from(error: WorkspacesError) -> Self {
        match error {
            WorkspacesError::Database(error) => error.into(),
            WorkspacesError::Tables(_) => unavailable("workspaces"),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        tracing::error!(
            error = error.details(),
            "the storage failed for a background export"
        );
        let mut message = error.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::passing("storage_failed", message)
    }
}

impl From<Unsettled> for Failure {
    fn from(error: Unsettled) -> Self {
        match error {
            Unsettled::Database(error) => error.into(),
            Unsettled::Unseen(reason) => Self::lasting(
                "increment_refused",
                format!("A row that comes late would be in no file: {reason}"),
            ),
            Unsettled::Prepared | Unsettled::Hidden => Self::passing("rows_not_settled", error.to_string()),
        }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::passing("state_database_unavailable", error.to_string())
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Failed(problem) => of_stream(&problem),
            ExportError::Interrupted { .. } => Self::passing("source_failed", error.to_string()),
            error => Self::lasting("export_failed", error.to_string()),
        }
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Failed(problem) => of_stream(&problem),
            BundleError::Interrupted { .. } => Self::passing("source_failed", error.to_string()),
            error => Self::lasting("export_failed", error.to_string()),
        }
    }
}

/// Returns the failure of a stream of rows. Data exceptions (22) and wrong names (42) are the same in the next attempt; so is a
/// missing right.
fn of_stream(problem: &Problem) -> Failure {
    let is_lasting = ["(22", "(42", " 22", " 42"]
        .iter()
        .any(|class| problem.detail.contains(class));
    match is_lasting {
        true => Failure::lasting(&problem.code, problem.detail.clone()),
        false => Failure::passing(&problem.code, problem.detail.clone()),
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Storage(error) => error.into(),
            FileError::State(error) => error.into(),
            error => Self::passing("storage_failed", error.to_string()),
        }
    }
}

/// Returns the failure of a dataset that cannot be used in this database. The reason is in the log, for administrators.
pub(super) fn unavailable(name: &str) -> Failure {
    Failure::lasting(
        "dataset_unavailable",
        format!("The dataset `{name}` cannot be used in this database; an administrator sees the reason"),
    )
}
