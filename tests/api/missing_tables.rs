//! Restores of dumps that lack tables of the live database, and uploads while another operation runs.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, failed, restored};
use decant_tests::server::ADMIN_TOKEN;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true")];

#[tokio::test]
async fn a_dump_without_tables_of_the_database_is_refused_unless_that_is_allowed() {
    let app = App::start().await;
    app.database
        .execute("create table usage_ledger (id int primary key); create extension hstore")
        .await;
    let ledger = app.admin().dump().query("mode", "ledgerOnly");
    let ledger = ledger.answer().await.good().body;
    let owners = app.server_of_owner(&[]).await;
    let before = app.database.contents().await;
    for address in [&app.server.address, &owners.address] {
        let admin = Actor::new(address).with_token(ADMIN_TOKEN);
        let why = failed(admin.import(&ledger, CLEAN).answer().await);
        for word in ["public.message_request", "aside.moods", "allowMissingTables"] {
            assert!(why.contains(word), "{why}");
        }
        assert!(!why.contains("usage_ledger"), "{why}");
        assert_eq!(app.database.contents().await, before);
    }
    let allowed = [("cleanFirst", "true"), ("allowMissingTables", "true")];
    let restored = completed(app.admin().import(&ledger, &allowed).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
    assert_eq!(app.database.contents().await.len(), 1);
}

#[tokio::test]
async fn a_dump_without_the_rows_of_the_log_is_refused_unless_that_is_allowed() {
    let app = App::start().await;
    let dump = app.admin().dump().query("mode", "excludeLogs");
    let dump = dump.answer().await.good().body;
    let why = failed(app.admin().import(&dump, CLEAN).answer().await);
    for word in ["public.message_request (2000 rows)", "allowMissingTables"] {
        assert!(why.contains(word), "{why}");
    }
    let rows = "select count(*) from message_request";
    assert_eq!(app.database.number(rows).await, 2000);
    let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
    completed(app.admin().import(&dump, &fields).answer().await);
    assert_eq!(app.database.number(rows).await, 0);
    // Now there is nothing to lose.
    completed(app.admin().import(&dump, CLEAN).answer().await);
}

#[tokio::test]
async fn a_dump_without_logs_leaves_out_the_log_of_the_hubs_schema() {
    let database = Database::empty().await;
    database
        .execute(
            "create schema hub; create table hub.message_request (id int) partition by list (id); \
             create table hub.part partition of hub.message_request default; insert into hub.message_request values (1); \
             create table message_request (id int); insert into message_request values (1)",
        )
        .await;
    let app = App::start_on(database, &[("DECANT_HUB_SCHEMA", "hub")]).await;
    let dump = app.admin().dump().query("mode", "excludeLogs");
    let restored = restored(&dump.answer().await.good().body).await;
    let rows =
        "select (select count(*) from hub.message_request) || ', ' || (select count(*) from message_request)";
    assert_eq!(restored.text(rows).await.as_deref(), Some("0, 1"));
}

#[tokio::test]
async fn a_restore_is_refused_before_its_file_is_sent_while_another_operation_runs() {
    let app = App::start().await;
    let check = |value: &str| {
        let request = app.admin().import(b"", CLEAN);
        request.query("check", value)
    };
    check("true").answer().await.good();
    check("maybe").answer().await.problem(400, "invalid_parameter");

    let holder = app.database.hold_lock().await;
    check("true").answer().await.problem(409, "backup_lock_conflict");
    let mut stream = TcpStream::connect(&app.server.address)
        .await
        .expect("the server listens");
    let head = format!(
        "POST /api/admin/database/import HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 60000000\r\n\r\n--b\r\n",
        app.server.address,
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = vec![0; 12];
    let reading = stream.read_exact(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(5), reading).await;
    read.expect("the answer comes before the file")
        .expect("the server answers");
    assert_eq!(answer, b"HTTP/1.1 409");
    drop(holder);
}
