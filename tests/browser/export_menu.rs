//! The export's button and menu: formats, columns, commands to copy, and what stops an export before it begins.

use std::path::{Path, PathBuf};
use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser, key};
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::number_in;

const SOON: Duration = Duration::from_secs(20);

/// Opens the page of the usage logs with this selection.
async fn open(page: &Browser, selection: &str) {
    page.run("window.isBefore = true", vec![]).await;
    page.open(&format!("usage-logs?{selection}")).await;
    let is_there = async || {
        let is_new = page.run("return window.isBefore !== true", vec![]).await;
        (is_new == true && page.sees("export-start").await).then_some(())
    };
    wait_for("the page of the selection", SOON, is_there).await;
}

async fn has_rows(page: &Browser, rows: u64) {
    page.text("row-count", SOON, |text| number_in(text) == Some(rows))
        .await;
}

async fn content_of(path: PathBuf) -> Vec<u8> {
    let file = std::fs::read(&path).expect("the file is there");
    std::fs::remove_file(path).expect("the folder is ours");
    file
}

#[tokio::test]
async fn the_menu_exports_by_keyboard_and_the_button_repeats_the_format() {
    let app = App::start().await;
    let jsonl = app.admin().usage_file(&[("format", "jsonl")]).await;
    in_browser(
        &app.server.address,
        "the_menu_exports_by_keyboard_and_the_button_repeats_the_format",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.text("export-start", SOON, |text| text == "Export CSV").await;
            page.text("row-count", SOON, |text| number_in(text).is_some())
                .await;
            let focus = "document.querySelector('[data-testid=export-menu]').focus()";
            page.run(focus, vec![]).await;

            page.press_key(key::DOWN).await;
            page.has_focus("export-as-csv").await;
            page.text("export-popup-note", SOON, |text| {
                text.contains("no filters") && text.contains("18 columns") && text.contains("UTC")
            })
            .await;
            page.press_key(key::END).await;
            page.has_focus("export-copy-command").await;
            page.press_key(key::DOWN).await;
            page.has_focus("export-as-csv").await;
            page.press_key(key::ESCAPE).await;
            page.see_no_more("export-as-csv").await;
            page.has_focus("export-menu").await;

            page.press_key(key::ENTER).await;
            page.has_focus("export-as-csv").await;
            while page.focused().await != "export-as-jsonl" {
                page.press_key(key::DOWN).await;
            }
            page.press_key(key::ENTER).await;
            assert!(content_of(page.download().await).await == jsonl);
            page.see_no_more("export-as-csv").await;
            page.has_focus("export-menu").await;

            page.text("export-start", SOON, |text| text == "Export JSONL")
                .await;
            page.reload().await;
            page.click("export-start").await;
            assert!(content_of(page.download().await).await == jsonl);
        },
    )
    .await;
}

#[tokio::test]
async fn copied_commands_make_the_file_of_the_page() {
    let app = App::start().await;
    let rename = "update message_request set model = 'it''s \"new\" & $HOME' where id in \
                  (select id from message_request where deleted_at is null order by id limit 5)";
    app.database.execute(rename).await;
    let query = [
        ("model", "it's \"new\" & $HOME"),
        ("columns", "user_name,model,cost_usd"),
        ("zone", "Asia/Shanghai"),
    ];
    let expected = app.admin().usage_file(&query).await;
    in_browser(
        &app.server.address,
        "copied_commands_make_the_file_of_the_page",
        async |page| {
            let selection =
                "model=it's+%22new%22+%26+$HOME&columns=user_name,model,cost_usd&zone=Asia/Shanghai";
            page.sign_in(ADMIN_TOKEN).await;
            open(page, selection).await;
            has_rows(page, 5).await;

            page.click("export-menu").await;
            page.click("export-copy-curl").await;
            page.text("toast-success", SOON, |text| text.contains("DECANT_TOKEN"))
                .await;
            let curl = page.copied(&app.server.address).await;
            assert!(!curl.contains(ADMIN_TOKEN), "{curl}");
            let file = run(&curl, &[("DECANT_TOKEN", ADMIN_TOKEN)]).await;
            assert!(file == expected, "{curl}");

            page.click("toast-dismiss").await;
            page.click("export-menu").await;
            page.click("export-copy-command").await;
            page.text("toast-success", SOON, |text| text.contains("DSN"))
                .await;
            let command = page.copied(&app.server.address).await;
            let file = run(&command, &[("DSN", &app.database.dsn)]).await;
            assert!(file == expected, "{command}");
        },
    )
    .await;
}

