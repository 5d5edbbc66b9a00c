//! The operator within a workspace.

use sqlx::PgConnection;

use crate::auth::Caller;
use crate::datasets::Catalog;

/// Returns the operator within a workspace.
///
/// # Errors
/// There is no workspace with this id, or the look-up fails.
pub(super) async fn within(
    catalog: &Catalog,
    workspace: &str,
    session: &mut PgConnection,
) -> Result<Caller, Box<dyn std::error::Error>> {
    let operator = Caller::operator();
    let membership = catalog
        .workspaces()
        .membership(session, &operator, workspace)
        .await?;
    match membership {
        Some(membership) => Ok(operator.within(membership)),
        None => Err(format!("there is no workspace `{workspace}`").into()),
    }
}
