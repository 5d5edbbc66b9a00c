//! Methods of HTTP, and what may be stored of an answer (RFC 9110, RFC 9111).

use decant_tests::app::App;
use decant_tests::redis::Redis;
use reqwest::Method;
use serde_json::Value;

/// Addresses that answer GET, without those below.
const QUICK: &[&str] = &[
    "/healthz",
    "/.well-known/decant-receipt-key",
    "/readyz",
    "/readyz?verbose",
    "/docs",
    "/docs/",
    "/docs/docs.js",
    "/api/openapi.json",
    "/api/me",
    "/api/datasets",
    "/api/datasets/usage-logs",
    "/api/datasets/usage-logs/count",
    "/api/datasets/usage-logs/options/model",
    "/api/admin/database/status",
    "/api/admin/database/copies",
    "/api/admin/database/backups",
    "/api/datasets/nothing",
    "/api/nothing",
];

/// Addresses that send rows or files.
const STREAMS: &[&str] = &[
    "/api/datasets/usage-logs/page",
    "/api/datasets/usage-logs/rows",
    "/api/datasets/usage-logs/export?format=xlsx",
    "/api/admin/database/export",
];

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let app = App::start().await;
    for path in QUICK {
        let get = app.admin().get(path).answer().await;
        let head = app.admin().request(Method::HEAD, path).answer().await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for name in ["content-type", "cache-control", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        // The size of the database changes meanwhile.
        if !path.ends_with("status") {
            let length = head.header("content-length");
            assert_eq!(length, get.header("content-length"), "{path}");
        }
    }
    for path in STREAMS {
        let head = app.admin().request(Method::HEAD, path).answer().await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_ne!(head.header("content-type"), "", "{path}");
        assert_eq!(head.header("transfer-encoding"), "", "{path}");
    }
    for (path, status) in [
        ("/api/datasets/usage-logs/rows?limit=x", 400),
        ("/api/datasets/nothing/rows", 404),
        ("/api/datasets/usage-logs/export?format=y", 400),
        ("/api/admin/database/export?mode=z", 400),
    ] {
        let head = app.admin().request(Method::HEAD, path).answer().await;
        assert_eq!(head.status, status, "{path}");
        let nobody = app.anonymous().request(Method::HEAD, path).answer().await;
        assert_eq!(nobody.status, 401, "{path}");
    }
    // Nothing was started: an export, a dump and the download of a backup are recorded when they begin.
    let log = app.server.log();
    for action in [
        "export_initiated",
        "export_cancelled",
        "pg_dump_start",
        "backup_lock_acquired",
    ] {
        assert!(!log.contains(action), "{action}: {log}");
    }
}

#[tokio::test]
async fn a_stored_request_is_not_exported_by_head() {
    let redis = Redis::start().await;
    redis.store_whole_request("ada", 1, "{}").await;
    let app = App::start_with(&[("REDIS_URL", &redis.url())]).await;
    let path = "/api/sessions/ada/requests/1";
    let head = app.admin().request(Method::HEAD, path).answer().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(!app.server.log().contains("session_request_export"));
    let get = app.admin().get(path).answer().await.good();
    assert_eq!(head.header("content-length"), get.header("content-length"));
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_the_right_ones() {
    let app = App::start().await;
    let document: Value = app.anonymous().get("/api/openapi.json").answer().await.json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20);
    for (path, operations) in paths {
        let mut expected: Vec<_> = operations
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase())
            .collect();
        if expected.contains(&"GET".to_owned()) {
            expected.push("HEAD".to_owned());
        }
        expected.sort();
        let path = path.replace(['{', '}'], "");
        let of_others = [Method::PATCH, Method::OPTIONS].into_iter();
        for method in of_others.filter(|method| !expected.iter().any(|known| known == method.as_str())) {
            let answer = app.admin().request(method, &path).answer().await;
            answer.problem(405, "method_not_allowed");
            let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
            allowed.sort();
            assert_eq!(allowed, expected, "{path}");
        }
    }
    for path in ["/", "/usage-logs", "/docs", "/docs/", "/docs/docs.js"] {
        let answer = app.anonymous().request(Method::POST, path).answer().await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET, HEAD", "{path}");
    }
}

#[tokio::test]
async fn no_answer_about_persons_may_be_stored() {
    let app = App::start().await;
    let paths = QUICK.iter().filter(|path| !path.starts_with("/docs"));
    for path in paths.chain(STREAMS) {
        let answer = app.admin().get(path).answer().await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let sign_in = app.anonymous().login("wrong").answer().await;
    assert_eq!(sign_in.header("cache-control"), "no-store");
    // The page and its documentation are the same for everybody.
    let page = app.anonymous().front_page().answer().await;
    assert_eq!(page.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn another_spelling_of_an_address_never_answers_with_the_page() {
    let app = App::start().await;
    for path in [
        "//api/me",
        "/API/me",
        "/api%2fme",
        "/healthz/",
        "/readyz/x",
        "/.git/config",
        "/admin//database",
        "/Docs",
        "/METRICS",
    ] {
        let answer = app.anonymous().get(path).answer().await;
        assert_eq!(answer.status, 404, "{path}");
        answer.problem(404, "not_found");
    }
    // `%61` is `a` (RFC 3986, 6.2.2.2).
    let same = app.anonymous().get("/%61pi/me").answer().await;
    same.problem(401, "unauthenticated");
}
