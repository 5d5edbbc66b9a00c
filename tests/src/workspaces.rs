//! Workspaces with members, and rows of brand monitoring in them.

use serde_json::json;

use crate::actors::{Actor, Request};
use crate::app::App;
use crate::database::Database;
use crate::definitions::Definitions;
use crate::program::Settings;
use crate::server::JWT_SECRET;
use crate::tokens::{seconds_from_now, signed_with_secret};

/// The tables and rows, in SQL.
pub const TABLES: &str = include_str!("workspaces.sql");

/// The built-in datasets of a workspace.
pub const DATASETS: [&str; 3] = ["alerts", "infringements", "actions"];

/// Two workspaces, one that is deleted, and one that never was.
pub const ACME: &str = "00000000-0000-4000-8000-00000000000a";
pub const BETA: &str = "00000000-0000-4000-8000-00000000000b";
pub const DELETED: &str = "00000000-0000-4000-8000-00000000000d";
pub const NONE: &str = "00000000-0000-4000-8000-0000000000ff";

/// The users of the tables.
pub const OWNER: i64 = 1;
pub const ADMIN: i64 = 2;
pub const MEMBER: i64 = 3;
pub const OWNER_OF_BETA: i64 = 4;
pub const NOBODY: i64 = 5;
pub const OWNER_OF_DELETED: i64 = 6;

/// A dataset of the alerts with the workspace of each row.
const MARKED: &str = r#"
name = "marked"
title = "Marked"
extends = "alerts"
[[column]]
name = "id"
[[column]]
name = "title"
[[column]]
name = "workspace_id"
label = "Workspace"
sql = "a.workspace_id"
"#;

/// The alerts of ACME, and of BETA, after [`start_for_clients`].
pub const ALERTS_OF_EACH: u64 = 5300;

/// Returns a database with the tables and no hub.
pub async fn database() -> Database {
    let database = Database::empty().await;
    database.execute(TABLES).await;
    database
}

/// Starts a server on such a database. It asks for memberships each time, unless a setting of the test says otherwise.
pub async fn start(settings: Settings<'_>) -> App {
    let each_time = [("DECANT_MEMBERSHIP_SECONDS", "0")];
    App::start_on(database().await, &[&each_time, settings].concat()).await
}

/// Starts a server for so many exports at the same time, on a database in which both workspaces have
/// [`ALERTS_OF_EACH`] alerts.
pub async fn start_for_clients(clients: usize) -> App {
    let definitions = Definitions::of(&[MARKED]);
    let clients = clients.to_string();
    let app = start(&[
        definitions.setting(),
        ("DECANT_MEMBERSHIP_SECONDS", "30"),
        ("DECANT_EXPORTS_MAX", &clients),
        ("DECANT_EXPORTS_PER_CALLER", &clients),
        ("DECANT_WAIT_SECONDS", "60"),
    ])
    .await;
    app.database
        .execute(format!(
            "insert into brand_alerts (workspace_id, brand_id, title, severity) \
             select w, w, 'more', 'low' from unnest('{{{ACME},{BETA}}}'::uuid[]) w, generate_series(1, 5000)"
        ))
        .await;
    app
}

/// Returns the client with this number, and its workspace: ACME's for even numbers, else BETA's.
pub fn client(app: &App, number: usize) -> (Actor, &'static str) {
    match number.is_multiple_of(2) {
        true => (user(app, MEMBER), ACME),
        false => (user(app, OWNER_OF_BETA), BETA),
    }
}

/// Exports the alerts of a workspace. Returns the number of rows, and of those that name this workspace.
pub async fn rows_and_own_rows(actor: &Actor, workspace: &str) -> (u64, u64) {
    let rows = actor.rows("marked").query("workspace", workspace).answer().await;
    let rows = rows.raw_rows().whole();
    let of_workspace = rows.column("workspace_id").into_iter().flatten();
    let own = of_workspace.filter(|id| id == workspace).count();
    (rows.count(), own as u64)
}

/// Returns a client of the user with this id.
pub fn user(app: &App, id: i64) -> Actor {
    let claims = json!({ "sub": id.to_string(), "exp": seconds_from_now(600) });
    app.anonymous()
        .with_token(&signed_with_secret(JWT_SECRET, &claims))
}

/// Returns a request to each address of a dataset that has rows or figures, without a workspace.
pub fn requests(actor: &Actor, dataset: &str) -> Vec<(&'static str, Request)> {
    let filter = match dataset {
        "actions" => "assigned_to",
        _ => "brand",
    };
    vec![
        ("rows", actor.rows(dataset)),
        ("body", actor.rows_of_body(dataset, &json!({}))),
        ("page", actor.page(dataset)),
        ("count", actor.count(dataset)),
        ("summary", actor.summary(dataset)),
        ("options", actor.options(dataset, filter)),
        ("export", actor.export(dataset)),
    ]
}
