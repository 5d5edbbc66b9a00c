//! The parts, the secrets and the export of a session's stored requests, from a real Redis with the hub's keys.

use std::time::Duration;

use decant_tests::actors::rest_of;
use decant_tests::app::App;
use decant_tests::patience::wait_for;
use decant_tests::redis::Redis;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);

/// Has names and texts that look secret, and bytes that a JSON library would change.
const BODY: &str = r#"{"api_key":"in the body", "token":1.0,"n":12345678901234567890,"x":[ ]}"#;

const HEADERS: &str = r#"{"Accept" : "*/*","Authorization":"Bearer s3cr3t","X-Api-Key":"s3cr3t","cookie":["a=s3cr3t"],"Set-Cookie":"s3cr3t","proxy-authorization":"s3cr3t","x-goog-Token-1":"s3cr3t","client_SECRET":"s3cr3t","x-n":1.0}"#;

const MASKED: &str = r#"{"Accept" : "*/*","Authorization":"***","X-Api-Key":"***","cookie":["***"],"Set-Cookie":"***","proxy-authorization":"***","x-goog-Token-1":"***","client_SECRET":"***","x-n":1.0}"#;

const CLIENT: &str = r#"{"url":"/v1beta/models/m:generate?alt=sse&key=s3cr3t","method":"POST"}"#;

const UPSTREAM: &str = r#"{"url":"https://u:s3cr3t@p.example/v1?access_token=s3cr3t&a=b","method":"POST"}"#;

const MASKED_META: &str = r#"{"clientUrl":"/v1beta/models/m:generate?alt=sse&key=***","upstreamUrl":"https://***@p.example/v1?access_token=***&a=b","method":"POST"}"#;

async fn app_with_redis() -> (App, Redis) {
    let redis = Redis::start().await;
    let app = App::start_with(&[("REDIS_URL", &redis.url())]).await;
    (app, redis)
}

async fn store_secrets(redis: &Redis, session: &str, sequence: u64) {
    let parts = [
        ("clientReqMeta", CLIENT),
        ("upstreamReqMeta", UPSTREAM),
        ("reqHeaders", HEADERS),
        ("requestBody", BODY),
    ];
    redis.store_request(session, sequence, &parts).await;
}

#[tokio::test]
async fn secrets_of_headers_and_urls_are_masked_unless_they_are_asked_for() {
    let (app, redis) = app_with_redis().await;
    store_secrets(&redis, "s", 1).await;
    let admin = app.admin();
    let masked = format!(
        r#"{{"sessionId":"s","sequence":1,"meta":{MASKED_META},"headers":{MASKED},"body":{BODY},"specialSettings":null}}"#
    );
    let answer = admin.session_request("s", "1").answer().await.good();
    assert_eq!(answer.text(), masked);
    let pretty = admin
        .session_request("s", "1")
        .query("pretty", "true")
        .answer()
        .await;
    let exported = admin.session_export("s").answer().await;
    let list = admin.session_requests("s").answer().await;
    for answer in [pretty.good(), exported.good(), list.good()] {
        assert!(!answer.text().contains("s3cr3t"), "{}", answer.text());
    }
    assert!(!app.server.log().contains("session_request_secrets_shown"));

    let shown = admin.session_request("s", "1").query("secrets", "true");
    let shown = shown.answer().await.good().text();
    assert!(
        shown.contains(HEADERS) && shown.contains("key=s3cr3t") && shown.contains("u:s3cr3t@"),
        "{shown}"
    );
    let shown_times = async |times: usize| {
        let sought = "session_request_secrets_shown";
        wait_for("the record of the secrets", SOON, async || {
            let log = app.server.log();
            let count = log.matches(sought).count();
            assert!(count <= times, "{log}");
            (count == times).then_some(log)
        })
        .await
    };
    shown_times(1).await;
    let exported = admin.session_export("s").query("secrets", "true");
    assert!(exported.answer().await.good().text().contains(HEADERS));
    let log = shown_times(2).await;
    assert!(!log.contains("s3cr3t"), "the log holds a secret");
    let wrong = admin
        .session_request("s", "1")
        .query("secrets", "yes")
        .answer()
        .await;
    assert_eq!(
        wrong.problem(400, "invalid_parameter").field.as_deref(),
        Some("secrets")
    );
}

