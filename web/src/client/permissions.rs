//! Requests about permissions for exports. Only administrators may send them.

use api::export_permissions::{
    ExportPermission, ExportPermissionAnswer, ExportPermissionList, ExportPermissionRequest,
};
use wasm_export::rows::Problem;

use super::request::{delete, get, put};

const PERMISSIONS_URL: &str = "api/admin/export-permissions";

/// The most that the server lists at once.
const PERMISSIONS_MAX: u32 = 1_000;

pub async fn export_permissions() -> Result<ExportPermissionList, Problem> {
    get(&format!("{PERMISSIONS_URL}?limit={PERMISSIONS_MAX}"))
        .await?
        .json()
        .await
}

/// Gives a permission, in the place of the one for the same holder, type, dataset and format.
pub async fn give_permission(request: &ExportPermissionRequest) -> Result<ExportPermission, Problem> {
    let ExportPermissionAnswer { permission } = put(PERMISSIONS_URL, request).await?.json().await?;
    Ok(permission)
}

/// Replaces all values of a permission.
pub async fn replace_permission(
    id: u64,
    request: &ExportPermissionRequest,
) -> Result<ExportPermission, Problem> {
    let ExportPermissionAnswer { permission } = put(&permission_url(id), request).await?.json().await?;
    Ok(permission)
}

pub async fn withdraw_permission(id: u64) -> Result<(), Problem> {
    delete(&permission_url(id)).await.map(drop)
}

fn permission_url(id: u64) -> String {
    format!("{PERMISSIONS_URL}/{id}")
}
