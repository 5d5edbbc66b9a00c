//! The page Session requests: stored requests in view and as files.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser, in_browser_with};
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::redis::Redis;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);

/// For bodies of 20 MB in a debug build.
const LATER: Duration = Duration::from_secs(60);

async fn app_with_redis() -> (App, Redis) {
    let redis = Redis::start().await;
    let app = App::start_with(&[("REDIS_URL", &redis.url())]).await;
    (app, redis)
}

/// A body of some megabytes, which arrives in many pieces and is written in several.
fn large_body() -> String {
    body_of(60_000)
}

fn body_of(messages: usize) -> String {
    let message =
        r#"{"role":"user","content":"a \"question\" 中文 \u0041","n":12345678901234567890,"x":[ ]}"#;
    format!(
        r#"{{"z":1.0,"messages":[{}],"end":"The Needle"}}"#,
        [message].repeat(messages).join(",")
    )
}

/// Stores a request with a key in its headers and another one in its URL.
async fn store_secrets(redis: &Redis, session: &str) {
    let parts = [
        ("requestBody", r#"{"model":"m"}"#),
        ("reqHeaders", r#"{"accept":"*/*","x-api-key":"s3cr3t-1"}"#),
        ("clientReqMeta", r#"{"url":"/v1?key=s3cr3t-2","method":"POST"}"#),
    ];
    redis.store_request(session, 1, &parts).await;
}

/// Waits for the document of the chosen tab.
async fn part(page: &Browser, right: impl Fn(&str) -> bool) -> String {
    page.text("part-text", SOON, right).await
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

/// The lines of the document are 1.4 million, more than a browser lays out.
#[tokio::test]
async fn a_body_of_20_mb_is_read_searched_and_folded_with_few_elements() {
    let (app, redis) = app_with_redis().await;
    redis.store_whole_request("large", 1, &body_of(240_000)).await;
    in_browser(
        &app.server.address,
        "a_body_of_20_mb_is_read_searched_and_folded_with_few_elements",
        async |page| {
            list(page, "large").await;
            page.text("part-text", LATER, |text| text.contains("\"messages\": ["))
                .await;
            page.click("part-tab-body").await;
            page.press_key('/').await;
            page.has_focus("part-search").await;
            page.fill("part-search", "the needle").await;
            page.text("part-matches", LATER, |text| text == "1 of 1").await;
            part(page, |text| text.contains("\"end\": \"The Needle\"\n")).await;
            let rows = "return document.querySelectorAll('[data-testid=part-text] .code-row').length";
            let rows = page.run(rows, vec![]).await.as_u64();
            assert!(rows.is_some_and(|rows| (10..100).contains(&rows)), "{rows:?}");

            page.click("part-fold").await;
            let text = part(page, |text| text.contains("lines")).await;
            assert!(text.contains("\"messages\": [ … 1,440,000 lines"), "{text}");
            assert!(text.contains("\"end\""), "{text}");
            // A match unfolds the block that hides it.
            page.fill("part-search", "QUESTION").await;
            part(page, |text| text.contains("a \\\"question\\\" 中文 \\u0041")).await;
            page.text("part-matches", SOON, |text| text == "1 of 100,000+")
                .await;
            page.click("part-previous").await;
            page.text("part-matches", SOON, |text| text == "100,000 of 100,000+")
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_block_folds_by_its_button_and_a_long_text_is_wrapped() {
    let (app, redis) = app_with_redis().await;
    let body = format!(r#"{{"a":{{"b":[1]}},"c":"{}"}}"#, "x".repeat(3_000));
    redis.store_whole_request("s", 1, &body).await;
    in_browser(
        &app.server.address,
        "a_block_folds_by_its_button_and_a_long_text_is_wrapped",
        async |page| {
            list(page, "s").await;
            let text = part(page, |text| text.contains("xxx")).await;
            let longest = text.lines().map(str::len).max().unwrap_or_default();
            assert!(longest < 500, "a row of {longest} characters");
            page.click("fold-3").await;
            part(page, |text| text.contains("\"b\": [ … 1 line")).await;
            let focused = "return document.activeElement.dataset.testid";
            assert_eq!(page.run(focused, vec![]).await, json!("fold-3"));
            page.click("fold-3").await;
            part(page, |text| !text.contains('…')).await;

            page.click("part-copy").await;
            page.text("toast-success", SOON, |text| text.contains("Copied"))
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn arrow_keys_choose_the_part() {
    let (app, redis) = app_with_redis().await;
    redis.store_whole_request("s", 1, r#"{"model":"m"}"#).await;
    in_browser(&app.server.address, "arrow_keys_choose_the_part", async |page| {
        list(page, "s").await;
        part(page, |text| text.contains("\"model\"")).await;
        let press = "const tab = document.querySelector('[role=tab][aria-selected=true]'); tab.focus();
            tab.dispatchEvent(new KeyboardEvent('keydown', { key: arguments[0], bubbles: true, cancelable: true }));";
        let focused = "return document.activeElement.textContent";
        for (key, title, content) in [
            ("ArrowRight", "Settings", "\"kind\": \"x\""),
            ("ArrowRight", "Meta", "\"clientUrl\": \"/v1/messages\""),
            ("ArrowRight", "Headers", "\"x-api-key\": \"***\""),
            ("Home", "Meta", "\"upstreamUrl\""),
            ("ArrowLeft", "Settings", "\"kind\""),
            ("ArrowLeft", "Body", "\"model\""),
        ] {
            page.run(press, vec![json!(key)]).await;
            part(page, |text| text.contains(content)).await;
            assert_eq!(page.run(focused, vec![]).await, json!(title));
        }
    })
    .await;
}

#[tokio::test]
async fn secrets_are_masked_until_the_visitor_confirms() {
    let (app, redis) = app_with_redis().await;
    store_secrets(&redis, "s").await;
    in_browser(
        &app.server.address,
        "secrets_are_masked_until_the_visitor_confirms",
        async |page| {
            list(page, "s").await;
            page.click("part-tab-headers").await;
            part(page, |text| text.contains("\"x-api-key\": \"***\"")).await;
            page.click("show-secrets").await;
            page.click("confirm-no").await;
            assert!(!app.server.log().contains("session_request_secrets_shown"));
            page.click("show-secrets").await;
            page.click("confirm-yes").await;
            part(page, |text| text.contains("\"x-api-key\": \"s3cr3t-1\"")).await;
            assert!(app.server.log().contains("session_request_secrets_shown"));
            // The file obeys the same switch.
            page.click("request-download").await;
            let file = std::fs::read_to_string(page.download().await).unwrap();
            assert!(file.contains("s3cr3t-1") && file.contains("s3cr3t-2"), "{file}");

            page.text("show-secrets", SOON, |text| text == "Hide secrets")
                .await;
            page.click("show-secrets").await;
            part(page, |text| text.contains("***")).await;
            page.click("part-tab-meta").await;
            part(page, |text| text.contains("/v1?key=***")).await;
            // The visitor is asked once.
            page.click("show-secrets").await;
            part(page, |text| text.contains("/v1?key=s3cr3t-2")).await;
        },
    )
    .await;
}

#[tokio::test]
async fn the_address_has_the_request_and_the_part() {
    let (app, redis) = app_with_redis().await;
    for sequence in [1, 2] {
        redis.store_whole_request("s", sequence, "{}").await;
    }
    in_browser(
        &app.server.address,
        "the_address_has_the_request_and_the_part",
        async |page| {
            list(page, "s").await;
            page.click("request-1").await;
            page.click("part-tab-headers").await;
            page.reload().await;
            page.see("part-text").await;
            let shown = "return [document.querySelector('[data-testid=request-1]').ariaCurrent, \
                         document.querySelector('[data-testid=part-tab-headers]').ariaSelected]";
            assert_eq!(page.run(shown, vec![]).await, json!(["true", "true"]));
            // Another session begins with its newest request.
            page.fill("session-id", "other\n").await;
            page.see("notice").await;
            let address = page
                .run("return location.pathname + location.search", vec![])
                .await;
            assert_eq!(address, json!("/admin/sessions/other"));
        },
    )
    .await;
}

#[tokio::test]
async fn a_session_is_downloaded_whole_or_not_at_all() {
    let (app, redis) = app_with_redis().await;
    let session = "0199f3a2-77aa";
    redis.store_whole_request(session, 1, &large_body()).await;
    redis.store_request(session, 2, &[("requestBody", "{}")]).await;
    let expected = app.admin().session_export(session).answer().await.good().body;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "a_session_is_downloaded_whole_or_not_at_all",
        async |page| {
            list(page, session).await;
            page.see("download-session").await;
            page.text("session-requests", SOON, |text| text.contains("not stored"))
                .await;
            proxy.set(Behavior::CutAfter(1_000_000));
            page.click("download-session").await;
            page.text("toast-error", SOON, |text| text.contains("The session"))
                .await;
            assert_eq!(page.downloads(), [] as [std::path::PathBuf; 0]);
            proxy.set(Behavior::Normal);
            page.click("download-session").await;
            let path = page.download().await;
            assert!(std::fs::read(&path).unwrap() == expected, "the file differs");
            let name = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(name, "session-0199f3a2-requests.jsonl");
        },
    )
    .await;
}

#[tokio::test]
async fn a_session_fits_on_a_small_screen() {
    let (app, redis) = app_with_redis().await;
    let long = format!(
        r#"{{"url":"/v1/{}","method":"POST"}}"#,
        "a-long-part-of-a-path/".repeat(20)
    );
    let parts = [
        ("requestBody", r#"{"model":"m"}"#),
        ("reqHeaders", "{}"),
        ("clientReqMeta", long.as_str()),
    ];
    redis.store_request("s", 1, &parts).await;
    in_browser_with(
        &["--window-size=360,740"],
        &app.server.address,
        "a_session_fits_on_a_small_screen",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("menu").await;
            page.click("admin-session-requests").await;
            page.fill("session-id", "s\n").await;
            part(page, |text| text.contains("\"model\"")).await;
            let cut = "const width = document.documentElement.clientWidth;
                return [...document.querySelectorAll('main button, main input, main [role=region]')]
                    .filter(one => { const { left, right } = one.getBoundingClientRect(); return left < 0 || right > width; })
                    .map(one => one.outerHTML).concat(document.documentElement.scrollWidth > width ? ['the page'] : []);";
            assert_eq!(page.run(cut, vec![]).await, json!([]));
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
