//! Restores of dumps that lack tables of the live database, and uploads while another operation runs.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::dumps::{completed, failed};
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
