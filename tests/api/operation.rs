//! Health checks, headers and the log.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::patience::wait_for;
use decant_tests::server::{ADMIN_TOKEN, JWT_SECRET};
use serde_json::Value;

#[tokio::test]
async fn healthz_and_readyz_report_health_and_readiness() {
    let app = App::start().await;
    app.anonymous().healthz().answer().await.good();
    app.anonymous().readyz().answer().await.good();
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_a_request_id() {
    let app = App::start().await;
    for request in [
        app.anonymous().front_page(),
        app.anonymous().healthz(),
        app.anonymous().me(),
        app.admin().datasets(),
        app.admin().rows("usage-logs").query("limit", "1"),
        app.admin().export("usage-logs").query("limit", "1"),
        app.admin().get("/no-such-file.js"),
    ] {
        let answer = request.answer().await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name}: {:?}", answer.headers);
        }
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'"),
            "{:?}",
            answer.headers
        );
        assert!(!answer.header("x-request-id").is_empty(), "{:?}", answer.headers);
        assert_eq!(answer.header("server"), "");
    }
}

#[tokio::test]
async fn a_problem_is_found_in_the_log_by_its_request_id() {
    let app = App::start().await;
    let answer = app
        .admin()
        .rows("usage-logs")
        .query("start", "yesterday")
        .answer()
        .await;
    let problem = answer.problem(400, "invalid_parameter");
    assert_eq!(Some(answer.header("x-request-id")), problem.request_id.as_deref());
    let line = async || {
        let log = app.server.log();
        let line = log
            .lines()
            .find(|line| line.contains(answer.header("x-request-id")) && line.contains("status"));
        line.map(|line| serde_json::from_str::<Value>(line).expect("a line of the log is JSON"))
    };
    let line = wait_for("the request in the log", Duration::from_secs(5), line).await;
    assert_eq!(line["status"], 400, "{line}");
    let log = app.server.log();
    for line in log.lines().filter(|line| line.starts_with('{')) {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[tokio::test]
async fn nothing_secret_reaches_the_log() {
    let app = App::start_with(&[("DECANT_LOG_FILTER", "debug")]).await;
    let (user, who) = app.user().await;
    app.anonymous().login(ADMIN_TOKEN).answer().await.good();
    app.anonymous()
        .login("a-wrong-token-of-somebody")
        .answer()
        .await
        .problem(401, "invalid_credentials");
    user.rows("usage-logs")
        .query("session", "a-session-of-somebody")
        .answer()
        .await
        .good();
    let log = app.server.log();
    for secret in [ADMIN_TOKEN, JWT_SECRET, &who.key, "a-wrong-token-of-somebody"] {
        assert!(!log.contains(secret), "`{secret}` stands in the log");
    }
}
