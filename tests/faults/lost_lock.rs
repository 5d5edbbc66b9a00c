//! Operations whose lock is lost: another one may have begun, so they must not change anything.

use decant_tests::actors::{Actor, rest_of};
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::{copies, failed};
use decant_tests::server::{ADMIN_TOKEN, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

#[tokio::test]
async fn a_restore_that_has_lost_its_lock_changes_nothing() {
    let app = App::start().await;
    let migrations = folder();
    let setting = (
        "DECANT_POST_RESTORE_MIGRATIONS",
        migrations.path().to_str().expect("its name is plain"),
    );
    // It runs immediately before the swap, or the commit.
    std::fs::write(migrations.path().join("1.sql"), app.database.end_lock()).expect("the folder is ours");
    let dump = app.admin().dump().answer().await.good().body;
    app.database.execute("delete from message_request").await;
    let beside = Server::start(&[("DSN", &app.database.dsn), setting]).await;
    let in_place = app.server_of_owner(&[setting]).await;
    let before = app.database.contents().await;
    for address in [&beside.address, &in_place.address] {
        let admin = Actor::new(address).with_token(ADMIN_TOKEN);
        let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
        let why = failed(admin.import(&dump, &fields).answer().await);
        assert!(why.contains("lock"), "{why}");
        assert_eq!(app.database.contents().await, before);
        assert!(copies(&admin).await.is_empty());
    }
}

#[tokio::test]
async fn a_clean_up_that_has_lost_its_lock_deletes_nothing() {
    // Enough rows for the archive to be unfinished when the first event arrives.
    let app = App::start_on(Database::with_rows(10_000).await, &[]).await;
    app.database.make_ledger().await;
    let before = app.database.contents().await;
    let time = app.database.log_time(0.8).await;
    let fields = json!({ "beforeDate": time, "dryRun": false, "archiveFirst": true });
    let mut running = app.admin().clean_up_with_events(&fields).open().await;
    running.chunk().await.unwrap().expect("it archives");
    let server = Pid::from_raw(app.server.pid().cast_signed());
    kill(server, Signal::SIGSTOP).expect("the process is ours");
    app.database.execute(app.database.end_lock()).await;
    kill(server, Signal::SIGCONT).expect("the process is ours");
    let (events, _) = rest_of(running).await;
    let events = String::from_utf8_lossy(&events);
    assert!(
        events.contains("event: error") && events.contains("lock"),
        "{events}"
    );
    assert_eq!(app.database.contents().await, before);
}
