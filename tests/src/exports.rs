//! Background exports: a server with a state database, and what is in it.

use std::time::Duration;

use serde_json::Value;

use crate::actors::Actor;
use crate::app::App;
use crate::database::Database;
use crate::patience::wait_for;
use crate::program::Settings;
use crate::server::Server;

/// Longer than an export of the tests takes, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and its state database.
#[derive(Debug)]
pub struct Exports {
    pub app: App,
    pub state: Database,
}

impl Exports {
    /// Starts a server with demo rows.
    pub async fn start(settings: Settings<'_>) -> Self {
        Self::start_on(Database::new().await, settings).await
    }

    /// Starts a server on this database. Workers look for exports every second, and try again after one.
    pub async fn start_on(database: Database, settings: Settings<'_>) -> Self {
        let state = Database::empty().await;
        let ours = [
            ("STATE_DSN", state.dsn.as_str()),
            ("DECANT_EXPORT_POLL_SECONDS", "1"),
            ("DECANT_EXPORT_RETRY_SECONDS", "1"),
        ];
        let app = App::start_on(database, &[&ours, settings].concat()).await;
        Self { app, state }
    }

    /// Starts another server with the same databases and the same storage.
    pub async fn another_server(&self, settings: Settings<'_>) -> Server {
        let storage = self.storage();
        let ours = [
            ("DSN", self.app.database.dsn.as_str()),
            ("STATE_DSN", self.state.dsn.as_str()),
            ("STORAGE_URL", storage.as_str()),
            ("DECANT_EXPORT_POLL_SECONDS", "1"),
            ("DECANT_EXPORT_RETRY_SECONDS", "1"),
        ];
        Server::start(&[&ours, settings].concat()).await
    }

    /// Returns the folder of the stored files.
    pub fn storage(&self) -> String {
        self.app.server.data_dir().join("storage").display().to_string()
    }

    /// Returns the stored file of an export.
    pub async fn file(&self, id: &str) -> Vec<u8> {
        let key = format!("select file_key from decant.data_exports where id = '{id}'");
        let key = self.state.text(&key).await.expect("the export has a file");
        std::fs::read(format!("{}/{key}", self.storage())).expect("the file is stored")
    }

    /// Returns the number of files and unfinished files of exports in the storage, without manifests.
    pub fn files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.path() {
                    path if path.is_dir() => count(&path),
                    path => usize::from(
                        !path.to_string_lossy().ends_with(".json")
                            || path.to_string_lossy().ends_with(".json.json"),
                    ),
                })
                .sum()
        }
        let folders = ["users", "workspaces", "bulk"];
        let storage = self.storage();
        folders
            .map(|folder| count(std::path::Path::new(&storage).join(folder).as_path()))
            .iter()
            .sum()
    }
}

/// Creates an export, and returns its id.
pub async fn create(actor: &Actor, body: &Value) -> String {
    let answer = actor.create_export(body).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let export = &answer.json::<Value>()["export"];
    let id = export["id"].as_str().expect("an export has an id").to_owned();
    assert_eq!(answer.header("location"), format!("/api/exports/{id}"));
    id
}

/// Returns an export as the actor sees it.
pub async fn export(actor: &Actor, id: &str) -> Value {
    let answer = actor.show_export(id).answer().await.good();
    answer.json::<Value>()["export"].clone()
}

/// Waits until the export has this status, and returns it.
pub async fn wait_until(actor: &Actor, id: &str, status: &str) -> Value {
    wait_for(&format!("an export that is {status}"), PATIENCE, async || {
        let export = export(actor, id).await;
        let found = export["status"].as_str().unwrap_or_default().to_owned();
        let is_other_end =
            !["scheduled", "queued", "processing"].contains(&found.as_str()) && found != status;
        assert!(!is_other_end, "{export}");
        (found == status).then_some(export)
    })
    .await
}
