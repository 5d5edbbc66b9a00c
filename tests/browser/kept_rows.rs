//! Rows kept in the browser: another file of them needs no request, and equals the one that a request would give. They
//! are removed when another visitor signs in.

use std::path::PathBuf;
use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::ADMIN_TOKEN;

use crate::{number_in, open_export_drawer};

const SOON: Duration = Duration::from_secs(20);

/// Returns the command line's file of the rows that the database has now.
async fn by_command_line(app: &App, choices: &[&str]) -> Vec<u8> {
    let arguments = [&["export", "usage-logs", "-o", "-"], choices].concat();
    program::run(&arguments, &[("DSN", &app.database.dsn)])
        .await
        .good()
        .stdout
}

/// Hides all rows from new requests.
async fn take_rows_away(app: &App) {
    app.database.execute("delete from message_request").await;
}

async fn leave_one_row(app: &App) {
    let others = "delete from message_request where id <> \
                  (select max(id) from message_request where deleted_at is null)";
    app.database.execute(others).await;
    assert_eq!(app.database.usage_rows("true").await, 1);
}

/// Clicks, and moves the file out of the downloads folder.
async fn file_of(page: &Browser, button: &str) -> Vec<u8> {
    page.click(button).await;
    downloaded(page).await
}

async fn downloaded(page: &Browser) -> Vec<u8> {
    let path: PathBuf = page.download().await;
    let file = std::fs::read(&path).expect("the file is there");
    std::fs::remove_file(path).expect("the folder is ours");
    file
}

/// Returns the files of raw rows in the browser's storage.
async fn kept_files(page: &Browser) -> usize {
    let list = "const root = await navigator.storage.getDirectory(); \
                const folder = await root.getDirectoryHandle('decant-exports', { create: true }); \
                const names = []; \
                for await (const name of folder.keys()) names.push(name); \
                return names.filter((name) => name.startsWith('rows-')).length";
    let number = page
        .run(&format!("return (async () => {{ {list} }})()"), vec![])
        .await;
    usize::try_from(number.as_u64().expect("a length is a number")).expect("there are few")
}

/// Waits for this many files, because the page does not wait for their removal.
async fn has_kept_files(page: &Browser, number: usize) {
    let are = async || (kept_files(page).await == number).then_some(());
    wait_for(&format!("{number} files of kept rows"), SOON, are).await;
}

#[tokio::test]
async fn every_other_file_of_the_same_rows_needs_no_further_query() {
    let app = App::start_on(Database::with_rows(20_000).await, &[]).await;
    let rows = app.database.usage_rows("true").await;
    let csv = by_command_line(&app, &["--format", "csv"]).await;
    let json = by_command_line(&app, &["--format", "json", "--compression", "gzip"]).await;
    let xlsx = by_command_line(&app, &["--format", "xlsx"]).await;
    let shanghai = by_command_line(&app, &["--format", "html", "--zone", "Asia/Shanghai"]).await;
    let few = ["--format", "html", "--columns", "user_name,model,cost_usd"];
    let few_columns = by_command_line(&app, &few).await;
    in_browser(
        &app.server.address,
        "every_other_file_of_the_same_rows_needs_no_further_query",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            assert!(file_of(page, "export-start").await == csv, "CSV differs");
            let note = page
                .text("kept-rows", SOON, |text| text.contains("loaded at"))
                .await;
            assert_eq!(number_in(&note), Some(rows), "{note}");

            leave_one_row(&app).await;
            open_export_drawer(page).await;
            page.choose("option-format", "JSON").await;
            page.choose("option-compression", "gzip").await;
            assert!(file_of(page, "export-drawer-start").await == json, "JSON differs");
            page.text("export-done", SOON, |text| text.contains("without a new query"))
                .await;
            open_export_drawer(page).await;
            page.choose("option-compression", "None").await;
            page.click("export-drawer-close").await;
            page.click("export-menu").await;
            assert!(file_of(page, "export-as-xlsx").await == xlsx, "XLSX differs");

            // Another zone and fewer columns need no request.
            page.choose("zone", "Asia/Shanghai").await;
            page.click("export-menu").await;
            page.click("export-as-html").await;
            assert!(file_of(page, "confirm-yes").await == shanghai, "the zone differs");
            page.choose("zone", "UTC").await;
            page.click("columns-toggle").await;
            page.show_columns(&["user_name", "model", "cost_usd"]).await;
            page.click("export-start").await;
            assert!(
                file_of(page, "confirm-yes").await == few_columns,
                "the columns differ"
            );

            // So do all columns.
            page.click("export-menu").await;
            page.click("export-all-columns").await;
            page.see("kept-rows").await;
            page.click("export-shown-columns").await;
            page.click("export-menu").await;

            // New rows come after the data is refreshed.
            let now = by_command_line(&app, &few).await;
            assert_ne!(now, few_columns);
            page.click("fetch-anew").await;
            page.see_no_more("kept-rows").await;
            page.text("row-count", SOON, |text| number_in(text) == Some(1))
                .await;
            assert!(file_of(page, "export-start").await == now, "the rows are not new");
            // The kept rows have few columns, so a file with all columns needs a request.
            page.see("kept-rows").await;
            page.click("all-columns").await;
            page.see_no_more("kept-rows").await;
            has_kept_files(page, 1).await;
        },
    )
    .await;
}

