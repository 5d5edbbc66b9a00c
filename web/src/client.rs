//! Requests to the server, one function each. Dropping a future aborts its request.
//!
//! Every error is the problem that the server answered, `connection_lost` without an answer, or `unreadable`
//! for an answer that does not fit its type.
//!
//! All addresses are relative to the `<base>` of the page, and in a worker to its program beside the page.

mod exports;
mod permissions;
mod request;
mod schedules;
mod templates;

use api::backups::{BackupOverview, BackupRequest};
use api::bundles::Bundles;
use api::cleanup::{CleanupPreview, CleanupRequest};
use api::database::{DatabaseStatus, DumpMode};
use api::datasets::{Datasets, FilterOptions, RowCount, Summary};
use api::login::{Caller, SignIn};
use api::probes::ProbeEndpoints;
use api::restore::{RollbackResult, SideDatabase, SideDatabases};
use api::session_requests::SessionRequests;
use api::webhooks::{OldWebhooks, WebhookMigrationRequest, WebhookMigrationResult};
use api::workspaces::Workspaces;
use wasm_export::Zone;
use wasm_export::options::Format;
use wasm_export::rows::Problem;
use wasm_export::session_request::Part;

use crate::option_labels::with_distinct_labels;
use crate::route::path_part;
use crate::selection::{WORKSPACE, with_pairs};
use crate::table_page::TablePage;
pub use exports::{
    cancel_export, create_export, delete_export, export, export_download_url, export_events_url,
    export_limits, export_link, export_receipt, export_receipt_url, export_statistics, export_status,
    exports, retry_export, verify_export, workspace_storage,
};
pub use permissions::{export_permissions, give_permission, replace_permission, withdraw_permission};
pub use request::Answer;
use request::{get, head, post, post_empty, post_for_events};
pub use schedules::{change_schedule, create_schedule, delete_schedule, run_schedule, schedules};
pub use templates::{delete_template, save_template, templates};

/// A problem of status 401 means that the visitor is not signed in.
pub async fn me() -> Result<Caller, Problem> {
    get("api/me").await?.json().await
}

/// Takes an access key or the admin token.
pub async fn sign_in(token: &str) -> Result<Caller, Problem> {
    let token = token.to_owned();
    post("api/login", &SignIn { token }).await?.json().await
}

pub async fn sign_out() -> Result<(), Problem> {
    post_empty("api/logout").await.map(drop)
}

/// Returns unavailable datasets too, each with its reason.
pub async fn datasets() -> Result<Datasets, Problem> {
    get("api/datasets").await?.json().await
}

/// Returns the workspaces of the visitor; of an administrator, all of them.
pub async fn workspaces() -> Result<Workspaces, Problem> {
    get("api/workspaces").await?.json().await
}

/// Returns the bundles that the visitor may have, and for administrators those that are not available.
pub async fn bundles() -> Result<Bundles, Problem> {
    get("api/bundles").await?.json().await
}

/// Asks whether the server would refuse a preview.
pub async fn check_preview(url: &str) -> Result<(), Problem> {
    match head(url).await {
        Ok(_) => Ok(()),
        // An answer to HEAD has no body, so only GET tells the reason.
        Err(_) => get(url).await.map(drop),
    }
}

/// Returns the URL of the stream of a bundle's parts, for the export worker.
pub fn bundle_rows_url(bundle: &str, query: &str) -> String {
    format!("api/bundles/{bundle}/rows?{query}")
}

/// Returns at most `rows_max` rows after a cursor, or the first ones. Times are written in `zone`.
pub async fn page(
    dataset: String,
    query: String,
    after: Option<String>,
    rows_max: usize,
    zone: Zone,
) -> Result<TablePage, Problem> {
    let limit = rows_max.to_string();
    let mut query = with_pairs(&query, &[("limit", &limit)]);
    if let Some(after) = after {
        query = with_pairs(&query, &[("after", &after)]);
    }
    let stream = get(&format!("api/datasets/{dataset}/page?{query}"))
        .await?
        .bytes()
        .await?;
    TablePage::read(&stream, zone).map_err(|problem| *problem)
}

/// Returns the exact number of rows of a selection.
pub async fn count(dataset: String, query: String) -> Result<u64, Problem> {
    let RowCount { rows } = get(&format!("api/datasets/{dataset}/count?{query}"))
        .await?
        .json()
        .await?;
    Ok(rows)
}

/// Returns the figures of all rows of a selection.
pub async fn summary(dataset: String, query: String) -> Result<Summary, Problem> {
    get(&format!("api/datasets/{dataset}/summary?{query}"))
        .await?
        .json()
        .await
}

/// Returns the values that a filter can have, or those whose names contain a text. Their names differ. A dataset of workspaces
/// needs the id of one.
pub async fn options(
    dataset: String,
    workspace: Option<String>,
    filter: String,
    text: Option<String>,
) -> Result<FilterOptions, Problem> {
    let pairs = [(WORKSPACE, workspace.as_deref()), ("q", text.as_deref())];
    let pairs = pairs.map(|(name, value)| value.map(|value| (name, value)));
    let query = with_pairs("", &pairs.into_iter().flatten().collect::<Vec<_>>());
    let FilterOptions { options, truncated } =
        get(&format!("api/datasets/{dataset}/options/{filter}?{query}"))
            .await?
            .json()
            .await?;
    Ok(FilterOptions {
        options: with_distinct_labels(options),
        truncated,
    })
}

/// Returns the URL of a raw-row stream, for the export worker.
pub fn rows_url(dataset: &str, query: &str) -> String {
    let separator = if query.is_empty() { "" } else { "?" };
    format!("api/datasets/{dataset}/rows{separator}{query}")
}

