//! Checks that a caller may see, download or change an export.

use api::workspaces::WorkspaceRole;

use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::Usage;
use crate::datasets::query::AccessError;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::record::ExportRecord;
use crate::permissions::{DownloadRight, ExportTarget, Right};
use crate::routes::dataset_access::within_now;

/// An export, and the caller who may see it.
pub struct Seen {
    pub record: ExportRecord,
    /// Within the workspace of the export, if it is of one and they are no administrator.
    pub caller: Caller,
}

/// Returns an export that the caller may see: their own, and those of a workspace for its administrators. Administrators of Decant
/// see all.
///
/// # Errors
/// [`ApiError::Export`] with [`ExportError::Unknown`] or [`ExportError::NotYours`]; [`ApiError::Access`] for an export of a
/// workspace that the caller has left.
pub async fn find(app: &App, caller: &Caller, id: &str) -> Result<Seen, ApiError> {
    see(app, caller, app.exports.find(id).await?).await
}

/// Returns an export that the caller may see and change.
///
/// # Errors
/// As of [`find`]; [`ApiError::Permission`] for an export of another person.
pub async fn find_to_change(app: &App, caller: &Caller, id: &str) -> Result<ExportRecord, ApiError> {
    let seen = find(app, caller, id).await?;
    seen.check_change(app).await?;
    Ok(seen.record)
}

/// Checks that the caller may see an export now.
///
/// # Errors
/// As of [`find`].
pub async fn see(app: &App, caller: &Caller, record: ExportRecord) -> Result<Seen, ApiError> {
    let caller = check(app, caller, &record).await?;
    Ok(Seen { record, caller })
}

impl Seen {
    /// Checks that the caller may change the export: their own, and those of others unless a permission refuses that.
    ///
    /// # Errors
    /// [`ApiError::Permission`]; [`ApiError::Export`] if the state database does not answer.
    pub async fn check_change(&self, app: &App) -> Result<(), ApiError> {
        match self.is_own() {
            true => Ok(()),
            false => self.check(app, Right::Manage).await,
        }
    }

    /// Checks that no permission refuses this right.
    ///
    /// # Errors
    /// As of [`Self::check_change`].
    pub async fn check(&self, app: &App, right: Right) -> Result<(), ApiError> {
        let permissions = app.permissions.of(&self.caller).await?;
        Ok(permissions.check(right, &self.target(app))?)
    }

    /// Checks that the caller may make the export again. That changes the exports of its person.
    ///
    /// # Errors
    /// As of [`Self::check_change`].
    pub async fn check_repeat(&self, app: &App) -> Result<(), ApiError> {
        let permissions = app.permissions.of(&self.caller).await?;
        let target = self.target(app);
        if !self.is_own() {
            permissions.check(Right::Manage, &target)?;
        }
        Ok(permissions.check(Right::Create, &target)?)
    }

    /// Returns the right to the file of the export.
    ///
    /// # Errors
    /// As of [`Self::check_change`].
    pub async fn right_to_download(&self, app: &App) -> Result<DownloadRight, ApiError> {
        let permissions = app.permissions.of(&self.caller).await?;
        Ok(permissions.right_to_download(&self.target(app))?)
    }

    fn is_own(&self) -> bool {
        self.record.subject == self.caller.subject.to_string()
    }

    fn target(&self, app: &App) -> ExportTarget {
        self.record.target(&app.catalog.get(), &self.caller)
    }
}

/// Returns the caller, within the workspace of the export if it is of one and they are no administrator.
async fn check(app: &App, caller: &Caller, record: &ExportRecord) -> Result<Caller, ApiError> {
    if caller.is_administrator() {
        return Ok(caller.clone());
    }
    let is_own = record.subject == caller.subject.to_string() && !record.is_hidden_from(caller);
    let Some(workspace) = &record.workspace_id else {
        return match is_own {
            true => Ok(caller.clone()),
            false => Err(ExportError::NotYours.into()),
        };
    };
    match within_now(app, caller.clone(), &record.dataset, workspace).await {
        Ok(member) if is_own || is_administrator_of_workspace(&member) => {
            check_role_for(app, &member, record)?;
            Ok(member)
        }
        // The answer has no name of the workspace.
        Err(error) if is_own || !matches!(error, ApiError::Access(AccessError::NotAMember)) => Err(error),
        Ok(_) | Err(_) => Err(ExportError::NotYours.into()),
    }
}

/// Checks that a caller within a workspace may export such rows now: since the export, the role may have become too low.
fn check_role_for(app: &App, member: &Caller, record: &ExportRecord) -> Result<(), AccessError> {
    let catalog = app.catalog.get();
    match (catalog.get(&record.dataset), catalog.bundle(&record.dataset)) {
        (Some(dataset), _) => dataset.check_access(member, Usage::Export),
        (None, Some(bundle)) => bundle.check_access(member),
        (None, None) => Ok(()),
    }
}

/// Returns whether a caller within a workspace sees the exports of its other members.
pub fn is_administrator_of_workspace(member: &Caller) -> bool {
    member
        .membership()
        .is_some_and(|membership| membership.role() >= WorkspaceRole::Admin)
}
