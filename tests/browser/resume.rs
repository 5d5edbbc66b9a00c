//! What breaks an export in its midst ends in a clear message with *Resume*, and the resumed file shows no seam.

use decant_tests::actors::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::database::Database;
use decant_tests::proxy::{Proxy, Weather};
use decant_tests::server::{ADMIN_TOKEN, Server};

use crate::number_in;

/// Enough rows that a break happens in the midst of them.
const ROWS: u64 = 50_000;

/// After so many bytes of the compressed stream the network does what it does.
const MIDST_BYTES: u64 = 700_000;

async fn app() -> (App, Proxy, Vec<u8>) {
    let app = App::start_on(Database::with_rows(ROWS).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    let unbroken = app.admin().export("usage-logs").answer().await.good().body;
    (app, proxy, unbroken)
}

/// Signs in and waits until the page has settled, so that what is counted next is the export's.
async fn settle(page: &Browser) {
    page.sign_in(ADMIN_TOKEN).await;
    page.text("row-count", EXPORT_PATIENCE, |text| number_in(text).is_some())
        .await;
    page.see("next-page").await;
}

/// The page says why it stopped, and that nothing is lost.
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
    let file = std::fs::read(page.download().await).unwrap();
    assert!(
        file == unbroken,
        "{} bytes against {}",
        file.len(),
        unbroken.len()
    );
    page.see("toast-success").await;
}

#[tokio::test]
async fn a_cut_connection_can_be_resumed_again_and_again() {
    let (_app, proxy, unbroken) = app().await;
    in_browser(&proxy.address, "a_cut_connection", async |page| {
        settle(page).await;
        proxy.set(Weather::CutAfter(MIDST_BYTES));
        page.click("export-csv").await;
        has_stopped(page).await;
        page.see("toast-error").await;

        proxy.set(Weather::CutAfter(MIDST_BYTES / 2));
        page.click("export-resume").await;
        page.see("export-running").await;
        has_stopped(page).await;
        page.click("export-resume").await;
        is_whole(page, &unbroken).await;
    })
    .await;
}

#[tokio::test]
async fn an_export_outlives_a_server_that_is_started_anew() {
    let (mut app, proxy, unbroken) = app().await;
    let dsn = app.database.dsn.clone();
    in_browser(&proxy.address, "an_export_outlives_a_server", async |page| {
        settle(page).await;
        proxy.set(Weather::StallAfter(MIDST_BYTES));
        page.click("export-csv").await;
        let some = |text: &str| number_in(text).is_some_and(|rows| rows > 0);
        page.text("export-rows", EXPORT_PATIENCE, some).await;
        app.server.crash().await;
        proxy.set(Weather::Refusing);
        has_stopped(page).await;

        // Too early: it says so, and keeps what there is.
        page.click("export-resume").await;
        has_stopped(page).await;

        let again = Server::start(&[("DSN", &dsn)]).await;
        proxy.lead_to(&again.address);
        proxy.set(Weather::Fair);
        page.click("export-resume").await;
        is_whole(page, &unbroken).await;
    })
    .await;
}

#[tokio::test]
async fn an_expired_session_asks_to_sign_in_and_the_export_goes_on() {
    let (_app, proxy, unbroken) = app().await;
    in_browser(&proxy.address, "an_expired_session", async |page| {
        settle(page).await;
        proxy.set(Weather::CutAfter(MIDST_BYTES));
        page.click("export-csv").await;
        has_stopped(page).await;
        page.forget_session().await;
        page.click("export-resume").await;
        page.fill("sign-in-token", ADMIN_TOKEN).await;
        page.click("sign-in-submit").await;
        is_whole(page, &unbroken).await;
    })
    .await;
}

#[tokio::test]
async fn a_database_that_breaks_off_is_named_as_the_cause() {
    let (app, proxy, unbroken) = app().await;
    in_browser(&proxy.address, "a_database_that_breaks_off", async |page| {
        settle(page).await;
        proxy.set(Weather::StallAfter(MIDST_BYTES));
        page.click("export-csv").await;
        let some = |text: &str| number_in(text).is_some_and(|rows| rows > 0);
        page.text("export-rows", EXPORT_PATIENCE, some).await;
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
                   and state = 'active' and query ilike 'copy%'";
        app.database.execute(end).await;
        proxy.set(Weather::Fair);
        let said = has_stopped(page).await;
        assert!(said.contains("database") || said.contains("PostgreSQL"), "{said}");
        page.click("export-resume").await;
        is_whole(page, &unbroken).await;
    })
    .await;
}
