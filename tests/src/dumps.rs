//! Dumps, read by PostgreSQL's own programs, and the events of restores.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use serde_json::Value;

use crate::actors::Actor;
use crate::answer::Answer;
use crate::database::Database;

/// Restores a dump into a new database by `pg_restore`.
pub async fn restored(dump: &[u8]) -> Database {
    let database = Database::empty().await;
    let binaries = decant_embedded::binaries().expect("PostgreSQL is installed");
    let mut process = Command::new(binaries.program("pg_restore"))
        .args(["--exit-on-error", "--no-owner", "--dbname", &database.dsn])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pg_restore starts");
    let mut stdin = process.stdin.take().expect("stdin is piped");
    let (written, output) = tokio::join!(
        async move {
            stdin.write_all(dump).await?;
            stdin.shutdown().await
        },
        process.wait_with_output()
    );
    let output = output.expect("the process is ours");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && written.is_ok(), "pg_restore: {said}");
    database
}

impl Database {
    /// Returns each table with its row count and a hash of its rows that ignores their order.
    pub async fn contents(&self) -> Vec<(String, String)> {
        let tables = "select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                      where relkind = 'r' and n.nspname = 'public' order by c.relname";
        let mut contents = Vec::new();
        for table in self.texts(tables).await.into_iter().flatten() {
            let sql = format!(
                "select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from {table} t"
            );
            let content = self.text(&sql).await.unwrap_or_default();
            contents.push((table, content));
        }
        contents
    }
}

/// Returns the events of an answer in their order, each with its name.
pub fn events(answer: &Answer) -> Vec<(String, Value)> {
    let text = answer.text();
    let events = text.split("\n\n").filter_map(|event| {
        let (name, data) = event.strip_prefix("event: ")?.split_once("\ndata: ")?;
        let data = serde_json::from_str(data).expect("an event has JSON");
        Some((name.to_owned(), data))
    });
    events.collect()
}

/// Asserts that a restore succeeded, and returns its last event.
pub fn completed(answer: Answer) -> Value {
    let told = events(&answer.good());
    match told.last() {
        Some((name, data)) if name == "complete" => data.clone(),
        _ => panic!("{told:?}"),
    }
}

/// Asserts that a restore failed, and returns the message.
pub fn failed(answer: Answer) -> String {
    let told = events(&answer.good());
    match told.last() {
        Some((name, data)) if name == "error" => data["message"].as_str().unwrap_or_default().to_owned(),
        _ => panic!("{told:?}"),
    }
}

/// Returns the side databases that the server lists.
pub async fn copies(admin: &Actor) -> Vec<Value> {
    let copies: Value = admin.copies().answer().await.good().json();
    let copies = copies["copies"].as_array().expect("this is a list");
    copies.clone()
}
