//! Addresses that do not exist.

use decant_tests::app::App;
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn an_unknown_address_is_a_problem() {
    let app = App::start().await;
    for dataset in [
        "no-such-dataset",
        "usage_logs",
        "USAGE-LOGS",
        "usage-logs%00",
        "..%2f..%2fetc",
        "%27%20or%201",
    ] {
        app.admin()
            .rows(dataset)
            .answer()
            .await
            .problem(404, "unknown_dataset");
    }
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/datasets/usage-logs/nothing",
        "/no-such-file.js",
    ] {
        app.admin().get(path).answer().await.problem(404, "not_found");
    }
    for (method, path) in [
        (Method::POST, "/api/datasets"),
        (Method::DELETE, "/api/datasets/usage-logs/rows"),
        (Method::PUT, "/api/login"),
        (Method::GET, "/api/logout"),
        (Method::POST, "/"),
    ] {
        app.admin()
            .request(method, path)
            .answer()
            .await
            .problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn a_malformed_query_string_is_refused() {
    let app = App::start().await;
    for query in ["?session=%00", "?%00=1", "?session=a&session=b"] {
        let answer = app
            .admin()
            .get(&format!("/api/datasets/usage-logs/rows{query}"))
            .answer()
            .await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        let problem: Value = answer.json();
        assert!(
            problem["code"].is_string() && problem["request_id"].is_string(),
            "{problem}"
        );
    }
    let long = "x".repeat(20_000);
    let answer = app
        .admin()
        .rows("usage-logs")
        .query("session", &long)
        .answer()
        .await;
    assert!([200, 400, 414, 431].contains(&answer.status), "{}", answer.status);
    app.admin().me().answer().await.good();
}
