//! The page Session requests: downloads of stored requests.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser};
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::redis::Redis;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);

async fn app_with_redis() -> (App, Redis) {
    let redis = Redis::start().await;
    let app = App::start_with(&[("REDIS_URL", &redis.url())]).await;
    (app, redis)
}

/// A body of some megabytes, which arrives in many pieces and is written in several.
fn large_body() -> String {
    let message =
        r#"{"role":"user","content":"a \"question\" 中文 \u0041","n":12345678901234567890,"x":[ ]}"#;
    format!(
        r#"{{"z":1.0,"messages":[{}]}}"#,
        [message].repeat(60_000).join(",")
    )
}

/// Returns the server's own pretty-printed JSON of the request.
async fn laid_out(app: &App, session: &str, sequence: &str) -> Vec<u8> {
    let request = app
        .admin()
        .session_request(session, sequence)
        .query("pretty", "true");
    request.answer().await.good().body
}

/// Signs in as administrator and opens a session's list of requests.
async fn list(page: &Browser, session: &str) {
    page.sign_in(ADMIN_TOKEN).await;
    page.click("admin-session-requests").await;
    page.fill("session-id", &format!("{session}\n")).await;
}

#[tokio::test]
async fn a_downloaded_request_equals_the_servers_pretty_printed_one() {
    let (app, redis) = app_with_redis().await;
    let session = "0199f3a2/77.aa";
    redis.store_request(session, 1, &[("requestBody", "{}")]).await;
    redis.store_whole_request(session, 2, &large_body()).await;
    let expected = laid_out(&app, "0199f3a2%2F77.aa", "2").await;
    in_browser(
        &app.server.address,
        "a_downloaded_request_equals_the_servers_pretty_printed_one",
        async |page| {
            list(page, session).await;
            // A reload shows the same.
            page.see("download-request-2").await;
            page.reload().await;
            page.click("download-request-2").await;
            let path = page.download().await;
            assert!(
                std::fs::read(&path).unwrap() == expected,
                "the browser's file differs"
            );
            let name = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(name, "session-0199f3a2-seq-2-request.json");
            page.text("toast-success", SOON, |text| text.contains(name)).await;

            // An incomplete request has no download, and the page shows the reason.
            let state = "return document.querySelector('[data-testid=download-request-1]').disabled";
            assert_eq!(page.run(state, vec![]).await, json!(true));
            page.text("session-requests", SOON, |text| {
                text.contains("The headers are not stored.")
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn the_usage_logs_link_to_a_session_and_back() {
    let (app, redis) = app_with_redis().await;
    let rows = app
        .admin()
        .usage_rows(&[("limit", "50"), ("exclude_200", "true")])
        .await;
    let session = rows.column("session_id").into_iter().flatten().next().unwrap();
    redis.store_whole_request(&session, 1, "{}").await;
    in_browser(
        &app.server.address,
        "the_usage_logs_link_to_a_session_and_back",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.set_filter("exclude_200", None).await;
            page.click("columns-toggle").await;
            page.click("column-session_id").await;
            page.text("session-link", SOON, |text| text == session).await;
            page.click("session-link").await;
            page.see("download-request-1").await;
            let entered = "return document.querySelector('[data-testid=session-id]').value";
            assert_eq!(page.run(entered, vec![]).await, json!(session));

            page.run("history.back()", vec![]).await;
            page.see("chip-exclude_200").await;
            page.text("session-link", SOON, |text| text == session).await;
            page.run("history.forward()", vec![]).await;
            page.see("download-request-1").await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_incomplete_document_gives_no_file() {
    let (app, redis) = app_with_redis().await;
    redis.store_whole_request("cut", 2, &large_body()).await;
    let broken = [("requestBody", "{\"a\":\n  01}"), ("reqHeaders", "{}")];
    redis.store_request("cut", 1, &broken).await;
    redis.set("session:cut:seq", "2").await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "an_incomplete_document_gives_no_file",
        async |page| {
            list(page, "cut").await;
            page.see("download-request-2").await;
            page.click("download-request-1").await;
            page.text("toast-error", SOON, |text| text.contains("line 2, column 4"))
                .await;
            page.click("toast-dismiss").await;

            proxy.set(Behavior::CutAfter(1_000_000));
            page.click("download-request-2").await;
            page.text("toast-error", SOON, |text| text.contains("Request 2"))
                .await;
            assert_eq!(page.downloads(), [] as [std::path::PathBuf; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn only_administrators_see_session_requests() {
    let app = App::start().await;
    let (_, who) = app.user().await;
    in_browser(
        &app.server.address,
        "session_requests_are_the_administrators",
        async |page| {
            page.sign_in(&who.key).await;
            assert!(!page.sees("administration").await);
            assert!(!page.sees("session-link").await);
            page.run("location.assign('/admin/sessions/s')", vec![]).await;
            page.see("for-administrators-only").await;
            assert!(!page.sees("session-id").await);
        },
    )
    .await;
}

#[tokio::test]
async fn without_redis_the_page_names_the_setting() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "without_redis_the_page_names_the_setting",
        async |page| {
            list(page, "s").await;
            page.text("notice", SOON, |text| text.contains("REDIS_URL")).await;
        },
    )
    .await;
}
