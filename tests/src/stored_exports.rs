//! Exports whose record and file a test makes itself, so that it chooses state, owner, size and age.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::app::App;
use crate::cluster::folder;
use crate::database::Database;
use crate::program::Settings;

/// A server with a state database, and a storage in a folder.
#[derive(Debug)]
pub struct Bed {
    // Before the databases: fields are dropped in their order.
    pub app: App,
    pub state: Database,
    pub storage: TempDir,
}

/// An export to be made.
#[derive(Clone, Debug)]
pub struct Made<'a> {
    pub subject: &'a str,
    pub role: &'a str,
    pub scope: Value,
    pub workspace: Option<&'a str>,
    pub dataset: &'a str,
    pub format: &'a str,
    /// Of the formatter.
    pub options: Value,
    pub status: &'a str,
    pub file_name: &'a str,
    pub rows: u64,
    /// An interval of PostgreSQL after now.
    pub expires_in: &'a str,
    /// The number of the last claim.
    pub fence: i64,
    /// The number of the claim in the name of the file.
    pub fence_of_file: i64,
}

/// An export that was made.
#[derive(Clone, Debug)]
pub struct MadeExport {
    pub id: String,
    /// The name of the file in the storage.
    pub key: String,
    pub sha256: String,
}

impl Made<'_> {
    /// A completed export of two rows, by the administrator.
    pub fn by_admin() -> Self {
        Self {
            subject: "token:admin",
            role: "admin",
            scope: json!({ "all": true }),
            workspace: None,
            dataset: "usage-logs",
            format: "csv",
            options: json!({ "format": "csv" }),
            status: "completed",
            file_name: "usage-logs-2026-01-28.csv",
            rows: 2,
            expires_in: "1 hour",
            fence: 1,
            fence_of_file: 1,
        }
    }
}

/// A CSV file of two rows.
pub const TWO_ROWS: &[u8] = b"\xef\xbb\xbfA,B\r\n1,x\r\n2,y\r\n";

impl Bed {
    /// Starts a server on a new database with demo rows.
    pub async fn start(settings: Settings<'_>) -> Self {
        Self::start_on(Database::new().await, settings).await
    }

    /// Starts a server on this database. A setting of the test has precedence.
    pub async fn start_on(database: Database, settings: Settings<'_>) -> Self {
        let (state, storage) = (Database::empty().await, folder());
        let path = storage.path().to_str().expect("the path is ASCII").to_owned();
        let ours = [
            ("STATE_DSN", state.dsn.as_str()),
            ("STORAGE_URL", path.as_str()),
            // No worker takes an export that waits.
            ("DECANT_WORKERS", "0"),
        ];
        let app = App::start_on(database, &[&ours, settings].concat()).await;
        Self { app, state, storage }
    }

    /// Makes an export with this content.
    pub async fn make(&self, made: &Made<'_>, content: &[u8]) -> MadeExport {
        let export = self.record(made, content).await;
        let path = self.path(&export.key);
        std::fs::create_dir_all(path.parent().expect("a key has folders")).expect("the folder is ours");
        std::fs::write(path, content).expect("the folder is ours");
        export
    }

    /// Makes the record of an export with this content, and no file.
    pub async fn record(&self, made: &Made<'_>, content: &[u8]) -> MadeExport {
        let id = self.state.text("select gen_random_uuid()::text").await;
        let id = id.expect("PostgreSQL makes one");
        let sha256: String = Sha256::digest(content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let owner = match made.workspace {
            Some(workspace) => format!("workspaces/{workspace}"),
            None => format!("users/{}", made.subject.replace(':', "%3A")),
        };
        let key = format!(
            "{owner}/exports/20260128T103000Z-{id}-{}-{}",
            made.fence_of_file, made.file_name
        );
        let has_file = matches!(made.status, "completed" | "expired");
        let of_file = |value: String| match has_file {
            true => value,
            false => "null".to_owned(),
        };
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        self.state
            .execute(format!(
                "insert into decant.data_exports (id, subject, caller, credential, role, scope, workspace_id, export_type, dataset, \
                 format, options, selection, status, retention_hours, lease_fence, file_key, file_name, file_bytes, raw_bytes, \
                 record_count, sha256, completed_at, expires_at, error_code, error_message) values ({}, {}, {}, 'jwt', {}, {}, {}, \
                 'dataset', {}, {}, {}, '{{}}', {}, 1, {}, {}, {}, {}, {}, {}, {}, {}, now() + {}, {}, {})",
                quoted(&id),
                quoted(made.subject),
                quoted(made.subject),
                quoted(made.role),
                quoted(&made.scope.to_string()),
                made.workspace.map_or_else(|| "null".to_owned(), quoted),
                quoted(made.dataset),
                quoted(made.format),
                quoted(&made.options.to_string()),
                quoted(made.status),
                made.fence,
                of_file(quoted(&key)),
                quoted(made.file_name),
                of_file(content.len().to_string()),
                of_file(content.len().to_string()),
                of_file(made.rows.to_string()),
                of_file(quoted(&sha256)),
                of_file("now()".to_owned()),
                quoted(made.expires_in),
                match made.status {
                    "failed" => "'source_failed'",
                    _ => "null",
                },
                match made.status {
                    "failed" => "'The database went away'",
                    _ => "null",
                },
            ))
            .await;
        MadeExport { id, key, sha256 }
    }

    /// Returns the path of a stored file.
    pub fn path(&self, key: &str) -> PathBuf {
        self.storage.path().join(key)
    }

    /// Returns the names of all files of exports in the storage.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for folder in ["users", "workspaces", "bulk"] {
            collect(&self.path(folder), &mut files);
        }
        let root = format!("{}/", self.storage.path().display());
        let mut names: Vec<_> = files.iter().map(|path| path.replace(&root, "")).collect();
        names.sort();
        names
    }

    /// Returns the column of an export as text.
    pub async fn column(&self, export: &MadeExport, column: &str) -> Option<String> {
        let sql = format!(
            "select {column}::text from decant.data_exports where id = '{}'",
            export.id
        );
        self.state.text(&sql).await
    }
}

fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path().is_dir() {
            true => collect(&entry.path(), files),
            false => files.push(entry.path().display().to_string()),
        }
    }
}
