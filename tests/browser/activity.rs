//! The activity tray: several exports at once, their announcements, their results.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::database::Database;
use decant_tests::definitions::ENDLESS;
use decant_tests::patience::wait_for;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

use crate::number_in;

const SOON: Duration = Duration::from_secs(20);

/// Bytes per second. The rows take some seconds.
const SLOW: Behavior = Behavior::Throttled(300_000);

/// Collects the texts of a live region from now on.
const LISTEN: &str = r#"
    const region = document.querySelector(`[data-testid="${arguments[0]}"]`);
    window.heard = [];
    new MutationObserver(() => { if (region.textContent) window.heard.push(region.textContent); })
        .observe(region, { childList: true, characterData: true, subtree: true });
"#;

async fn app() -> (App, Proxy) {
    let app = App::start_on(Database::with_rows(50_000).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    (app, proxy)
}

async fn open(page: &Browser) {
    page.sign_in(ADMIN_TOKEN).await;
    page.text("row-count", SOON, |text| number_in(text).is_some())
        .await;
}

async fn has_rows(page: &Browser) {
    page.text("export-rows", EXPORT_PATIENCE, |text| {
        number_in(text).is_some_and(|rows| rows > 0)
    })
    .await;
}

/// Waits for the downloads, and returns the contents of all.
async fn files(page: &Browser, number: usize) -> Vec<Vec<u8>> {
    let read = |path| std::fs::read(path).expect("the file is there");
    let paths = page.finished_downloads(number).await;
    paths.into_iter().map(read).collect()
}

#[tokio::test]
async fn two_exports_run_at_once_and_do_not_disturb_each_other() {
    let (app, proxy) = app().await;
    let whole = app.admin().usage_file(&[]).await;
    let title = "two_exports_run_at_once_and_do_not_disturb_each_other";
    in_browser(&proxy.address, title, async |page| {
        open(page).await;
        proxy.set(SLOW);
        page.click("export-start").await;
        has_rows(page).await;
        page.click("export-start").await;
        page.text("activity-count", SOON, |text| text.starts_with('2'))
            .await;
        let title = async || {
            let title = page.run("return document.title", vec![]).await;
            let title = title.as_str().unwrap_or_default();
            title.ends_with(" % · Decant").then_some(())
        };
        wait_for("the progress in the title", SOON, title).await;
        assert!(leaving_asks(page).await);

        // The first one; the other page shows both, too.
        page.click("admin-database").await;
        page.click("export-cancel").await;
        page.see("export-cancelled-result").await;
        page.text("activity-count", SOON, |text| text.starts_with('1'))
            .await;
        has_rows(page).await;
        proxy.set(Behavior::Normal);
        page.text("export-done", EXPORT_PATIENCE, |text| text.contains("rows as of"))
            .await;
        assert!(files(page, 1).await == [whole]);
        page.see_no_more("activity-count").await;
        assert!(!leaving_asks(page).await);
        assert_eq!(
            page.run("return document.title", vec![]).await,
            "Database · Decant"
        );
    })
    .await;
}

async fn leaving_asks(page: &Browser) -> bool {
    let script = "const leaving = new Event('beforeunload', { cancelable: true }); \
                  window.dispatchEvent(leaving); return leaving.defaultPrevented";
    page.run(script, vec![]).await == json!(true)
}

#[tokio::test]
async fn cached_rows_stay_for_the_export_that_reads_them() {
    let (app, proxy) = app().await;
    let whole = app.admin().usage_file(&[]).await;
    let title = "cached_rows_stay_for_the_export_that_reads_them";
    in_browser(&proxy.address, title, async |page| {
        open(page).await;
        page.click("export-start").await;
        files(page, 1).await;
        page.see("fetch-anew").await;
        app.database
            .execute("delete from message_request where id % 2 = 0")
            .await;
        let half = app.admin().usage_file(&[]).await;
        // The third export replaces the cached rows that the second one still reads.
        let click_all = "for (const button of ['export-start', 'fetch-anew', 'export-start']) \
                         document.querySelector(`[data-testid=${button}]`).click()";
        page.run(click_all, vec![]).await;
        let mut made = files(page, 3).await;
        made.sort_by_key(Vec::len);
        assert!(made == [half, whole.clone(), whole]);
    })
    .await;
}

#[tokio::test]
async fn start_tenths_and_end_are_announced() {
    let (_app, proxy) = app().await;
    in_browser(
        &proxy.address,
        "start_tenths_and_end_are_announced",
        async |page| {
            open(page).await;
            page.run(LISTEN, vec![json!("activity-status")]).await;
            proxy.set(SLOW);
            page.click("export-start").await;
            has_rows(page).await;
            page.see("export-done").await;
            let heard = async || {
                let heard = page.run("return window.heard", vec![]).await;
                let heard: Vec<String> = serde_json::from_value(heard).ok()?;
                heard.last()?.contains("completed").then_some(heard)
            };
            let heard = wait_for("the end", SOON, heard).await;
            assert!(heard[0].contains("started"), "{heard:?}");
            let tenths: Vec<_> = heard[1..heard.len() - 1]
                .iter()
                .filter_map(|text| text.rsplit_once(": ")?.1.strip_suffix(" %")?.parse::<u64>().ok())
                .collect();
            assert!(tenths.len() >= 3, "{heard:?}");
            assert!(tenths.is_sorted_by(|one, next| one < next), "{heard:?}");
            assert!(tenths.iter().all(|tenth| tenth % 10 == 0), "{heard:?}");
        },
    )
    .await;
}

#[tokio::test]
async fn an_export_beyond_the_servers_limit_shows_the_problem_and_can_be_tried_again() {
    let settings = [("DECANT_EXPORTS_MAX", "1"), ("DECANT_WAIT_SECONDS", "1")];
    let app = App::start_with_datasets(&[ENDLESS], &settings).await;
    let proxy = Proxy::to(&app.server.address).await;
    let whole = app.admin().usage_file(&[]).await;
    let title = "an_export_beyond_the_servers_limit_shows_the_problem_and_can_be_tried_again";
    in_browser(&proxy.address, title, async |page| {
        open(page).await;
        page.click("dataset-endless").await;
        page.see("export-start").await;
        proxy.set(SLOW);
        page.click("export-start").await;
        has_rows(page).await;
        proxy.set(Behavior::Throttled(2_000_000));
        page.click("dataset-usage-logs").await;
        page.text("row-count", EXPORT_PATIENCE, |text| number_in(text).is_some())
            .await;
        // While the tray is closed, it opens by itself.
        page.click("activity-close").await;
        page.click("export-start").await;
        page.text("export-failed", EXPORT_PATIENCE, |text| {
            text.contains("Too many exports")
        })
        .await;
        let alert = "return document.querySelector('[data-testid=activity-alert]').textContent";
        let alert = async || {
            let alert = page.run(alert, vec![]).await;
            alert.as_str()?.contains("Too many exports").then_some(())
        };
        wait_for("the alert", SOON, alert).await;
        page.click("export-cancel").await;
        page.see_no_more("export-running").await;
        proxy.set(Behavior::Normal);
        page.click("export-resume").await;
        assert!(files(page, 1).await == [whole]);
    })
    .await;
}

#[tokio::test]
async fn a_discarded_export_leaves_the_focus_in_the_tray() {
    let (_app, proxy) = app().await;
    in_browser(
        &proxy.address,
        "a_discarded_export_leaves_the_focus_in_the_tray",
        async |page| {
            open(page).await;
            proxy.set(SLOW);
            page.click("export-start").await;
            has_rows(page).await;
            proxy.set(Behavior::CutAfter(100_000));
            page.see("export-failed").await;
            page.click("export-discard").await;
            page.see_no_more("export-failed").await;
            let focused = page
                .run(
                    "return document.activeElement.closest('[data-testid=activity]') !== null",
                    vec![],
                )
                .await;
            assert_eq!(focused, json!(true), "{}", page.focused().await);
            page.text("export-cancelled-result", SOON, |text| text.contains("Cancelled"))
                .await;
        },
    )
    .await;
}