pub async fn probe_endpoints() -> Result<ProbeEndpoints, Problem> {
    get("api/probes/endpoints").await?.json().await
}

/// Returns the URL of a stream of probes that begins with at most `backlog` of the last ones.
pub fn probe_stream_url(endpoint: Option<i64>, search: &str, backlog: usize) -> String {
    let mut query = with_pairs("", &[("backlog", &backlog.to_string())]);
    if let Some(endpoint) = endpoint {
        query = with_pairs(&query, &[("endpoint", &endpoint.to_string())]);
    }
    if !search.is_empty() {
        query = with_pairs(&query, &[("search", search)]);
    }
    format!("api/probes/stream?{query}")
}

/// Asks for a stream only to learn whether the server refuses it.
pub async fn check_probe_stream(url: &str) -> Result<(), Problem> {
    get(url).await.map(drop)
}

pub async fn session_requests(session: String) -> Result<SessionRequests, Problem> {
    get(&format!("api/sessions/{}/requests", path_part(&session)))
        .await?
        .json()
        .await
}

/// The body is the stored JSON without any reformatting: of one part, or of the whole request.
pub async fn session_request(
    session: &str,
    sequence: u64,
    part: Option<Part>,
    shows_secrets: bool,
) -> Result<Answer, Problem> {
    let session = path_part(session);
    let mut query = secrets_query(shows_secrets);
    if let Some(part) = part {
        query = with_pairs(&query, &[("parts", part.word())]);
    }
    get(&format!("api/sessions/{session}/requests/{sequence}?{query}")).await
}

/// The body has all stored requests of the session, one a line.
pub async fn session_export(session: &str, shows_secrets: bool) -> Result<Answer, Problem> {
    let session = path_part(session);
    let query = with_pairs(&secrets_query(shows_secrets), &[("format", Format::Jsonl.word())]);
    get(&format!("api/sessions/{session}/export?{query}")).await
}

fn secrets_query(shows_secrets: bool) -> String {
    match shows_secrets {
        true => with_pairs("", &[("secrets", "true")]),
        false => String::new(),
    }
}

pub async fn database_status() -> Result<DatabaseStatus, Problem> {
    get("api/admin/database/status").await?.json().await
}

pub fn dump_url(mode: DumpMode) -> String {
    format!("api/admin/database/export?mode={}", mode.word())
}

pub const IMPORT_URL: &str = "api/admin/database/import";

/// Asks whether a restore could begin now. While another operation holds the lock, the problem names it.
pub async fn check_restore() -> Result<(), Problem> {
    post_empty(&format!("{IMPORT_URL}?check=true")).await.map(drop)
}

/// Returns the databases that restores have left on the server, newest first.
pub async fn side_databases() -> Result<Vec<SideDatabase>, Problem> {
    let SideDatabases { copies } = get("api/admin/database/copies").await?.json().await?;
    Ok(copies)
}

/// Makes one of them the live database again. Returns the name under which the replaced one is kept.
pub async fn roll_back(name: &str) -> Result<String, Problem> {
    let url = format!("api/admin/database/copies/{}/restore", path_part(name));
    let RollbackResult { previous } = post_empty(&url).await?.json().await?;
    Ok(previous)
}

pub async fn remove_side_database(name: &str) -> Result<(), Problem> {
    let url = format!("api/admin/database/copies/{}/remove", path_part(name));
    post_empty(&url).await.map(drop)
}

const BACKUPS_URL: &str = "api/admin/database/backups";

pub async fn backups() -> Result<BackupOverview, Problem> {
    get(BACKUPS_URL).await?.json().await
}

/// Starts a backup; `backups` reports its progress.
pub async fn make_backup() -> Result<(), Problem> {
    post(BACKUPS_URL, &BackupRequest::default()).await.map(drop)
}

/// Starts a restore test of a backup; `backups` reports its result.
pub async fn test_backup(name: &str) -> Result<(), Problem> {
    post_empty(&format!("{}/prove", backup_url(name))).await.map(drop)
}

pub async fn remove_backup(name: &str) -> Result<(), Problem> {
    post_empty(&format!("{}/remove", backup_url(name)))
        .await
        .map(drop)
}

/// Returns the URL from which a backup is downloaded as it is stored.
pub fn backup_url(name: &str) -> String {
    format!("{BACKUPS_URL}/{}", path_part(name))
}

const WEBHOOKS_URL: &str = "api/admin/webhooks/migration";

/// Returns the webhooks in the hub's old settings.
pub async fn old_webhooks() -> Result<OldWebhooks, Problem> {
    get(WEBHOOKS_URL).await?.json().await
}

/// Makes targets and bindings of them.
pub async fn migrate_webhooks(request: &WebhookMigrationRequest) -> Result<WebhookMigrationResult, Problem> {
    post(WEBHOOKS_URL, request).await?.json().await
}

const CLEANUP_URL: &str = "api/admin/log-cleanup/manual";

/// Counts the rows that a clean-up would delete. Deletes nothing.
pub async fn preview_cleanup(conditions: &CleanupRequest) -> Result<CleanupPreview, Problem> {
    let request = CleanupRequest {
        dry_run: true,
        ..conditions.clone()
    };
    post(CLEANUP_URL, &request).await?.json().await
}

/// Starts a clean-up. The answer is a stream of events; dropping it cancels the clean-up.
pub async fn clean_up_logs(request: &CleanupRequest) -> Result<Answer, Problem> {
    post_for_events(CLEANUP_URL, request).await
}