#[tokio::test]
async fn only_the_named_parts_are_sent_and_need_be_stored() {
    let (app, redis) = app_with_redis().await;
    redis
        .store_request("s", 3, &[("reqHeaders", "{}"), ("clientReqMeta", CLIENT)])
        .await;
    let admin = app.admin();
    let parts = |parts: &'static str| admin.session_request("s", "3").query("parts", parts).answer();
    let answer = parts("headers").await.good();
    assert_eq!(answer.text(), r#"{"sessionId":"s","sequence":3,"headers":{}}"#);
    assert_eq!(answer.header("content-disposition"), "");
    let answer: Value = parts("specialSettings,meta").await.good().json();
    assert_eq!(
        answer,
        json!({
            "sessionId": "s",
            "sequence": 3,
            "meta": {
                "clientUrl": "/v1beta/models/m:generate?alt=sse&key=***",
                "upstreamUrl": null,
                "method": "POST"
            },
            "specialSettings": null,
        })
    );
    let missing = parts("headers,body").await.problem(404, "request_not_stored");
    assert!(missing.detail.contains("The body"), "{}", missing.detail);
    for wrong in ["", "headers,", "Body"] {
        let wrong = parts(wrong).await.problem(400, "invalid_parameter");
        assert_eq!(wrong.field.as_deref(), Some("parts"));
    }
    let absent = admin
        .session_request("s", "2")
        .query("parts", "meta")
        .answer()
        .await;
    absent.problem(404, "request_not_stored");
    let log = app.server.log();
    assert!(log.contains("session_request_viewed"), "{log}");
    assert!(!log.contains("session_request_export"), "{log}");
}

#[tokio::test]
async fn the_newest_complete_request_comes_without_its_number() {
    let (app, redis) = app_with_redis().await;
    let session = "0199f3a2-77aa";
    redis.store_whole_request(session, 1, r#"{"n":1}"#).await;
    redis.store_whole_request(session, 2, r#"{"n":2}"#).await;
    redis.store_request(session, 3, &[("requestBody", "{}")]).await;
    let admin = app.admin();
    let newest = admin.newest_session_request(session);
    let newest = newest.query("pretty", "true").answer().await.good();
    let numbered = admin.session_request(session, "2");
    let numbered = numbered.query("pretty", "true").answer().await.good().text();
    assert_eq!(
        newest.text(),
        numbered.replace("\"sequence\": 2", "\"sequence\": null")
    );
    assert_eq!(
        newest.header("content-disposition"),
        "attachment; filename=\"session-0199f3a2-request.json\""
    );
    redis.store_request("half", 1, &[("requestBody", "{}")]).await;
    let half = admin.newest_session_request("half").answer().await;
    half.problem(404, "request_not_stored");
    let nobody = admin.newest_session_request("nobody").answer().await;
    nobody.problem(404, "unknown_session");
}

#[tokio::test]
async fn a_session_is_exported_with_one_request_a_line_the_newest_last() {
    let (app, redis) = app_with_redis().await;
    let session = "0199f3a2-77aa";
    let parts = [("requestBody", "{\r\n\"a\": \"b\\n\"\n}"), ("reqHeaders", "{}")];
    redis.store_request(session, 2, &parts).await;
    redis.store_request(session, 3, &[("reqHeaders", "{}")]).await;
    let broken = [("requestBody", "{\"a\":\n  01}"), ("reqHeaders", "{}")];
    redis.store_request(session, 4, &broken).await;
    store_secrets(&redis, session, 1_005).await;
    let admin = app.admin();
    let file = admin
        .session_export(session)
        .query("format", "jsonl")
        .answer()
        .await
        .good();
    let expected = [
        r#"{"sessionId":"0199f3a2-77aa","sequence":2,"meta":{"clientUrl":null,"upstreamUrl":null,"method":null},"headers":{},"body":{  "a": "b\n" },"specialSettings":null}"#.to_owned(),
        r#"{"sequence":3,"missing":["body"]}"#.to_owned(),
        r#"{"sequence":4,"error":"`body`, line 2, column 4: there is `1` where `.`, an exponent or the number's end is expected"}"#.to_owned(),
        format!(
            r#"{{"sessionId":"0199f3a2-77aa","sequence":1005,"meta":{MASKED_META},"headers":{MASKED},"body":{BODY},"specialSettings":null}}"#
        ),
        String::new(),
    ];
    assert_eq!(file.text().split('\n').collect::<Vec<_>>(), expected);
    assert_eq!(file.header("content-type"), "application/jsonl");
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"session-0199f3a2-requests.jsonl\""
    );
    assert!(app.server.log().contains("session_request_export"));

    let nobody = admin.session_export("nobody").answer().await;
    nobody.problem(404, "unknown_session");
    let wrong = admin
        .session_export(session)
        .query("format", "csv")
        .answer()
        .await;
    assert_eq!(
        wrong.problem(400, "invalid_parameter").field.as_deref(),
        Some("format")
    );
    let rest = admin.session_export(session).header("range", "bytes=10-");
    rest.answer().await.problem(412, "no_ranges");
}

/// The requests together are larger than all buffers between the server and the client.
#[tokio::test]
async fn an_export_that_loses_redis_is_broken_off() {
    let (app, mut redis) = app_with_redis().await;
    let body = format!("\"{}\"", "x".repeat(8 * 1024 * 1024));
    for sequence in 1..=16 {
        redis.store_whole_request("s", sequence, &body).await;
    }
    let before = app.server.memory_bytes();
    let mut whole = app.admin().session_export("s").open().await;
    let (mut bytes, mut peak) = (0, 0);
    while let Some(chunk) = whole.chunk().await.unwrap() {
        bytes += chunk.len();
        peak = peak.max(app.server.memory_bytes());
    }
    assert!(bytes > 16 * body.len(), "{bytes}");
    let grown = peak.saturating_sub(before);
    assert!(grown < 80 * 1024 * 1024, "{grown} bytes for requests of 8 MB");

    let mut answer = app.admin().session_export("s").open().await;
    answer.chunk().await.unwrap().unwrap();
    redis.crash();
    let (_, broken) = rest_of(answer).await;
    assert!(broken, "a part of the requests looks like all of them");
}