#[tokio::test]
async fn rows_of_a_resumed_export_make_another_whole_file() {
    let app = App::start_on(Database::with_rows(50_000).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    let csv = by_command_line(&app, &["--format", "csv"]).await;
    let jsonl = by_command_line(&app, &["--format", "jsonl"]).await;
    in_browser(
        &proxy.address,
        "rows_of_a_resumed_export_make_another_whole_file",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            proxy.set(Behavior::Throttled(400_000));
            page.click("export-start").await;
            page.text("export-rows", EXPORT_PATIENCE, |text| {
                number_in(text).is_some_and(|rows| rows > 0)
            })
            .await;
            proxy.set(Behavior::CutAfter(100_000));
            page.text("export-safe", EXPORT_PATIENCE, |text| text.contains("safe"))
                .await;
            proxy.set(Behavior::Normal);
            assert!(file_of(page, "export-resume").await == csv, "CSV differs");

            take_rows_away(&app).await;
            page.click("export-menu").await;
            assert!(
                file_of(page, "export-as-jsonl").await == jsonl,
                "JSON lines differ"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn changed_filters_and_lost_rows_need_a_new_query() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "changed_filters_and_lost_rows_need_a_new_query",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            file_of(page, "export-start").await;
            page.see("kept-rows").await;
            has_kept_files(page, 1).await;
            page.set_filter("exclude_200", None).await;
            page.see_no_more("kept-rows").await;
            let narrow = app.admin().usage_file(&[("exclude_200", "true")]).await;
            assert!(file_of(page, "export-start").await == narrow);
            has_kept_files(page, 1).await;

            // As a browser does when it needs the space.
            page.see("kept-rows").await;
            let evict = "return navigator.storage.getDirectory() \
                     .then((root) => root.removeEntry('decant-exports', { recursive: true })) \
                     .then(() => null)";
            page.run(evict, vec![]).await;
            take_rows_away(&app).await;
            let none = app.admin().usage_file(&[("exclude_200", "true")]).await;
            assert!(file_of(page, "export-start").await == none);
            has_kept_files(page, 1).await;
        },
    )
    .await;
}

#[tokio::test]
async fn another_visitor_gets_no_kept_rows() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    in_browser(
        &app.server.address,
        "another_visitor_gets_no_kept_rows",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            file_of(page, "export-start").await;
            has_kept_files(page, 1).await;
            page.click("account").await;
            page.click("sign-out").await;
            page.see("sign-in-token").await;
            assert_eq!(kept_files(page).await, 0, "signing out removes them");

            // When a session expires, the next sign-in decides about the kept rows.
            page.sign_in(ADMIN_TOKEN).await;
            file_of(page, "export-start").await;
            has_kept_files(page, 1).await;
            page.forget_session().await;
            page.reload().await;
            page.sign_in(&who.key).await;
            has_kept_files(page, 0).await;
            assert!(!page.sees("kept-rows").await);
            assert!(file_of(page, "export-start").await == user.usage_file(&[]).await);
        },
    )
    .await;
}

#[tokio::test]
async fn kept_rows_make_room_for_the_file() {
    let app = App::start_on(Database::with_rows(50_000).await, &[]).await;
    let csv = by_command_line(&app, &["--format", "csv"]).await;
    in_browser(
        &app.server.address,
        "kept_rows_make_room_for_the_file",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            // Room for the file and half of the rows. Chromium reserves space in powers of two.
            let room = csv.len().next_power_of_two() as u64 * 3 / 2;
            page.limit_disk(&app.server.address, room).await;
            assert!(file_of(page, "export-start").await == csv);
            page.see("export-done").await;
            has_kept_files(page, 0).await;
            assert!(!page.sees("kept-rows").await);
        },
    )
    .await;
}
