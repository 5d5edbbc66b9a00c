//! Export on the page: the file equals the command line's, byte for byte.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{EXPORT_PATIENCE, in_browser};
use decant_tests::database::Database;
use decant_tests::program;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::ADMIN_TOKEN;

use crate::{number_in, open_export_drawer};

const SOON: Duration = Duration::from_secs(20);

/// Returns the command line's file of the whole dataset.
async fn by_command_line(app: &App) -> Vec<u8> {
    let arguments = ["export", "usage-logs", "--format", "csv", "-o", "-"];
    program::run(&arguments, &[("DSN", &app.database.dsn)])
        .await
        .good()
        .stdout
}

#[tokio::test]
async fn browser_command_line_and_server_give_the_same_bytes_of_100000_rows() {
    let app = App::start_on(Database::with_rows(100_000).await, &[]).await;
    let expected = by_command_line(&app).await;
    assert!(
        app.admin().usage_file(&[]).await == expected,
        "the server's file differs"
    );
    let rows = app.database.usage_rows("true").await;
    in_browser(
        &app.server.address,
        "browser_command_line_and_server_give_the_same_bytes_of_100000_rows",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("export-start").await;
            let path = page.download().await;
            assert!(
                std::fs::read(&path).unwrap() == expected,
                "the browser's file differs"
            );

            let name = path.file_name().unwrap().to_str().unwrap();
            let time = name
                .strip_prefix("usage-logs-")
                .and_then(|rest| rest.strip_suffix(".csv"))
                .unwrap_or(name);
            let shape: String = time
                .chars()
                .map(|one| if one.is_ascii_digit() { '0' } else { one })
                .collect();
            assert_eq!(shape, "0000-00-00-000000", "{name}");
            let done = page.text("export-done", SOON, |text| text.contains(name)).await;
            assert!(done.replace(',', "").contains(&format!("{rows} rows")), "{done}");
        },
    )
    .await;
}

#[tokio::test]
async fn a_file_is_named_by_the_time_of_its_zone() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "a_file_is_named_by_the_time_of_its_zone",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            // Fourteen hours ahead of UTC, in which the browser is.
            page.open("usage-logs?zone=Pacific/Kiritimati").await;
            let now = "select to_char(now() at time zone 'Pacific/Kiritimati', 'YYYY-MM-DD-HH24MISS')";
            let before = app.database.text(now).await.unwrap();
            page.click("export-start").await;
            let path = page.download().await;
            let after = app.database.text(now).await.unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            let time = name
                .strip_prefix("usage-logs-")
                .and_then(|rest| rest.strip_suffix(".csv"));
            let time = time.unwrap_or(name);
            assert!(
                *before <= *time && *time <= *after,
                "{time} is between {before} and {after}"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn filters_columns_and_options_apply_to_the_file() {
    let app = App::start().await;
    let query = [
        ("exclude_200", "true"),
        ("columns", "user_name,model,cost_usd"),
        ("delimiter", "semicolon"),
    ];
    in_browser(
        &app.server.address,
        "filters_columns_and_choices_reach_the_file",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.set_filter("exclude_200", None).await;
            page.click("columns-toggle").await;
            page.show_columns(&["user_name", "model", "cost_usd"]).await;
            open_export_drawer(page).await;
            page.click("export-advanced").await;
            page.choose("option-delimiter", "Semicolon ;").await;
            page.click("export-drawer-start").await;
            let file = std::fs::read(page.download().await).unwrap();
            let expected = app
                .admin()
                .export("usage-logs")
                .queries(&query)
                .answer()
                .await
                .good();
            assert_eq!(String::from_utf8(file).unwrap(), expected.text());
        },
    )
    .await;
}

#[tokio::test]
async fn a_user_exports_own_rows() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let expected = user.usage_file(&[]).await;
    in_browser(&app.server.address, "a_user_exports_own_rows", async |page| {
        page.sign_in(&who.key).await;
        page.click("export-start").await;
        assert!(std::fs::read(page.download().await).unwrap() == expected);
    })
    .await;
}

#[tokio::test]
async fn a_file_appears_only_when_it_is_complete() {
    let app = App::start_on(Database::with_rows(50_000).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "a_file_appears_only_when_it_is_whole",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.text("row-count", SOON, |text| number_in(text).is_some())
                .await;
            proxy.set(Behavior::Throttled(400_000));
            page.click("export-start").await;
            // The page shows progress and stays usable.
            page.text("export-rows", EXPORT_PATIENCE, |text| {
                number_in(text).is_some_and(|rows| rows > 0)
            })
            .await;
            page.see("export-progress").await;
            page.click("columns-toggle").await;
            page.see("column-model").await;
            assert_eq!(
                page.downloads(),
                [] as [std::path::PathBuf; 0],
                "nothing appears before it is whole"
            );

            page.click("export-cancel").await;
            page.see_no_more("export-running").await;
            proxy.set(Behavior::Normal);
            let gone = async || (app.database.running_copies().await == 0).then_some(());
            decant_tests::patience::wait_for("the query to be gone", Duration::from_secs(2), gone).await;
            assert_eq!(
                page.downloads(),
                [] as [std::path::PathBuf; 0],
                "a cancelled export leaves nothing"
            );

            // The next export works.
            page.click("export-start").await;
            let expected = app.admin().usage_file(&[]).await;
            assert!(std::fs::read(page.download().await).unwrap() == expected);
        },
    )
    .await;
}

#[tokio::test]
async fn every_format_is_the_same_from_page_and_server() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "every_format_leaves_the_page",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            for (format, packing, word, compression, beginning) in [
                ("Excel (XLSX)", "None", "xlsx", "none", "Time"),
                ("JSON", "gzip", "json", "gzip", "[\n{\"created_at\":"),
                ("JSON lines", "None", "jsonl", "none", "{\"created_at\":"),
                ("XML", "None", "xml", "none", "…"),
                ("Markdown", "None", "markdown", "none", "| "),
                ("HTML report", "None", "html", "none", "Time"),
                ("CSV", "Zstandard", "csv", "zstd", "\u{feff}\"Time\",User,"),
            ] {
                open_export_drawer(page).await;
                page.choose("option-format", format).await;
                page.choose("option-compression", packing).await;
                let is_it = |text: &str| text.starts_with(beginning.trim_start_matches('\u{feff}'));
                page.text("export-preview", SOON, is_it).await;
                page.click("export-drawer-start").await;
                let path = page.download().await;
                let query = [("format", word), ("compression", compression)];
                let expected = app.admin().usage_file(&query).await;
                assert!(
                    std::fs::read(&path).unwrap() == expected,
                    "{} differs",
                    path.display()
                );
                std::fs::remove_file(&path).unwrap();
            }
        },
    )
    .await;
}
