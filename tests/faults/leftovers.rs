//! What a killed server leaves, and what a sweep must not take: files in use.

use std::path::Path;
use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::restored;
use decant_tests::patience::wait_for;
use decant_tests::server::{ADMIN_TOKEN, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PATIENCE: Duration = Duration::from_secs(60);

/// A sweep every second, of everything that was not written to for a second.
const SWEEPS: (&str, &str) = ("DECANT_SCRATCH_SECONDS", "1");

/// Longer than the age of swept files and the time between two sweeps.
const SEVERAL_SWEEPS: Duration = Duration::from_secs(3);

const UNCOMPRESSED: (&str, &str) = ("DECANT_DUMP_COMPRESSION", "none");

/// `pg_dump` for a backup, `pg_dump` for safety and `pg_restore`, by words of their command lines.
const BACKUP: [&str; 2] = ["pg_dump", "--no-password"];
const SAFETY: [&str; 2] = ["pg_dump", "--file"];
const RESTORE: [&str; 2] = ["pg_restore", "--dbname"];

/// Waits for a child process of the server, and stops it by SIGSTOP.
async fn stopped_child(server: &Server, program: [&str; 2]) -> Pid {
    let pid = wait_for(program[0], PATIENCE, async || {
        let children = server.children();
        let found = children
            .iter()
            .find(|(_, line)| program.iter().all(|word| line.contains(word)));
        found.map(|(pid, _)| Pid::from_raw(*pid))
    })
    .await;
    kill(pid, Signal::SIGSTOP).expect("the child runs");
    pid
}

fn runs(process: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
    // A zombie has ended.
    status.is_ok_and(|status| !status.contains(") Z "))
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// A stopped process does not notice that its pipes close, as one that waits for PostgreSQL does not.
async fn ends_with_the_server(app: &mut App, program: [&str; 2]) {
    let child = stopped_child(&app.server, program).await;
    app.server.crash().await;
    let mut rounds = 0;
    while runs(child) && rounds < 40 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        rounds += 1;
    }
    let left = runs(child);
    if left {
        let _ = kill(child, Signal::SIGKILL);
    }
    assert!(!left, "{program:?} runs on");
}

#[tokio::test]
async fn pg_dump_ends_with_a_killed_server() {
    let database = Database::with_rows(60_000).await;
    let mut app = App::start_on(database, &[UNCOMPRESSED]).await;
    app.admin().make_backup().answer().await.good();
    ends_with_the_server(&mut app, BACKUP).await;
}

#[tokio::test]
async fn the_pg_dump_for_safety_and_pg_restore_end_with_a_killed_server() {
    let database = Database::with_rows(60_000).await;
    let mut app = App::start_on(database, &[]).await;
    let dump = app.admin().dump().answer().await.good().body;
    for program in [SAFETY, RESTORE] {
        let import = tokio::spawn(app.admin().import(&dump, &[("cleanFirst", "true")]).answer());
        ends_with_the_server(&mut app, program).await;
        import.abort();
        app.server = Server::start(&[("DSN", &app.database.dsn)]).await;
        let free = async || {
            let status: Value = app.admin().database_status().answer().await.json();
            status["lock"].is_null().then_some(())
        };
        wait_for("the lock", PATIENCE, free).await;
    }
}

#[tokio::test]
async fn a_sweep_takes_no_upload_that_arrives_slowly() {
    let app = App::start_with(&[SWEEPS]).await;
    let dump = app.admin().dump().answer().await.good().body;
    let whole = app.database.contents().await;
    app.database.execute("delete from message_request").await;
    let form = "--b\r\ncontent-disposition: form-data; name=\"cleanFirst\"\r\n\r\ntrue\r\n--b\r\n\
                content-disposition: form-data; name=\"file\"; filename=\"x.dump\"\r\n\r\n";
    let end = "\r\n--b--\r\n";
    let head = format!(
        "POST /api/admin/database/import HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{form}",
        app.server.address,
        form.len() + dump.len() + end.len()
    );
    let mut stream = tokio::net::TcpStream::connect(&app.server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&dump[..dump.len() / 2]).await.unwrap();
    tokio::time::sleep(SEVERAL_SWEEPS).await;
    stream.write_all(&dump[dump.len() / 2..]).await.unwrap();
    stream.write_all(end.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("event: complete"), "{answer}");
    assert_eq!(app.database.contents().await, whole);
}

#[tokio::test]
async fn a_sweep_of_any_server_takes_no_backup_that_is_being_stored() {
    let database = Database::with_rows(60_000).await;
    let app = App::start_on(database, &[UNCOMPRESSED]).await;
    let storage = app.server.data_dir().join("storage");
    let settings = [
        ("DSN", app.database.dsn.as_str()),
        ("STORAGE_URL", storage.to_str().unwrap()),
        SWEEPS,
    ];
    let other = Server::start(&settings).await;
    app.admin().make_backup().answer().await.good();
    let begun = async || (files_in(&storage.join("backups")) > 0).then_some(());
    wait_for("the first bytes in the storage", PATIENCE, begun).await;
    let pg_dump = stopped_child(&app.server, BACKUP).await;
    tokio::time::sleep(SEVERAL_SWEEPS).await;
    kill(pg_dump, Signal::SIGCONT).expect("the child runs");
    let admin = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    let name = wait_for("the backup", PATIENCE, async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        assert_eq!(overview["failure"], Value::Null);
        Some(overview["backups"][0]["name"].as_str()?.to_owned())
    })
    .await;
    let stored = admin.download_backup(&name).answer().await.good().body;
    assert_eq!(
        restored(&stored).await.contents().await,
        app.database.contents().await
    );
}

#[tokio::test]
async fn a_restore_from_the_storage_stops_when_its_client_disconnects_if_the_setting_says_so() {
    let settings = [("DECANT_RESTORE_UNFOLLOWED", "stop")];
    let app = App::start_on(Database::with_rows(20_000).await, &settings).await;
    app.admin().make_backup().answer().await.good();
    let name = wait_for("the backup", PATIENCE, async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        Some(overview["backups"][0]["name"].as_str()?.to_owned())
    })
    .await;
    app.database
        .execute("delete from message_request where id % 2 = 0")
        .await;
    let before = app.database.contents().await;
    let restore = app
        .admin()
        .with_backup(&name, "restore")
        .header("content-type", "application/json")
        .body(&json!({ "cleanFirst": true }).to_string());
    let mut events = restore.open().await;
    events.chunk().await.unwrap().unwrap();
    drop(events);
    app.server
        .wait_for_log("The client has disconnected", Duration::from_secs(30))
        .await;
    assert_eq!(app.database.contents().await, before);
}
