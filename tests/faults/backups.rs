//! Backups that fail: the storage lists only whole ones, and the rest is removed.

use std::path::Path;
use std::time::Duration;

use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::s3::S3;
use decant_tests::server::Server;
use decant_tests::small_disk::SmallDisk;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

async fn overview(app: &App) -> Value {
    app.admin().backups().answer().await.good().json()
}

async fn failure(app: &App) -> String {
    wait_for("a failure", PATIENCE, async || {
        let overview = overview(app).await;
        Some(overview["failure"]["reason"].as_str()?.to_owned())
    })
    .await
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_full_storage_keeps_no_part_of_a_backup() {
    let disk = SmallDisk::of_bytes(1_000_000);
    let storage = ("STORAGE_URL", disk.path().to_str().unwrap());
    let app = App::start_on(Database::with_rows(20_000).await, &[storage]).await;
    app.admin().make_backup().answer().await.good();
    let why = failure(&app).await;
    assert!(
        why.contains("could not be stored") && why.contains("space"),
        "{why}"
    );
    assert_eq!(overview(&app).await["backups"], json!([]));
    let emptied = async || (files_in(&disk.path().join("backups")) == 0).then_some(());
    wait_for("the storage to be empty", PATIENCE, emptied).await;
    // The lock is free again.
    app.admin().dump().answer().await.good();
}

#[tokio::test]
async fn a_database_that_dies_leaves_no_backup() {
    let app = App::start_on(Database::with_rows(50_000).await, &[]).await;
    app.admin().make_backup().answer().await.good();
    let kill = async || app.database.end_sessions("pg_dump").await.then_some(());
    wait_for("pg_dump", PATIENCE, kill).await;
    let why = failure(&app).await;
    assert!(why.contains("pg_dump failed"), "{why}");
    assert_eq!(overview(&app).await["backups"], json!([]));
    assert_eq!(files_in(&app.server.data_dir().join("storage/backups")), 0);
}

#[tokio::test]
async fn an_unfinished_backup_of_a_killed_server_is_not_listed_and_is_removed() {
    let storage = folder();
    let settings = [
        ("STORAGE_URL", storage.path().to_str().unwrap()),
        ("DECANT_SCRATCH_SECONDS", "1"),
    ];
    let mut app = App::start_on(Database::with_rows(150_000).await, &settings).await;
    app.admin().make_backup().answer().await.good();
    let backups = storage.path().join("backups");
    let begun = async || (files_in(&backups) > 0).then_some(());
    wait_for("the first bytes in the storage", PATIENCE, begun).await;
    app.server.crash().await;
    assert_eq!(files_in(&backups), 1, "an upload that is not finished");
    let dsn = ("DSN", app.database.dsn.as_str());
    app.server = Server::start(&[&[dsn], &settings[..]].concat()).await;
    assert_eq!(overview(&app).await["backups"], json!([]));
    let swept = async || (files_in(&backups) == 0).then_some(());
    wait_for("the sweep", PATIENCE, swept).await;
}

#[tokio::test]
async fn a_backup_fails_and_releases_the_lock_when_the_s3_service_dies() {
    let s3 = S3::start().await;
    let app = App::start_on(Database::with_rows(150_000).await, &s3.settings()).await;
    app.admin().make_backup().answer().await.good();
    let begun = async || (!app.database.decant_sessions("pg_dump").await.is_empty()).then_some(());
    wait_for("pg_dump", PATIENCE, begun).await;
    drop(s3);
    let told = async || {
        let log = app.server.log();
        log.contains("database_backup_error").then_some(())
    };
    wait_for("the failure", PATIENCE, told).await;
    // The lock is free again, and the list of backups answers with the reason.
    app.admin().dump().answer().await.good();
    let list = app.admin().backups().answer().await;
    assert!(list.status >= 500, "{}", list.status);
    let detail = list.text();
    assert!(detail.contains("storage"), "{detail}");
}

#[tokio::test]
async fn a_proof_whose_pg_restore_loses_its_connection_says_nothing_about_the_backup() {
    let app = App::start_on(Database::with_rows(20_000).await, &[]).await;
    app.admin().make_backup().answer().await.good();
    let made = async || {
        let overview = overview(&app).await;
        overview["backups"][0]["name"].as_str().map(str::to_owned)
    };
    let name = wait_for("the backup", PATIENCE, made).await;
    let free = async || {
        let answer = app.admin().with_backup(&name, "prove").answer().await;
        (answer.status < 300).then_some(())
    };
    wait_for("the proof to begin", PATIENCE, free).await;
    let kill = async || app.database.end_sessions("pg_restore").await.then_some(());
    wait_for("pg_restore", PATIENCE, kill).await;
    let why = failure(&app).await;
    assert!(why.contains("lost its connection"), "{why}");
    assert_eq!(overview(&app).await["backups"][0]["proof"], Value::Null);
}
