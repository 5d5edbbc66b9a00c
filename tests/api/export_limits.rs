//! What a person may create and store in the background.

use decant_tests::actors::Actor;
use decant_tests::definitions::{Definitions, ENDLESS, NUMBERS};
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::workspaces::{self, ACME, MEMBER, OWNER, OWNER_OF_BETA, user};
use serde_json::{Value, json};

async fn limits(actor: &Actor) -> Value {
    actor.export_limits().answer().await.good().json()
}

#[tokio::test]
async fn a_person_may_create_so_many_an_hour_on_all_servers_together() {
    let exports = Exports::start(&[("EXPORT_RATE_LIMIT", "3"), ("DECANT_WORKERS", "0")]).await;
    let other = exports
        .another_server(&[("EXPORT_RATE_LIMIT", "3"), ("DECANT_WORKERS", "0")])
        .await;
    let (user, of_hub) = exports.app.user().await;
    let there = Actor::new(&other.address).with_token(&of_hub.key);
    let body = json!({ "dataset": "usage-logs" });
    assert_eq!(
        limits(&user).await["rate"],
        json!({ "limit": 3, "remaining": 3, "resetAt": null })
    );
    let first = user.create_export(&body).answer().await;
    let reset = first
        .header("ratelimit")
        .strip_prefix("limit=3, remaining=2, reset=");
    let reset: u64 = reset.expect("two remain").parse().unwrap();
    assert!((3_500..=3_600).contains(&reset), "{reset}");
    let id = first.json::<Value>()["export"]["id"].as_str().unwrap().to_owned();
    there
        .create_export(&body)
        .header("idempotency-key", "a")
        .answer()
        .await
        .good();
    // A repetition does not count, and a deleted one still does.
    there
        .create_export(&body)
        .header("idempotency-key", "a")
        .answer()
        .await
        .good();
    assert_eq!(user.delete_export(&id).answer().await.status, 204);
    let (a, b) = tokio::join!(
        user.create_export(&body).answer(),
        there.create_export(&body).answer()
    );
    let (good, refused) = match a.status {
        202 => (a, b),
        _ => (b, a),
    };
    assert_eq!(
        good.header("ratelimit").split(", reset").next(),
        Some("limit=3, remaining=0")
    );
    refused.problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3_500..=3_600).contains(&wait), "{wait}");
    let expected = format!("limit=3, remaining=0, reset={wait}");
    assert_eq!(refused.header("ratelimit"), expected);
    let shown = limits(&user).await;
    assert_eq!(shown["rate"]["remaining"], 0);
    assert!(shown["rate"]["resetAt"].is_string(), "{shown}");
    // Administrators have no limit, and an hour passes.
    for _ in 0..5 {
        create(&exports.app.admin(), &body).await;
    }
    assert_eq!(limits(&exports.app.admin()).await["rate"]["limit"], Value::Null);
    exports
        .state
        .execute("update decant.export_creations set created_at = created_at - interval '1 hour'")
        .await;
    create(&user, &body).await;
}

#[tokio::test]
async fn a_file_that_grows_too_large_fails_with_both_numbers_and_leaves_nothing() {
    let definitions = Definitions::of(&[ENDLESS]);
    let exports = Exports::start(&[definitions.setting(), ("EXPORT_MAX_SIZE", "3000000")]).await;
    let admin = exports.app.admin();
    assert_eq!(limits(&admin).await["maxBytes"], 3_000_000);
    let id = create(
        &admin,
        &json!({ "dataset": "endless", "format": "csv", "options": { "compression": "none" } }),
    )
    .await;
    let failed = wait_until(&admin, &id, "failed").await;
    assert_eq!(
        (&failed["errorCode"], &failed["attempts"]),
        (&json!("export_too_large"), &json!(1)),
        "{failed}"
    );
    let message = failed["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("3000000") && message.contains("EXPORT_MAX_SIZE"),
        "{message}"
    );
    assert_eq!(exports.files(), 0);
    let status: Value = admin.export_status(&id).answer().await.good().json();
    assert_eq!(status["logs"][0]["event_type"], "error", "{status}");
}

#[tokio::test]
async fn a_quota_holds_while_a_file_grows_and_what_was_reserved_is_given_back() {
    let definitions = Definitions::of(&[ENDLESS, NUMBERS]);
    let settings = [
        definitions.setting(),
        ("DECANT_USER_QUOTA_MB", "20"),
        ("EXPORT_MAX_SIZE", "1000000000"),
    ];
    let exports = Exports::start(&settings).await;
    let admin = exports.app.admin();
    let small = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
    let small = wait_until(&admin, &small, "completed").await;
    let used = limits(&admin).await["quota"].clone();
    assert_eq!(
        used,
        json!({ "used": small["fileSize"], "limit": 20 * 1024 * 1024 })
    );
    let id = create(
        &admin,
        &json!({ "dataset": "endless", "format": "csv", "options": { "compression": "none" } }),
    )
    .await;
    let failed = wait_until(&admin, &id, "failed").await;
    assert_eq!(failed["errorCode"], "quota_exceeded", "{failed}");
    assert_eq!(limits(&admin).await["quota"], used);
    assert_eq!(exports.files(), 1);
    // With nothing left, no export is created.
    exports
        .state
        .execute("update decant.storage_usage set used_bytes = 20 * 1024 * 1024")
        .await;
    admin
        .create_export(&json!({ "dataset": "numbers" }))
        .answer()
        .await
        .problem(413, "quota_exceeded");
}

