//! Restores on the page Database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::dumps::copies;
use decant_tests::patience::wait_for;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

/// The queries of the requests to restore that the page has sent.
const SENT_UPLOADS: &str = r#"
    return performance.getEntriesByType("resource").map((one) => new URL(one.name))
        .filter((url) => url.pathname.endsWith("/import")).map((url) => url.search);
"#;

async fn open(page: &Browser) {
    page.sign_in(ADMIN_TOKEN).await;
    page.click("admin-database").await;
    page.see("database-size").await;
}

/// Returns a folder with a dump of the database.
async fn dumped(app: &App) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("the disk has room");
    let path = folder.path().join("backup.dump");
    let dump = app.admin().dump().answer().await.good();
    std::fs::write(&path, &dump.body).expect("the folder is ours");
    (folder, path)
}

/// Chooses a file and waits until the page has found it whole.
async fn choose(page: &Browser, path: &Path) {
    page.choose_file("restore-file", path).await;
    page.text("archive-whole", SOON, |text| text.contains("is complete"))
        .await;
}

async fn database_name(app: &App) -> String {
    let name = app.database.text("select current_database()").await;
    name.expect("a database has a name")
}

/// Returns whether the server has received a request to restore.
fn was_asked(app: &App) -> bool {
    app.server.log().contains("/api/admin/database/import")
}

/// Changes the live database, so that it differs from its dump.
async fn change(app: &App) {
    app.database
        .execute("delete from message_request where id % 2 = 0; create view later as select 1 as id")
        .await;
}

