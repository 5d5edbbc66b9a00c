//! Broken exports: the page offers *Resume*, and the resumed file equals an unbroken one.

use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::database::Database;
use decant_tests::definitions::SLOWLY;
use decant_tests::patience::wait_for;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::json;

use crate::number_in;

/// Enough rows for a break in the middle of them.
const ROWS: u64 = 50_000;

/// Bytes per second. The compressed rows take some seconds.
const SLOW: Behavior = Behavior::Throttled(400_000);

async fn app() -> (App, Proxy, Vec<u8>) {
    let app = App::start_on(Database::with_rows(ROWS).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    let unbroken = app.admin().usage_file(&[]).await;
    (app, proxy, unbroken)
}

/// Signs in, starts an export, and waits until rows arrive.
async fn begin(page: &Browser) {
    page.click("export-start").await;
    has_rows(page).await;
}

async fn has_rows(page: &Browser) {
    page.text("export-rows", EXPORT_PATIENCE, |text| {
        number_in(text).is_some_and(|rows| rows > 0)
    })
    .await;
}

/// Waits for the message about the broken export.
async fn has_stopped(page: &Browser) -> String {
    let said = page
        .text("export-failed", EXPORT_PATIENCE, |text| text.len() > 20)
        .await;
    assert_eq!(
        page.downloads(),
        [] as [std::path::PathBuf; 0],
        "nothing appears before it is whole"
    );
    let safe = page
        .text("export-safe", EXPORT_PATIENCE, |text| text.contains("safe"))
        .await;
    assert!(
        number_in(&safe).is_some_and(|rows| rows > 0 && rows < ROWS),
        "{safe}"
    );
    said
}

async fn is_whole(page: &Browser, unbroken: &[u8]) {
    let file = std::fs::read(page.download().await).expect("the file is there");
    assert!(
        file == unbroken,
        "{} bytes against {}",
        file.len(),
        unbroken.len()
    );
    page.see("export-done").await;
}

#[tokio::test]
async fn a_cut_export_can_be_resumed_several_times() {
    let (_app, proxy, unbroken) = app().await;
    in_browser(
        &proxy.address,
        "a_cut_export_can_be_resumed_several_times",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            proxy.set(SLOW);
            begin(page).await;
            proxy.set(Behavior::CutAfter(100_000));
            has_stopped(page).await;
            let alert = "return document.querySelector('[data-testid=activity-alert]').textContent";
            let alert = async || {
                let alert = page.run(alert, vec![]).await;
                alert.as_str()?.contains("Export stopped").then_some(())
            };
            wait_for("the alert", EXPORT_PATIENCE, alert).await;

            proxy.set(SLOW);
            page.click("export-resume").await;
            has_rows(page).await;
            proxy.set(Behavior::CutAfter(200_000));
            has_stopped(page).await;

            page.click("export-resume").await;
            is_whole(page, &unbroken).await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_export_can_be_resumed_after_a_restart_of_the_server() {
    let (mut app, proxy, unbroken) = app().await;
    let dsn = app.database.dsn.clone();
    in_browser(
        &proxy.address,
        "an_export_can_be_resumed_after_a_restart_of_the_server",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            proxy.set(SLOW);
            begin(page).await;
            app.server.crash().await;
            proxy.set(Behavior::Refusing);
            has_stopped(page).await;

            // *Resume* before the server is back fails, and keeps the rows.
            page.click("export-resume").await;
            has_stopped(page).await;

            let again = Server::start(&[("DSN", &dsn)]).await;
            proxy.lead_to(&again.address);
            proxy.set(Behavior::Normal);
            page.click("export-resume").await;
            is_whole(page, &unbroken).await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_export_can_be_resumed_after_the_session_has_expired() {
    let (_app, proxy, unbroken) = app().await;
    in_browser(
        &proxy.address,
        "an_export_can_be_resumed_after_the_session_has_expired",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            proxy.set(SLOW);
            begin(page).await;
            proxy.set(Behavior::CutAfter(100_000));
            has_stopped(page).await;
            page.forget_session().await;
            // By script, because another request of the page may have opened the sign-in dialog already.
            let resume = "document.querySelector('[data-testid=export-resume]').click()";
            page.run(resume, vec![]).await;
            page.fill("sign-in-token", ADMIN_TOKEN).await;
            page.click("sign-in-submit").await;
            is_whole(page, &unbroken).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_failure_of_the_database_is_shown_as_the_cause() {
    let app = App::start_with_datasets(&[SLOWLY], &[]).await;
    let unbroken = app.admin().export("slowly").answer().await.good().body;
    in_browser(&app.server.address, "a_failure_of_the_database_is_shown_as_the_cause", async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.click("dataset-slowly").await;
        page.text("row-count", EXPORT_PATIENCE, |text| {
            number_in(text) == Some(20_000)
        })
        .await;
        begin(page).await;
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
                   and state = 'active' and query ilike 'copy%'";
        app.database.execute(end).await;
        let said = has_stopped(page).await;
        assert!(said.contains("database") || said.contains("PostgreSQL"), "{said}");
        page.click("export-resume").await;
        is_whole(page, &unbroken).await;
    })
    .await;
}

#[tokio::test]
async fn a_worker_whose_program_does_not_load_is_started_again() {
    let app = App::start().await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "a_worker_whose_program_does_not_load_is_started_again",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.text("row-count", EXPORT_PATIENCE, |text| number_in(text).is_some())
                .await;
            // Cuts after the worker's JavaScript and before its WebAssembly.
            proxy.set(Behavior::CutAfter(50_000));
            page.click("export-start").await;
            let said = page
                .text("export-failed", EXPORT_PATIENCE, |text| text.len() > 20)
                .await;
            assert!(
                said.contains("could not be loaded") && said.contains("the network connection broke"),
                "{said}"
            );
            page.click("export-resume").await;
            is_whole(page, &app.admin().usage_file(&[]).await).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_resumed_export_has_no_more_rows_than_its_limit() {
    const LIMIT: &str = "20000";
    let (app, proxy, _) = app().await;
    in_browser(&proxy.address, "a_resumed_export_has_no_more_rows_than_its_limit", async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        // The page sets no limit; other pages that use the worker may.
        let begin = "window.worker = new Worker('/export_worker_loader.js', { type: 'module' }); \
                     return new Promise((ready) => { window.worker.onmessage = () => ready(null); })";
        page.run(begin, vec![]).await;
        proxy.set(Behavior::CutAfter(100_000));
        let export = "const say = (word) => window.worker.postMessage([JSON.stringify(word), null]); \
                      return new Promise((done) => { \
                        let breaks = 0; \
                        window.worker.onmessage = async ({ data: [text, file] }) => { \
                          const told = JSON.parse(text); \
                          if (told.type === 'failed' && told.resumable) { breaks += 1; say({ type: 'resume' }); } \
                          else if (told.type === 'failed') done([breaks, text]); \
                          else if (told.type === 'finished') done([breaks, await file.text()]); \
                        }; \
                        say(arguments[0]); \
                      })";
        let start = json!({
            "type": "start",
            "url": format!("/api/datasets/usage-logs/rows?limit={LIMIT}"),
            "options": { "bom": "false" },
            "file_name": "usage.csv",
            "destination": "downloads",
        });
        let outcome: (u32, String) =
            serde_json::from_value(page.run(export, vec![start]).await).expect("the script says how it went");
        let expected = app
            .admin()
            .export("usage-logs")
            .queries(&[("limit", LIMIT), ("bom", "false")])
            .answer()
            .await
            .good()
            .text();
        assert_eq!(outcome.0, 1, "{}", outcome.1);
        assert!(
            outcome.1 == expected,
            "{} lines against {}",
            outcome.1.lines().count(),
            expected.lines().count()
        );
    })
    .await;
}
