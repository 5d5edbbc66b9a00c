//! Everything the page asks of the server. A request whose future is dropped is aborted.

mod request;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wasm_export::Zone;
use wasm_export::rows::Problem;

use crate::backups::Overview;
use crate::database::{DumpMode, Status};
use crate::dataset::{Dataset, FilterOptions};
use crate::restore::side_databases::SideDatabase;
use crate::route::path_part;

use crate::log_cleanup::Preview;
use crate::selection::with_pairs;
use crate::session_requests::SessionRequests;
use crate::table_page::TablePage;
pub use request::Answer;
use request::{get, post, post_for_events};

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// The visitor's name.
    pub name: String,
    /// What the visitor may see.
    pub role: Role,
    /// The gateway's number of the user, where the visitor is one.
    #[serde(default)]
    pub user_id: Option<i64>,
}

/// What a visitor may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everybody's rows.
    Admin,
    /// Their own rows.
    User,
}

/// Who is signed in; status 401 where nobody is.
///
/// # Errors
/// As the server says.
pub async fn me() -> Result<Me, Problem> {
    get("/api/me").await?.json().await
}

/// Signs in with an access key or the admin token.
///
/// # Errors
/// As the server says; too many attempts say when to try again.
pub async fn sign_in(token: &str) -> Result<Me, Problem> {
    post("/api/login", &json!({ "token": token })).await?.json().await
}

/// Signs out.
///
/// # Errors
/// As the server says.
pub async fn sign_out() -> Result<(), Problem> {
    post("/api/logout", &json!({})).await.map(drop)
}

/// All datasets, the unavailable ones with their reasons.
///
/// # Errors
/// As the server says.
pub async fn datasets() -> Result<Vec<Dataset>, Problem> {
    #[derive(Deserialize)]
    struct Datasets {
        datasets: Vec<Dataset>,
    }
    let Datasets { datasets } = get("/api/datasets").await?.json().await?;
    Ok(datasets)
}

/// The page of the table after a cursor.
///
/// # Errors
/// As the server says, or the answer is not whole.
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
    let stream = get(&format!("/api/datasets/{dataset}/page?{query}"))
        .await?
        .bytes()
        .await?;
    TablePage::read(&stream, zone).map_err(|problem| *problem)
}

/// How many rows a selection has, exactly.
///
/// # Errors
/// As the server says.
pub async fn count(dataset: String, query: String) -> Result<u64, Problem> {
    #[derive(Deserialize)]
    struct Count {
        rows: u64,
    }
    let Count { rows } = get(&format!("/api/datasets/{dataset}/count?{query}"))
        .await?
        .json()
        .await?;
    Ok(rows)
}

/// The values there are for a filter.
///
/// # Errors
/// As the server says.
pub async fn options(dataset: String, filter: String) -> Result<FilterOptions, Problem> {
    get(&format!("/api/datasets/{dataset}/options/{filter}"))
        .await?
        .json()
        .await
}

/// Where the raw rows of an export are.
#[must_use]
pub fn rows_url(dataset: &str, query: &str) -> String {
    let separator = if query.is_empty() { "" } else { "?" };
    format!("/api/datasets/{dataset}/rows{separator}{query}")
}

/// The requests of a session that are still stored.
///
/// # Errors
/// As the server says.
pub async fn session_requests(session: String) -> Result<SessionRequests, Problem> {
    get(&format!("/api/sessions/{}/requests", path_part(&session)))
        .await?
        .json()
        .await
}

/// A stored request as it is stored: JSON that nobody has laid out.
///
/// # Errors
/// As the server says.
pub async fn session_request(session: &str, sequence: u64) -> Result<Answer, Problem> {
    let session = path_part(session);
    get(&format!("/api/sessions/{session}/requests/{sequence}")).await
}

/// What the database is, and who is at it.
///
/// # Errors
/// As the server says.
pub async fn database_status() -> Result<Status, Problem> {
    get("/api/admin/database/status").await?.json().await
}

/// Where a dump is.
#[must_use]
pub fn dump_url(mode: DumpMode) -> String {
    format!("/api/admin/database/export?mode={}", mode.word())
}

/// Where dumps are taken in.
pub const IMPORT_URL: &str = "/api/admin/database/import";

/// The databases that restores have left, the newest first.
///
/// # Errors
/// As the server says.
pub async fn copies() -> Result<Vec<SideDatabase>, Problem> {
    #[derive(Deserialize)]
    struct SideDatabases {
        copies: Vec<SideDatabase>,
    }
    let SideDatabases { copies } = get("/api/admin/database/copies").await?.json().await?;
    Ok(copies)
}

/// Puts one of them into the place of the live one, which is kept; gives its new name.
///
/// # Errors
/// As the server says.
pub async fn put_back(name: &str) -> Result<String, Problem> {
    #[derive(Deserialize)]
    struct PutBack {
        previous: String,
    }
    let url = format!("/api/admin/database/copies/{}/restore", path_part(name));
    let PutBack { previous } = post(&url, &json!({})).await?.json().await?;
    Ok(previous)
}

/// Removes one of them.
///
/// # Errors
/// As the server says.
pub async fn remove_copy(name: &str) -> Result<(), Problem> {
    let url = format!("/api/admin/database/copies/{}/remove", path_part(name));
    post(&url, &json!({})).await.map(drop)
}

const BACKUPS_URL: &str = "/api/admin/database/backups";

/// The backups in the storage, and what is going on with them.
///
/// # Errors
/// As the server says.
pub async fn backups() -> Result<Overview, Problem> {
    get(BACKUPS_URL).await?.json().await
}

/// Begins to make a backup.
///
/// # Errors
/// As the server says.
pub async fn make_backup() -> Result<(), Problem> {
    post(BACKUPS_URL, &json!({})).await.map(drop)
}

/// Begins to prove a backup.
///
/// # Errors
/// As the server says.
pub async fn prove_backup(name: &str) -> Result<(), Problem> {
    post(&format!("{}/prove", backup_url(name)), &json!({}))
        .await
        .map(drop)
}

/// Removes a backup.
///
/// # Errors
/// As the server says.
pub async fn remove_backup(name: &str) -> Result<(), Problem> {
    post(&format!("{}/remove", backup_url(name)), &json!({}))
        .await
        .map(drop)
}

/// Where a backup lies, as it is stored.
#[must_use]
pub fn backup_url(name: &str) -> String {
    format!("{BACKUPS_URL}/{}", path_part(name))
}

/// Where logs are cleaned up.
const CLEANUP_URL: &str = "/api/admin/log-cleanup/manual";

/// What a clean-up would delete; nothing is changed.
///
/// # Errors
/// As the server says.
pub async fn preview_cleanup(mut conditions: Map<String, Value>) -> Result<Preview, Problem> {
    conditions.insert("dryRun".to_owned(), json!(true));
    post(CLEANUP_URL, &Value::Object(conditions)).await?.json().await
}

/// Begins a clean-up. Its answer tells of it while it goes on; dropping it ends it.
///
/// # Errors
/// As the server says.
pub async fn clean_up_logs(order: Map<String, Value>) -> Result<Answer, Problem> {
    post_for_events(CLEANUP_URL, &Value::Object(order)).await
}
