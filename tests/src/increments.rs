//! A table of events, and an incremental schedule of its rows.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::actors::Actor;
use crate::definitions::Definitions;
use crate::exports::{Exports, PATIENCE, wait_until};
use crate::patience::wait_for;
use crate::program::Settings;

/// The table, and a row that is older than all others.
pub const TABLE: &str = "create table events (id bigserial primary key, at timestamptz not null default now(), note text); \
     insert into events (at, note) values (now() - interval '1 hour', 'old')";

/// Returns the definition of a dataset whose rows this SQL after `from` has.
pub fn events_from(from: &str) -> String {
    format!(
        r#"
name = "events"
title = "Events"
access = "admin"
order = ["id not null"]
from = "{from}"

[incremental]
from = "start"
before = "end"
settled_after_seconds = 1

[[column]]
name = "id"
label = "ID"
sql = "e.id"

[[filter]]
name = "start"
label = "From"
aliases = ["startTime"]
kind = "timestamp"
sql = "e.at operator(pg_catalog.>=) {{}}"
match = "least"

[[filter]]
name = "end"
label = "Before"
kind = "timestamp"
sql = "e.at operator(pg_catalog.<) {{}}"
match = "before"
later_than = "start"

[[filter]]
name = "note"
label = "Note"
kind = "text"
sql = "e.note operator(pg_catalog.=) {{}}"
match = "equal"
"#
    )
}

/// A server with the table, whose schedules come when a test starts them.
#[derive(Debug)]
pub struct Events {
    pub exports: Exports,
    pub definitions: Definitions,
}

impl Events {
    pub async fn start(settings: Settings<'_>) -> Self {
        Self::start_from("events e", settings).await
    }

    /// Starts a server whose dataset has this SQL after `from`.
    pub async fn start_from(from: &str, settings: Settings<'_>) -> Self {
        let database = crate::database::Database::new().await;
        database.execute(TABLE).await;
        let definitions = Definitions::of(&[&events_from(from)]);
        let ours = [
            definitions.setting(),
            ("DECANT_SCHEDULE_TICK_SECONDS", "3600"),
            ("EXPORT_RATE_LIMIT", "0"),
        ];
        let exports = Exports::start_on(database, &[&ours, settings].concat()).await;
        Self { exports, definitions }
    }

    pub fn admin(&self) -> Actor {
        self.exports.app.admin()
    }

    /// Inserts a row in a transaction of its own.
    pub async fn insert(&self) {
        let insert = "insert into events default values";
        self.exports.app.database.execute(insert).await;
    }

    /// Begins a transaction that inserts a row, and leaves it open.
    pub async fn begin(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.exports.app.database.dsn)
            .await
            .expect("PostgreSQL accepts a connection");
        run(&mut connection, "begin; insert into events default values").await;
        connection
    }

    /// Waits until the rows that are there now are settled.
    pub async fn settle(&self) {
        let database = &self.exports.app.database;
        let now = database.text("select clock_timestamp()").await;
        let now = now.expect("there is a time");
        let is_settled =
            format!("select date_trunc('second', clock_timestamp() - interval '1 second') > '{now}'");
        wait_for("settled rows", PATIENCE, async || {
            (database.text(&is_settled).await.as_deref() == Some("true")).then_some(())
        })
        .await;
    }

    /// Returns the ids of all rows, in their order.
    pub async fn ids(&self) -> Vec<u64> {
        let ids = self
            .exports
            .app
            .database
            .texts("select id from events order by id")
            .await;
        ids.iter().flatten().map(|id| number(id)).collect()
    }

    /// Returns the watermark of a schedule.
    pub async fn watermark(&self, schedule: u64) -> Option<String> {
        let sql = format!("select watermark from decant.export_schedules where id = {schedule}");
        self.exports.state.text(&sql).await
    }

    /// Returns the rows of the file of a complete export.
    pub async fn rows(&self, export: &str) -> Vec<u64> {
        let file = self.exports.file(export).await;
        let file = String::from_utf8(file).expect("it is a text");
        let lines = file.trim_start_matches('\u{feff}').lines().skip(1);
        lines.map(number).collect()
    }

    /// Makes a run now, and returns its rows.
    pub async fn run(&self, schedule: u64) -> Vec<u64> {
        let admin = self.admin();
        let run = run_of(&admin, schedule).await;
        wait_until(&admin, &run, "completed").await;
        self.rows(&run).await
    }
}

fn number(text: &str) -> u64 {
    text.trim().parse().expect("an id is a number")
}

/// Runs statements over this connection, which stays open.
pub async fn run(connection: &mut PgConnection, sql: &str) {
    let done = connection
        .execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())))
        .await;
    done.unwrap_or_else(|error| panic!("{error} in: {sql}"));
}

/// Returns a request for a schedule of the events that comes in a year to come.
pub fn request(members: Value) -> Value {
    let mut body = json!({ "exportType": "dataset", "dataset": "events", "format": "csv", "recurrence": "daily",
        "scheduledAt": "2040-01-01T02:00:00Z", "incremental": true, "fileOptions": { "compression": "none" } });
    let members = members.as_object().expect("members are an object").clone();
    body.as_object_mut().expect("it is an object").extend(members);
    body
}

/// Creates a schedule, and returns its id.
pub async fn schedule(actor: &Actor, members: Value) -> u64 {
    let answer = actor.schedule_export(&request(members)).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = &answer.json::<Value>()["request"]["id"];
    id.as_u64().expect("an id is a number")
}

/// Starts a run of a schedule now, and returns the id of the export.
pub async fn run_of(actor: &Actor, schedule: u64) -> String {
    let answer = actor.run_schedule(schedule).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = &answer.json::<Value>()["export"]["id"];
    id.as_str().expect("an export has an id").to_owned()
}
