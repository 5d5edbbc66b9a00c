//! Backups in the storage, on the page.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{EXPORT_PATIENCE, in_browser};
use decant_tests::dumps::restored;
use decant_tests::patience::wait_for;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_backup_is_made_proved_downloaded_and_removed() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "a_backup_is_made_proved_downloaded_and_removed",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("admin-database").await;
            page.text("backup-plan", SOON, |text| text.contains("not encrypted"))
                .await;
            page.click("backup-make").await;
            page.text("backup-proof", SOON, |text| {
                text.contains("Restore not tested yet")
            })
            .await;
            page.see_no_more("backup-running").await;
            page.click("backup-prove").await;
            page.text("backup-proof", SOON, |text| {
                text.contains("as many as in the backup")
            })
            .await;
            page.see_no_more("backup-running").await;

            page.click("backup-download").await;
            let file = page.download().await;
            let dump = std::fs::read(file).expect("the file is there");
            assert_eq!(
                restored(&dump).await.contents().await,
                app.database.contents().await
            );

            page.click("backup-remove").await;
            page.click("confirm-yes").await;
            page.see_no_more("backup").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_backup_in_the_storage_is_restored_from_the_page() {
    let app = App::start().await;
    let before = app.database.contents().await;
    in_browser(
        &app.server.address,
        "a_backup_in_the_storage_is_restored_from_the_page",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("admin-database").await;
            page.click("backup-make").await;
            page.text("backup-proof", SOON, |text| {
                text.contains("Restore not tested yet")
            })
            .await;
            page.see_no_more("backup-running").await;
            app.database
                .execute(
                    "delete from message_request where id % 2 = 0; drop table provider_endpoint_probe_logs",
                )
                .await;

            page.click("backup-restore").await;
            page.click("restore-start").await;
            let name = app.database.text("select current_database()").await;
            page.fill("confirm-word", &name.expect("it has a name")).await;
            page.click("confirm-yes").await;
            page.text("restore-done", EXPORT_PATIENCE, |text| {
                text.contains("is the live database now") && text.contains("Roll back")
            })
            .await;
            assert_eq!(app.database.contents().await, before);
            page.text("last-restore", SOON, |text| text.contains("complete"))
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_backup_that_may_have_been_replaced_is_restored_only_on_an_explicit_request() {
    let storage = tempfile::tempdir().expect("the disk has room");
    let url = format!("file://{}", storage.path().display());
    let app = App::start_with(&[("STORAGE_URL", &url)]).await;
    app.admin().make_backup().answer().await.good();
    let made = async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        overview["backups"]
            .as_array()
            .is_some_and(|backups| !backups.is_empty())
            .then_some(())
    };
    wait_for("the backup", SOON, made).await;
    // A server with another secret has not made it.
    let other = Server::start(&[("DSN", &app.database.dsn), ("STORAGE_URL", &url)]).await;
    let before = app.database.contents().await;
    app.database
        .execute("delete from message_request where id % 2 = 0")
        .await;
    in_browser(
        &other.address,
        "a_backup_that_may_have_been_replaced_is_restored_only_on_an_explicit_request",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("admin-database").await;
            page.click("backup-restore").await;
            page.click("restore-merge").await;
            page.click("restore-start").await;
            page.click("confirm-yes").await;
            page.text("restore-failed", SOON, |text| {
                text.contains("may have been replaced")
            })
            .await;
            page.click("restore-unverified").await;
            page.see("restore-done").await;
            assert_eq!(app.database.contents().await, before);
        },
    )
    .await;
}
