//! The page below a path of a host that Decant shares with others.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser};
use decant_tests::nginx::Nginx;
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);

const PATH: &str = "return location.pathname;";

const OPERATIONS: &str = "return document.querySelectorAll('.opblock').length;";

/// Signs in, exports, opens views, loads them again and signs out.
async fn use_the_page(page: &Browser, path: &str, expected: &[u8]) {
    page.sign_in(ADMIN_TOKEN).await;
    page.click("export-start").await;
    assert!(
        std::fs::read(page.download().await).expect("the file is there") == expected,
        "the file differs"
    );

    let is_at = async |place: String| {
        let there = async || (page.run(PATH, vec![]).await == json!(place)).then_some(());
        wait_for(&format!("the address {place}"), SOON, there).await;
    };
    page.click("admin-database").await;
    is_at(format!("{path}/admin/database")).await;
    page.reload().await;
    page.see("database-size").await;
    page.click("probes").await;
    is_at(format!("{path}/probes")).await;
    page.see("probe-line").await;
    page.click("dataset-probe-logs").await;
    is_at(format!("{path}/probe-logs")).await;
    page.run("history.go(-2);", vec![]).await;
    page.see("database-size").await;
    page.click("account").await;
    page.click("sign-out").await;
    page.see("sign-in-token").await;
    is_at(format!("{path}/")).await;

    page.run("location.assign(`${arguments[0]}/docs`);", vec![json!(path)])
        .await;
    let shown = async || (page.run(OPERATIONS, vec![]).await.as_u64()? > 25).then_some(());
    wait_for("the documentation", SOON, shown).await;
}

#[tokio::test]
async fn the_page_works_behind_a_proxy_that_removes_its_path() {
    let app = App::start().await;
    let file = app.admin().usage_file(&[]).await;
    let address = &app.server.address;
    let nginx = Nginx::with(&format!("location /decant/ {{ proxy_pass http://{address}/; }}")).await;
    in_browser(
        &format!("{}/decant", nginx.address),
        "the_page_works_behind_a_proxy_that_removes_its_path",
        async |page| use_the_page(page, "/decant", &file).await,
    )
    .await;
}

#[tokio::test]
async fn the_page_works_behind_a_proxy_that_leaves_its_path() {
    let app = App::start_with(&[("DECANT_BASE_PATH", "/tools/decant")]).await;
    let file = app.admin().usage_file(&[]).await;
    let address = &app.server.address;
    let nginx = Nginx::with(&format!(
        "location /tools/decant {{ proxy_pass http://{address}; }}"
    ))
    .await;
    in_browser(
        &format!("{}/tools/decant", nginx.address),
        "the_page_works_behind_a_proxy_that_leaves_its_path",
        async |page| use_the_page(page, "/tools/decant", &file).await,
    )
    .await;
}