/// Runs a command in a shell, as a visitor does who pastes it. Returns the only file that it writes.
async fn run(command: &str, settings: &[(&str, &str)]) -> Vec<u8> {
    let folder = TempDir::new().expect("the folder for temporary files can be written");
    let programs = program::path();
    let programs = programs.parent().map(Path::to_path_buf).unwrap_or_default();
    let path = std::env::var("PATH").unwrap_or_default();
    let status = Command::new("bash")
        .args(["-c", command])
        .envs(settings.iter().copied())
        .env("PATH", format!("{}:{path}", programs.display()))
        .current_dir(folder.path())
        .status()
        .await
        .expect("bash is there");
    assert!(status.success(), "{command}");
    let files = std::fs::read_dir(folder.path()).expect("the folder is ours");
    let files: Vec<_> = files.map(|file| file.expect("it can be read").path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    std::fs::read(&files[0]).expect("it can be read")
}

#[tokio::test]
async fn a_member_is_offered_no_command_that_reads_the_rows_of_others() {
    let app = App::start().await;
    let (_, who) = app.user().await;
    in_browser(
        &app.server.address,
        "a_member_is_offered_no_command_that_reads_the_rows_of_others",
        async |page| {
            page.sign_in(&who.key).await;
            page.click("export-menu").await;
            page.see("export-copy-curl").await;
            assert!(!page.sees("export-copy-command").await);
        },
    )
    .await;
}

#[tokio::test]
async fn the_file_has_all_columns_until_the_visitor_edits_them() {
    let app = App::start().await;
    let all = app.admin().usage_file(&[]).await;
    let few = app.admin().usage_file(&[("columns", "model,cost_usd")]).await;
    in_browser(
        &app.server.address,
        "the_file_has_all_columns_until_the_visitor_edits_them",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("export-start").await;
            assert!(content_of(page.download().await).await == all);

            open(page, "columns=model,cost_usd").await;
            page.click("export-menu").await;
            page.text("export-shown-columns", SOON, |text| text.contains("The 2 shown"))
                .await;
            page.click("export-as-csv").await;
            assert!(content_of(page.download().await).await == few);

            page.click("export-menu").await;
            page.click("export-all-columns").await;
            page.text("export-popup-note", SOON, |text| text.contains("18 columns"))
                .await;
            page.click("export-as-csv").await;
            assert!(content_of(page.download().await).await == all);
        },
    )
    .await;
}

#[tokio::test]
async fn without_rows_the_button_names_the_reason_and_exports_nothing() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "without_rows_the_button_names_the_reason_and_exports_nothing",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            open(page, "model=no-such-model").await;
            has_rows(page, 0).await;
            let state = "const button = document.querySelector('[data-testid=export-start]'); \
                         return [button.getAttribute('aria-disabled'), \
                                 document.getElementById(button.getAttribute('aria-describedby')).textContent]";
            let expected = json!(["true", "No rows match your filters."]);
            assert_eq!(page.run(state, vec![]).await, expected);
            page.click("export-start").await;
            page.click("export-menu").await;
            page.text("export-popup-note", SOON, |text| text == "No rows match your filters.")
                .await;
            page.click("export-as-csv").await;
            page.press_key(key::ESCAPE).await;

            // The only file is the one that is made afterwards.
            page.click("clear-filters").await;
            page.text("row-count", SOON, |text| number_in(text) > Some(0))
                .await;
            page.click("export-start").await;
            page.download().await;
            assert_eq!(page.downloads().len(), 1);
        },
    )
    .await;
}

#[tokio::test]
async fn a_long_report_is_made_only_after_a_question() {
    let app = App::start_on(Database::with_rows(12_000).await, &[]).await;
    let rows = app.database.usage_rows("true").await;
    let report = app.admin().usage_file(&[("format", "html")]).await;
    in_browser(
        &app.server.address,
        "a_long_report_is_made_only_after_a_question",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            has_rows(page, rows).await;
            page.click("export-menu").await;
            page.click("export-as-html").await;
            let question = page
                .text("confirm", SOON, |text| {
                    text.contains("more than a browser shows well")
                })
                .await;
            assert_eq!(number_in(&question), Some(rows));
            page.click("confirm-no").await;
            page.has_focus("export-menu").await;
            assert!(!page.sees("export-running").await && !page.sees("export-done").await);

            page.click("export-start").await;
            page.click("confirm-yes").await;
            assert!(content_of(page.download().await).await == report);
        },
    )
    .await;
}

#[tokio::test]
async fn menu_and_drawer_fit_on_a_small_screen_and_under_a_finger() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "menu_and_drawer_fit_on_a_small_screen_and_under_a_finger",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.become_a_telephone().await;
            let is_coarse = "return matchMedia('(pointer: coarse)').matches";
            assert_eq!(page.run(is_coarse, vec![]).await, true);
            page.click("export-menu").await;
            page.see("export-copy-curl").await;
            let misplaced = "return [...document.querySelectorAll(arguments[0])].filter((element) => { \
                               const { left, right, height } = element.getBoundingClientRect(); \
                               return left < 0 || right > innerWidth || height < 44; \
                             }).map((element) => element.outerHTML)";
            let of_menu = json!(".export-bar > button, .popup button");
            assert_eq!(page.run(misplaced, vec![of_menu]).await, json!([]));

            page.click("options-toggle").await;
            page.see("export-drawer-start").await;
            let settled = async || {
                let animations = page.run("return document.getAnimations().length", vec![]).await;
                (animations == 0).then_some(())
            };
            wait_for("the drawer to stand still", SOON, settled).await;
            let of_drawer = json!(".export-drawer :is(button, select)");
            assert_eq!(page.run(misplaced, vec![of_drawer]).await, json!([]));
            let width = "return document.querySelector('.export-drawer').getBoundingClientRect().width \
                         === document.documentElement.clientWidth";
            assert_eq!(page.run(width, vec![]).await, true, "it fills the screen");
        },
    )
    .await;
}
