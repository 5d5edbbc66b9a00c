//! Who may see and change an export.

use api::workspaces::WorkspaceRole;

use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::Usage;
use crate::datasets::query::AccessError;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::record::ExportRecord;
use crate::routes::dataset_access::within_now;

/// Returns an export that the caller may see, change and download: their own, and those of a workspace for its administrators.
/// Administrators of Decant see all.
///
/// # Errors
/// [`ApiError::Export`] with [`ExportError::Unknown`] or [`ExportError::NotYours`]; [`ApiError::Access`] for an export of a
/// workspace that the caller has left.
pub async fn find(app: &App, caller: &Caller, id: &str) -> Result<ExportRecord, ApiError> {
    let record = app.exports.find(id).await?;
    check(app, caller, &record).await?;
    Ok(record)
}

/// Checks that the caller may see an export now.
///
/// # Errors
/// As of [`find`].
pub async fn check(app: &App, caller: &Caller, record: &ExportRecord) -> Result<(), ApiError> {
    if caller.is_administrator() {
        return Ok(());
    }
    let is_own = record.subject == caller.subject.to_string() && !record.is_hidden_from(caller);
    let Some(workspace) = &record.workspace_id else {
        return match is_own {
            true => Ok(()),
            false => Err(ExportError::NotYours.into()),
        };
    };
    match within_now(app, caller.clone(), &record.dataset, workspace).await {
        Ok(member) if is_own || is_administrator_of_workspace(&member) => {
            Ok(check_role_for(app, &member, record)?)
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
