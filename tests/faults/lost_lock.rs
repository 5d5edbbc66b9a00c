//! Operations whose lock is lost: another one may have begun, so they must not change anything.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::dumps::{copies, failed};
use decant_tests::server::{ADMIN_TOKEN, Server};

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