#[tokio::test]
async fn a_dump_is_inspected_restored_and_rolled_back() {
    let app = App::start().await;
    let whole = app.database.contents().await;
    let (_folder, dump) = dumped(&app).await;
    change(&app).await;
    let changed = app.database.contents().await;
    let name = database_name(&app).await;
    in_browser(
        &app.server.address,
        "a_dump_is_inspected_restored_and_rolled_back",
        async |page| {
            open(page).await;
            choose(page, &dump).await;
            page.text("archive-figures", SOON, |text| {
                text.contains(&name) && text.contains("PostgreSQL") && text.contains("kB")
            })
            .await;
            page.click("archive-tables").await;
            page.text("archive-table-rows", SOON, |text| {
                text.lines().count() == whole.len() && text.contains("public.message_request")
            })
            .await;
            assert!(!was_asked(&app), "nothing is sent before the visitor says so");

            page.click("restore-start").await;
            assert!(!enabled(page, "confirm-yes").await, "the name has to be typed");
            page.fill("confirm-word", "something else").await;
            assert!(!enabled(page, "confirm-yes").await);
            assert!(!was_asked(&app));
            page.fill("confirm-word", &name).await;
            page.click("confirm-yes").await;

            let done = page
                .text("restore-done", EXPORT_PATIENCE, |text| text.contains("Roll back"))
                .await;
            let left = copies(&app.admin()).await;
            assert!(
                done.contains(left[0]["name"].as_str().unwrap()) && done.contains("before-restore_"),
                "{done}"
            );
            assert_eq!(app.database.contents().await, whole);
            // A restored file is not offered again.
            page.see("drop-zone").await;
            page.text("copies", SOON, |text| text.contains("replaced by a restore"))
                .await;

            page.click("restore-roll-back").await;
            page.click("confirm-yes").await;
            page.text("toast-success", SOON, |text| text.contains("is live again"))
                .await;
            assert_eq!(app.database.contents().await, changed);
            page.see_no_more("restore-done").await;
            page.text("copies", SOON, |text| text.contains("replaced by a roll-back"))
                .await;

            page.click("copy-remove").await;
            page.click("confirm-no").await;
            assert_eq!(copies(&app.admin()).await.len(), 1);
            page.click("copy-remove").await;
            page.click("confirm-yes").await;
            page.see_no_more("copies").await;
            assert_eq!(copies(&app.admin()).await, [] as [Value; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn a_merge_shows_the_number_of_inserted_rows() {
    let app = App::start().await;
    app.database
        .execute(
            "create table thousand (id serial primary key, t text); \
             insert into thousand (t) select 'row ' || n from generate_series(1, 1000) n",
        )
        .await;
    let (_folder, dump) = dumped(&app).await;
    app.database
        .execute("delete from thousand where id > 2; update thousand set t = 'other' where id = 1")
        .await;
    in_browser(
        &app.server.address,
        "a_merge_shows_the_number_of_inserted_rows",
        async |page| {
            open(page).await;
            choose(page, &dump).await;
            page.click("restore-merge").await;
            page.click("restore-start").await;
            assert!(!page.sees("confirm-word").await, "a merge need not be typed");
            page.click("confirm-yes").await;
            let counts = page
                .text("restore-tables", EXPORT_PATIENCE, |text| {
                    text.contains("public.thousand")
                })
                .await;
            let line = counts.lines().find(|line| line.contains("public.thousand"));
            assert_eq!(line, Some("public.thousand 998 1 1"), "{counts}");
            assert!(
                !page.sees("restore-roll-back").await,
                "a merge keeps no other database"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_file_that_is_no_whole_dump_is_refused_and_not_sent() {
    let app = App::start().await;
    let (folder, dump) = dumped(&app).await;
    let content = std::fs::read(&dump).unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut damaged = content.clone();
    damaged[200..260].fill(0xff);
    let cases = [
        (file("cut.dump", &content[..content.len() * 2 / 3]), "cut short"),
        (file("short.dump", &content[..content.len() - 1]), "cut short"),
        (file("damaged.dump", &damaged), "damaged at byte"),
        (file("empty.dump", b""), "empty"),
        (file("script.dump", b"-- PostgreSQL database dump\n"), "SQL text"),
        (file("photo.dump", &[7; 4096]), "unknown kind"),
        (file("backup.sql", &content), "ends in"),
    ];
    in_browser(
        &app.server.address,
        "a_file_that_is_no_whole_dump",
        async |page| {
            open(page).await;
            for (path, why) in cases {
                let name = path.file_name().unwrap().to_str().unwrap();
                page.choose_file("restore-file", &path).await;
                let said = page
                    .text("archive-refused", SOON, |text| text.contains(name))
                    .await;
                assert!(
                    said.contains(why) && said.contains("Nothing was uploaded"),
                    "{name}: {said}"
                );
                assert!(!page.sees("restore-start").await, "{name}");
            }
            assert!(!was_asked(&app));
            // The drop zone still accepts another file.
            choose(page, &dump).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_dropped_file_is_inspected() {
    let app = App::start().await;
    in_browser(&app.server.address, "a_dropped_file_is_inspected", async |page| {
        open(page).await;
        let drop = "const [name, ...texts] = arguments; const dropped = new DataTransfer(); \
                    for (const text of texts) dropped.items.add(new File([text], name)); \
                    const zone = document.querySelector('[data-testid=drop-zone]'); \
                    zone.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }))";
        page.run(drop, vec![json!("two.dump"), json!("1"), json!("2")]).await;
        page.text("drop-zone", SOON, |text| text.contains("several files"))
            .await;
        page.run(drop, vec![json!("one.dump"), json!("-- SQL")]).await;
        page.text("archive-refused", SOON, |text| {
            text.contains("one.dump") && text.contains("SQL text")
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_or_cut_upload_changes_nothing() {
    let app = App::start().await;
    // Data that does not compress, because socket buffers hold some megabytes of an upload.
    app.database
        .execute(
            "create table noise as select encode(sha256(n::text::bytea), 'hex') as a from generate_series(1, 600000) n",
        )
        .await;
    let (_folder, dump) = dumped(&app).await;
    change(&app).await;
    let before = app.database.contents().await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "a_cancelled_or_cut_upload_changes_nothing",
        async |page| {
            open(page).await;
            choose(page, &dump).await;
            page.click("restore-merge").await;
            proxy.set(Behavior::SlowUpload(500_000));
            page.click("restore-start").await;
            page.click("confirm-yes").await;
            page.text("restore-sent", SOON, |text| {
                text.contains("MB of ") && !text.starts_with("0 B")
            })
            .await;
            let scratch = app.server.data_dir().join("scratch");
            let files = || std::fs::read_dir(&scratch).map_or(0, Iterator::count);
            let arriving = async || (files() == 1).then_some(());
            wait_for("the upload to arrive", SOON, arriving).await;

            page.click("restore-cancel").await;
            page.text("restore-cancelled", SOON, |text| {
                text.contains("database is unchanged")
            })
            .await;
            let gone = async || (files() == 0).then_some(());
            wait_for("the upload to be forgotten", SOON, gone).await;

            // The same file again; this time the network breaks.
            page.click("restore-start").await;
            page.click("confirm-yes").await;
            wait_for("the upload to arrive", SOON, arriving).await;
            proxy.set(Behavior::Refusing);
            page.text("restore-failed", SOON, |text| {
                text.contains("Nothing was restored") && text.contains("not uploaded")
            })
            .await;
            wait_for("the upload to be forgotten", SOON, gone).await;
            assert!(!app.server.log().contains("database_import_initiated"));
            assert_eq!(app.database.contents().await, before);
        },
    )
    .await;
}

#[tokio::test]
async fn the_page_shows_who_holds_the_lock_and_refuses_a_file_that_is_too_large() {
    let app = App::start_with(&[("DECANT_UPLOAD_MAX_MB", "1")]).await;
    let (_folder, dump) = dumped(&app).await;
    app.database
        .execute(
            "create table noise as select encode(sha256(n::text::bytea), 'hex') as a from generate_series(1, 300000) n",
        )
        .await;
    let (_large_folder, large) = dumped(&app).await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &app.server.address,
        "the_page_shows_who_holds_the_lock_and_refuses_a_file_that_is_too_large",
        async |page| {
            open(page).await;
            choose(page, &dump).await;
            page.click("restore-merge").await;
            proxy.set(Behavior::Throttled(10_000));
            let slow = Actor::new(&proxy.address).with_token(ADMIN_TOKEN);
            let holder = slow.dump().answer();
            let story = async {
                let running = async || {
                    let status = app.admin().database_status().answer().await.good();
                    let status: Value = status.json();
                    (!status["lock"].is_null()).then_some(())
                };
                wait_for("the dump", SOON, running).await;
                page.click("restore-start").await;
                page.click("confirm-yes").await;
                page.text("restore-failed", SOON, |text| {
                    text.contains("Another backup operation runs") && text.contains("Administrator")
                })
                .await;
                let sent = page.run(SENT_UPLOADS, vec![]).await;
                assert_eq!(sent, json!(["?check=true"]), "the file itself is not sent");
            };
            tokio::select! {
                _ = holder => panic!("the dump has ended"),
                () = story => {}
            }
            page.see_no_more("database-lock").await;
            page.click("archive-forget").await;
            choose(page, &large).await;
            page.click("restore-start").await;
            page.fill("confirm-word", &database_name(&app).await).await;
            page.click("confirm-yes").await;
            page.text("restore-failed", SOON, |text| {
                text.contains("too large") && text.contains("1048576")
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_restore_continues_without_its_page() {
    let app = App::start().await;
    let whole = app.database.contents().await;
    let (_folder, dump) = dumped(&app).await;
    change(&app).await;
    let name = database_name(&app).await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "a_restore_continues_without_its_page",
        async |page| {
            open(page).await;
            choose(page, &dump).await;
            page.click("restore-start").await;
            page.fill("confirm-word", &name).await;
            page.click("confirm-yes").await;
            page.text("restore-log", SOON, |text| text.contains("The file is whole"))
                .await;
            proxy.set(Behavior::Refusing);
            page.text("restore-lost", SOON, |text| {
                text.contains("server continues the restore")
            })
            .await;
            proxy.set(Behavior::Normal);
            // The page does not poll; a reload shows the result.
            page.reload().await;
            page.text("copies", EXPORT_PATIENCE, |text| {
                text.contains("replaced by a restore")
            })
            .await;
            let finished = async || {
                let log = app.server.log();
                log.contains("database_import_complete").then_some(())
            };
            wait_for("the restore", EXPORT_PATIENCE, finished).await;
            assert_eq!(app.database.contents().await, whole);
        },
    )
    .await;
}

async fn enabled(page: &Browser, test_id: &str) -> bool {
    page.see(test_id).await;
    let script = "return !document.querySelector(`[data-testid=${arguments[0]}]`).disabled";
    page.run(script, vec![json!(test_id)]).await == json!(true)
}

#[tokio::test]
async fn a_dump_without_all_tables_replaces_the_database_only_if_the_visitor_allows_that() {
    let app = App::start().await;
    let (_folder, dump) = dumped(&app).await;
    let whole = app.database.contents().await;
    app.database
        .execute("create table later (id int primary key)")
        .await;
    let name = database_name(&app).await;
    in_browser(
        &app.server.address,
        "a_dump_without_all_tables_replaces_the_database_only_if_the_visitor_allows_that",
        async |page| {
            open(page).await;
            choose(page, &dump).await;
            let restore = async || {
                page.click("restore-start").await;
                page.fill("confirm-word", &name).await;
                page.click("confirm-yes").await;
            };
            restore().await;
            page.text("restore-failed", EXPORT_PATIENCE, |text| {
                text.contains("public.later")
            })
            .await;
            page.click("restore-allow-missing-tables").await;
            restore().await;
            page.see("restore-done").await;
            assert_eq!(app.database.contents().await, whole);
        },
    )
    .await;
}