#[tokio::test]
async fn a_file_is_kept_as_long_as_asked_and_then_expires() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    let hours = |export: &Value| {
        let at = |name: &str| export[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        at("expiresAt").duration_since(at("completedAt")).as_hours()
    };
    for (body, expected) in [
        (json!({ "dataset": "numbers", "format": "csv" }), 168),
        (
            json!({ "dataset": "numbers", "format": "csv", "retentionHours": 5 }),
            5,
        ),
    ] {
        let id = create(&admin, &body).await;
        assert_eq!(hours(&wait_until(&admin, &id, "completed").await), expected);
        exports
            .state
            .execute(format!(
                "update decant.data_exports set expires_at = now() where id = '{id}'"
            ))
            .await;
        let export: Value = admin.show_export(&id).answer().await.good().json();
        assert_eq!(export["export"]["status"], "expired", "{export}");
        wait_until(&admin, &id, "expired").await;
    }
}

#[tokio::test]
async fn the_caller_and_each_workspace_have_the_limits_that_are_shown_before_an_export() {
    let settings = [
        ("DECANT_MEMBERSHIP_SECONDS", "0"),
        ("EXPORT_RATE_LIMIT", "4"),
        ("DECANT_USER_QUOTA_MB", "2"),
        ("DECANT_WORKSPACE_QUOTA_MB", "3"),
        ("DECANT_EXPORTS_PER_WORKSPACE", "7"),
    ];
    let exports = Exports::start_on(workspaces::database().await, &settings).await;
    let (member, owner) = (user(&exports.app, MEMBER), user(&exports.app, OWNER));
    let body = json!({ "resourceType": "alerts", "format": "csv" });
    owner.export_workspace(ACME, &body).answer().await.good();
    let of_workspace = async |actor: &Actor| -> Value {
        let request = actor.export_limits().query("workspace", ACME);
        request.answer().await.good().json()
    };
    let shared = of_workspace(&member).await;
    assert!(shared["quota"]["used"].as_u64() > Some(0), "{shared}");
    assert_eq!(shared["quota"], of_workspace(&owner).await["quota"]);
    assert_eq!(
        (
            &shared["quota"]["limit"],
            &shared["concurrent"]["limit"],
            &shared["retentionHours"]["default"]
        ),
        (&json!(3_145_728), &json!(7), &json!(72))
    );
    // The hour is the person's, in a workspace, too.
    assert_eq!(
        (
            &shared["rate"]["remaining"],
            &of_workspace(&owner).await["rate"]["remaining"]
        ),
        (&json!(4), &json!(3))
    );
    let own = limits(&member).await;
    assert_eq!(own["quota"], json!({ "used": 0, "limit": 2_097_152 }));
    let me: Value = member.me().answer().await.good().json();
    assert_eq!(me["limits"], own);
    let stranger = user(&exports.app, OWNER_OF_BETA);
    let refused = stranger.export_limits().query("workspace", ACME).answer().await;
    refused.problem(403, "not_a_member");
    let unknown = member.export_limits().query("dataset", "alerts").answer().await;
    unknown.problem(400, "unknown_parameter");
}

#[tokio::test]
async fn without_a_state_database_the_caller_has_no_limits_and_stays_signed_in() {
    let app = workspaces::start(&[]).await;
    let me: Value = user(&app, MEMBER).me().answer().await.good().json();
    assert_eq!(me["limits"], Value::Null);
    let refused = user(&app, MEMBER).export_limits().answer().await;
    refused.problem(503, "no_state_database");
}

#[tokio::test]
async fn many_rich_exports_are_one_request_and_a_larger_one_is_told_what_to_do() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0")]).await;
    let admin = exports.app.admin();
    let columns = "created_at user_name key_name provider_name model original_model endpoint status_code input_tokens \
                   output_tokens cache_creation_5m_input_tokens cache_creation_1h_input_tokens cache_read_input_tokens \
                   total_tokens cost_usd duration_ms session_id retry_count";
    let columns: Vec<_> = columns.split_whitespace().collect();
    let rich = json!({ "dataset": "usage-logs", "format": "csv", "columns": columns, "zone": "Asia/Shanghai", "limit": 1_000,
        "filters": { "userId": 1, "startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00Z", "model": "a",
            "endpoint": "/v1/messages", "minRetryCount": 1, "sessionId": "b", "statusCode": 200 },
        "options": { "compression": "gzip", "delimiter": "semicolon", "locale": "de-DE", "guard": "strict" } });
    // With more values than requests of persons may have.
    let body = json!({ "exports": vec![rich; 3_000] });
    let answer = admin.create_exports(&body).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let answer: Value = answer.json();
    let outcomes = answer["exports"].as_array().unwrap();
    let is_queued = outcomes.iter().all(|outcome| outcome["status"] == "queued");
    assert!(outcomes.len() == 3_000 && is_queued, "{}", outcomes[0]);
    for too_large in [
        json!({ "exports": [{ "dataset": "x".repeat(8 * 1024 * 1024) }] }),
        json!({ "exports": [{ "dataset": "usage-logs", "columns": vec![0; 1_000_000] }] }),
    ] {
        let refused = admin.create_exports(&too_large).answer().await;
        let problem = refused.problem(400, "invalid_body");
        assert!(problem.detail.contains("in several requests"), "{problem:?}");
    }
}
