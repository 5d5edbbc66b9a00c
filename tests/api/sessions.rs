//! A session's stored requests, from a real Redis with the hub's keys.

use decant_tests::app::App;
use decant_tests::redis::Redis;
use serde_json::Value;

/// Numbers, keys and escapes that most JSON libraries change when they read and write.
const BODY: &str = r#"{"z":12345678901234567890,"10":1.0,"2":[ ],"text":"\u0041\n中文","cost":1e21}"#;

async fn app_with_redis() -> (App, Redis) {
    let redis = Redis::start().await;
    let app = App::start_with(&[("REDIS_URL", &redis.url())]).await;
    (app, redis)
}

const FILE: &str = r#"{
  "sessionId": "0199f3a2-77aa",
  "sequence": 2,
  "meta": {
    "clientUrl": "/v1/messages",
    "upstreamUrl": "https://upstream.example/v1/messages",
    "method": "POST"
  },
  "headers": {
    "x-api-key": "***"
  },
  "body": {
    "z": 12345678901234567890,
    "10": 1.0,
    "2": [],
    "text": "\u0041\n中文",
    "cost": 1e21
  },
  "specialSettings": [
    {
      "kind": "x"
    }
  ]
}"#;

#[tokio::test]
async fn a_stored_request_comes_unchanged_or_pretty_printed() {
    let (app, redis) = app_with_redis().await;
    redis.store_whole_request("0199f3a2-77aa", 2, BODY).await;
    let admin = app.admin();

    let stored = admin.session_request("0199f3a2-77aa", "2").answer().await.good();
    assert!(stored.text().contains(BODY), "{}", stored.text());
    assert_eq!(stored.json::<Value>()["sequence"], 2);

    let file = admin
        .session_request("0199f3a2-77aa", "2")
        .query("pretty", "true")
        .answer()
        .await
        .good();
    assert_eq!(file.text(), FILE);
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"session-0199f3a2-seq-2-request.json\""
    );
}

#[tokio::test]
async fn the_requests_of_a_session_are_listed_newest_first() {
    let (app, redis) = app_with_redis().await;
    redis.store_whole_request("s", 1, BODY).await;
    redis
        .store_request("s", 2, &[("clientReqMeta", "not json")])
        .await;
    redis.store_whole_request("s", 4, BODY).await;
    let list = app.admin().session_requests("s").answer().await.good();
    let list: Value = list.json();
    let requests = list["requests"].as_array().unwrap();
    let sequences: Vec<_> = requests.iter().map(|request| &request["sequence"]).collect();
    assert_eq!(sequences, [4, 2, 1]);
    assert_eq!(requests[0]["clientUrl"], "/v1/messages");
    assert_eq!(requests[0]["bodyBytes"], BODY.len());
    assert_eq!(requests[0]["complete"], true);
    assert_eq!(requests[1]["complete"], false);
}

#[tokio::test]
async fn a_missing_part_is_reported_by_name() {
    let (app, redis) = app_with_redis().await;
    redis.store_request("half", 1, &[("requestBody", "{}")]).await;
    let parts = [("requestBody", "{\"a\":\n  01}"), ("reqHeaders", "{}")];
    redis.store_request("broken", 1, &parts).await;
    let admin = app.admin();
    let problem = async |id: &str, sequence: &str, status, code: &str| {
        let answer = admin.session_request(id, sequence).answer().await;
        answer.problem(status, code)
    };
    problem("nobody", "1", 404, "request_not_stored").await;
    let half = problem("half", "1", 404, "request_not_stored").await;
    assert!(half.detail.contains("header"), "{}", half.detail);
    let broken = problem("broken", "1", 502, "stored_request_unreadable").await;
    assert!(
        broken.detail.contains("`body`, line 2, column 4"),
        "{}",
        broken.detail
    );
    let wrong = problem("half", "one", 400, "invalid_parameter").await;
    assert_eq!(wrong.field.as_deref(), Some("sequence"));
    let wrong = problem("%00", "1", 400, "invalid_parameter").await;
    assert_eq!(wrong.field.as_deref(), Some("id"));
    let none = admin.session_requests("nobody").answer().await;
    none.problem(404, "unknown_session");
    let wrong = admin.session_request("half", "1").query("prety", "true");
    let wrong = wrong.answer().await.problem(400, "unknown_parameter");
    assert_eq!(wrong.field.as_deref(), Some("prety"));
}

#[tokio::test]
async fn only_administrators_see_stored_requests() {
    let (app, redis) = app_with_redis().await;
    redis.store_whole_request("s", 1, BODY).await;
    let (user, _) = app.user().await;
    for request in [
        user.session_request("s", "1"),
        user.session_request("s", "1").query("secrets", "true"),
        user.newest_session_request("s"),
        user.session_export("s"),
        user.session_requests("s"),
    ] {
        request.answer().await.problem(403, "forbidden");
    }
    let nobody = app.anonymous().session_request("s", "1").answer().await;
    nobody.problem(401, "unauthenticated");
}

#[tokio::test]
async fn requests_fail_while_redis_is_down_and_work_again_afterwards() {
    let (app, mut redis) = app_with_redis().await;
    redis.crash();
    let admin = app.admin();
    let gone = admin.session_request("s", "1").answer().await;
    gone.problem(502, "redis_failed");
    assert!(
        !app.server.log().contains("of these"),
        "the log holds the password"
    );
    redis.start_again().await;
    redis.store_whole_request("s", 1, BODY).await;
    admin.session_request("s", "1").answer().await.good();
}

#[tokio::test]
async fn without_redis_the_error_names_the_setting() {
    let app = App::start().await;
    let answer = app.admin().session_requests("s").answer().await;
    let problem = answer.problem(503, "no_redis");
    assert!(problem.detail.contains("REDIS_URL"), "{}", problem.detail);
}
