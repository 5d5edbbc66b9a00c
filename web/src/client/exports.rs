//! Requests about background exports.

use api::data_exports::ExportStatistics;
use api::export_files::{ExportLink, ExportVerification, Verification};
use api::exports::{Export, ExportAnswer, ExportLimits, ExportList, ExportRequest, ExportStatusAnswer};
use api::workspace_exports::WorkspaceStorage;
use wasm_export::rows::Problem;

use super::request::{delete, get, post, post_empty};
use crate::route::path_part;
use crate::selection::with_pairs;

const EXPORTS_URL: &str = "api/exports";

/// Returns one page of the list; see [`ExportsChoice`](crate::route::ExportsChoice::list_query).
pub async fn exports(query: String) -> Result<ExportList, Problem> {
    get(&format!("{EXPORTS_URL}?{query}")).await?.json().await
}

/// Creates a background export. The server makes its file later.
pub async fn create_export(request: &ExportRequest) -> Result<Export, Problem> {
    let ExportAnswer { export } = post(EXPORTS_URL, request).await?.json().await?;
    Ok(export)
}

pub async fn export(id: &str) -> Result<Export, Problem> {
    let ExportAnswer { export } = get(&export_url(id)).await?.json().await?;
    Ok(export)
}

/// Returns an export with at most `logs` of its newest messages.
pub async fn export_status(id: String, logs: u32) -> Result<ExportStatusAnswer, Problem> {
    get(&format!("{}/status?logs={logs}", export_url(&id)))
        .await?
        .json()
        .await
}

/// Returns what the visitor may still create and store.
pub async fn export_limits() -> Result<ExportLimits, Problem> {
    get(&format!("{EXPORTS_URL}/limits")).await?.json().await
}

/// Returns the figures of exports; see [`StatisticsChoice`](crate::route::StatisticsChoice::figures_query).
pub async fn export_statistics(query: String) -> Result<ExportStatistics, Problem> {
    get(&format!("{EXPORTS_URL}/stats?{query}")).await?.json().await
}

/// Cancels an export that waits or runs.
pub async fn cancel_export(id: &str) -> Result<Export, Problem> {
    let url = format!("{}/cancel", export_url(id));
    let ExportAnswer { export } = post_empty(&url).await?.json().await?;
    Ok(export)
}

/// Makes an export again, as a new one.
pub async fn retry_export(id: &str) -> Result<Export, Problem> {
    let url = format!("{}/retry", export_url(id));
    let ExportAnswer { export } = post_empty(&url).await?.json().await?;
    Ok(export)
}

/// Deletes an export and its file.
pub async fn delete_export(id: &str) -> Result<(), Problem> {
    delete(&export_url(id)).await.map(drop)
}

/// Reads the stored file and compares it with the record.
pub async fn verify_export(id: &str) -> Result<Verification, Problem> {
    let url = format!("{}/verify", export_url(id));
    let ExportVerification { verification, .. } = post_empty(&url).await?.json().await?;
    Ok(verification)
}

/// Makes a link to the file, good for so many seconds, or for one download in this time.
pub async fn export_link(id: &str, seconds: u32, is_once: bool) -> Result<ExportLink, Problem> {
    let (seconds, once) = (seconds.to_string(), is_once.to_string());
    let query = with_pairs("", &[("expiresIn", &seconds), ("once", &once)]);
    get(&format!("{}/link?{query}", export_url(id)))
        .await?
        .json()
        .await
}

/// Returns the URL of the stored file.
pub fn export_download_url(id: &str) -> String {
    format!("{}/download", export_url(id))
}

/// Returns the URL of the signed receipt.
pub fn export_receipt_url(id: &str) -> String {
    format!("{}/receipt", export_url(id))
}

/// Returns the signed receipt as it is to be stored.
pub async fn export_receipt(id: &str) -> Result<Vec<u8>, Problem> {
    get(&export_receipt_url(id)).await?.bytes().await
}

/// Returns the URL of the stream of an export's progress.
pub fn export_events_url(id: &str) -> String {
    format!("{}/events", export_url(id))
}

/// Returns the stored files of a workspace in figures. Only its administrators see them.
pub async fn workspace_storage(id: &str) -> Result<WorkspaceStorage, Problem> {
    get(&format!("api/workspaces/{}/storage", path_part(id)))
        .await?
        .json()
        .await
}

fn export_url(id: &str) -> String {
    format!("{EXPORTS_URL}/{}", path_part(id))
}
