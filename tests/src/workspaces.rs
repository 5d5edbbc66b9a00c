//! Workspaces with members, and rows of brand monitoring in them.

use serde_json::json;

use crate::actors::{Actor, Request};
use crate::app::App;
use crate::database::Database;
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
