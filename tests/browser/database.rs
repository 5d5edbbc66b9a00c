//! The page Database: dumps.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::database::{Database, WEBHOOKS};
use decant_tests::dumps::restored;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::ADMIN_TOKEN;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

async fn open(page: &Browser) {
    page.sign_in(ADMIN_TOKEN).await;
    page.click("admin-database").await;
    page.see("database-size").await;
}

#[tokio::test]
async fn a_downloaded_dump_restores_to_the_same_database() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "a_downloaded_dump_restores_to_the_same_database",
        async |page| {
            open(page).await;
            page.click("dump-mode-excludeLogs").await;
            page.click("dump-start").await;
            let path = page.download().await;
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                name.starts_with("backup_") && name.ends_with("_no-logs.dump"),
                "{name}"
            );
            let mut expected = app.database.contents().await;
            let restored = restored(&std::fs::read(&path).unwrap()).await;
            let mut contents = restored.contents().await;
            assert_eq!(restored.number("select count(*) from message_request").await, 0);
            for tables in [&mut expected, &mut contents] {
                tables.retain(|(table, _)| table != "message_request");
            }
            assert_eq!(contents, expected);

            let tables = format!("checked: {} tables", expected.len() + 1);
            page.text("dump-done", SOON, |text| {
                text.contains(name) && text.contains(&tables)
            })
            .await;
            let last = page
                .text("last-dump", SOON, |text| text.contains("complete"))
                .await;
            let digits = last.replace(|one: char| one.is_ascii_digit(), "0");
            assert!(
                digits.starts_with("Last dump: 0000-00-00 00:00:00 "),
                "times have the notation of the tables: {last}"
            );
            page.click("dump-close").await;
            page.see_no_more("dump-done").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_broken_or_cancelled_dump_leaves_no_file() {
    let app = App::start_on(Database::with_rows(50_000).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "a_broken_or_cancelled_dump_leaves_no_file",
        async |page| {
            open(page).await;
            // After the worker's program, within the dump.
            proxy.set(Behavior::CutAfter(2_000_000));
            page.click("dump-start").await;
            page.text("dump-failed", EXPORT_PATIENCE, |text| text.contains("connection"))
                .await;

            proxy.set(Behavior::Throttled(400_000));
            page.click("dump-start").await;
            page.text("dump-bytes", EXPORT_PATIENCE, |text| text.contains("kB"))
                .await;
            page.text("database-lock", SOON, |text| {
                text.contains("dumping the database")
            })
            .await;
            page.click("dump-cancel").await;
            page.see_no_more("dump-running").await;
            page.text("last-dump", SOON, |text| text.contains("cancelled"))
                .await;
            assert_eq!(page.downloads(), [] as [std::path::PathBuf; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn the_page_names_the_caller_of_a_running_dump() {
    let app = App::start_on(Database::with_rows(50_000).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &app.server.address,
        "the_page_names_the_caller_of_a_running_dump",
        async |page| {
            open(page).await;
            proxy.set(Behavior::Throttled(10_000));
            let slow = decant_tests::actors::Actor::new(&proxy.address).with_token(ADMIN_TOKEN);
            let first = slow.dump().answer();
            let second = async {
                let running = async || {
                    let status = app.admin().database_status().answer().await.good();
                    let status: serde_json::Value = status.json();
                    (!status["lock"].is_null()).then_some(())
                };
                decant_tests::patience::wait_for("the first dump", SOON, running).await;
                page.click("dump-start").await;
                page.text("dump-failed", SOON, |text| text.contains("Administrator"))
                    .await;
            };
            tokio::select! {
                _ = first => panic!("the first dump has ended"),
                () = second => {}
            }
            assert_eq!(page.downloads(), [] as [std::path::PathBuf; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn the_webhooks_of_old_settings_are_moved_to_targets() {
    let app = App::start().await;
    app.database.execute(WEBHOOKS).await;
    let webhooks: Value = app.admin().old_webhooks().answer().await.good().json();
    let webhooks = webhooks["webhooks"].as_array().unwrap();
    let unknown = webhooks
        .iter()
        .find(|webhook| webhook["detectedProvider"].is_null());
    let unknown = format!("webhook-{}", unknown.unwrap()["id"].as_str().unwrap());
    in_browser(
        &app.server.address,
        "the_webhooks_of_old_settings_are_moved_to_targets",
        async |page| {
            open(page).await;
            page.text("webhooks", SOON, |text| text.contains("hooks.example.com"))
                .await;
            page.choose(&unknown, "Custom Webhook").await;
            page.click("webhooks-move").await;
            page.click("confirm-yes").await;
            page.text("toast-success", SOON, |text| {
                text.contains("2 targets and 3 bindings")
            })
            .await;
            page.see_no_more("webhooks").await;
            let targets = "select count(*) from webhook_targets";
            assert_eq!(app.database.number(targets).await, 2);
        },
    )
    .await;
}
