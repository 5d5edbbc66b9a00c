//! Background exports: created, made, shown, cancelled, made again, deleted.

use decant_tests::actors::{Actor, rest_of};
use decant_tests::definitions::{Definitions, ENDLESS, FAILING, NUMBERS, SLOWLY};
use decant_tests::exports::{Exports, PATIENCE, create, export, wait_until};
use decant_tests::patience::wait_for;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

fn hex_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asserts that an export of a body has the bytes of a direct export with this query, and returns the export.
async fn assert_same(exports: &Exports, actor: &Actor, body: &Value, query: &[(&str, &str)]) -> Value {
    let dataset = body["dataset"].as_str().expect("the body names a dataset");
    let id = create(actor, body).await;
    let export = wait_until(actor, &id, "completed").await;
    let stored = exports.file(&id).await;
    let direct = actor.export(dataset).queries(query).answer().await.good();
    assert!(
        stored == direct.body,
        "{body}: {} and {} bytes",
        stored.len(),
        direct.body.len()
    );
    assert_eq!(export["fileSize"], stored.len(), "{export}");
    assert_eq!(export["checksum"], hex_of(&stored), "{export}");
    assert_eq!(export["progress"], 100, "{export}");
    export
}

#[tokio::test]
async fn a_stored_file_has_the_bytes_of_a_direct_export_in_every_format() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let rows = user.usage_count(&[]).await;
    for format in ["csv", "json", "jsonl", "xml", "markdown", "html", "xlsx"] {
        let body = json!({ "dataset": "usage-logs", "format": format, "options": { "compression": "none" } });
        let query = [("format", format), ("compression", "none")];
        let export = assert_same(&exports, &exports.app.admin(), &body, &query).await;
        assert_eq!(export["scope"], "all", "{export}");
    }
    // Of one person, with filters, columns and gzip by default.
    let body = json!({ "dataset": "usage-logs", "format": "csv", "filters": { "statusCode": 200 },
        "columns": ["created_at", "model"], "zone": "Asia/Shanghai", "options": { "locale": "de-DE" } });
    let query = [
        ("format", "csv"),
        ("statusCode", "200"),
        ("columns", "created_at,model"),
        ("zone", "Asia/Shanghai"),
        ("locale", "de-DE"),
        ("compression", "gzip"),
    ];
    let export = assert_same(&exports, &user, &body, &query).await;
    assert_eq!(export["scope"], "user", "{export}");
    assert!(export["recordCount"].as_u64().unwrap() < rows, "{export}");
    assert!(
        export["fileName"].as_str().unwrap().ends_with(".csv.gz"),
        "{export}"
    );
    assert_eq!(
        export["parameters"]["filters"]["statusCode"],
        json!(["200"]),
        "{export}"
    );
}

#[tokio::test]
async fn a_bundle_is_made_with_the_id_of_its_export() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let body = json!({ "dataset": "user-data", "format": "json", "options": { "compression": "none" } });
    let id = create(&user, &body).await;
    let export = wait_until(&user, &id, "completed").await;
    assert_eq!(export["exportType"], "user_data", "{export}");
    let stored: Value = serde_json::from_slice(&exports.file(&id).await).unwrap();
    let direct = user
        .bundle_export("user-data")
        .query("format", "json")
        .answer()
        .await
        .good();
    let direct: Value = direct.json();
    assert_eq!(stored["exportMetadata"]["exportId"], id.as_str());
    for part in ["userData", "usageLogs", "totals"] {
        assert_eq!(stored[part], direct[part], "{part}");
        assert!(!stored[part].is_null(), "{part}");
    }
}

#[tokio::test]
async fn each_export_has_messages_and_is_listed_for_its_person_alone() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let other = exports.app.database.new_user("Other").await;
    let other = exports.app.anonymous().with_token(&other.key);
    let admin = exports.app.admin();
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "format": "csv", "limit": 3 }),
    )
    .await;
    wait_until(&user, &id, "completed").await;
    let status = user.export_status(&id).query("logs", "100").answer().await.good();
    let status: Value = status.json();
    let events: Vec<_> = status["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| &log["event_type"])
        .collect();
    assert_eq!(events, ["complete", "start", "created"], "{status}");
    assert_eq!(status["success"], true);

    let listed = async |actor: &Actor, query: &[(&str, &str)]| {
        let list: Value = actor.exports().queries(query).answer().await.good().json();
        let ids = list["exports"].as_array().unwrap().iter();
        assert_eq!(list["meta"]["total"], ids.len(), "{list}");
        ids.map(|export| export["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(&user, &[]).await, [id.as_str()]);
    for query in [
        [("status", "completed"), ("format", "csv")],
        [("export_type", "dataset"), ("dataset", "usage-logs")],
        [("q", "USAGE"), ("limit", "1")],
    ] {
        assert_eq!(listed(&user, &query).await, [id.as_str()], "{query:?}");
    }
    assert!(listed(&user, &[("status", "pending")]).await.is_empty());
    assert!(listed(&other, &[]).await.is_empty());
    assert!(listed(&admin, &[]).await.is_empty());
    assert_eq!(listed(&admin, &[("include_all", "true")]).await, [id.as_str()]);
    user.exports()
        .query("include_all", "true")
        .answer()
        .await
        .problem(403, "forbidden");
    for (name, value) in [
        ("status", "ready"),
        ("limit", "0"),
        ("limit", "101"),
        ("offset", "-1"),
        ("format", "pdf"),
    ] {
        let problem = user
            .exports()
            .query(name, value)
            .answer()
            .await
            .problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some(name));
    }
    user.exports()
        .query("page", "1")
        .answer()
        .await
        .problem(400, "unknown_parameter");

    for answer in [
        other.show_export(&id),
        other.export_status(&id),
        other.export_events(&id),
        other.cancel_export(&id),
        other.retry_export(&id),
        other.delete_export(&id),
    ] {
        answer.answer().await.problem(403, "forbidden");
    }
    for unknown in ["0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e", "x", "1"] {
        user.show_export(unknown)
            .answer()
            .await
            .problem(404, "unknown_export");
    }
    exports
        .app
        .anonymous()
        .show_export(&id)
        .answer()
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_refused_before_it_waits() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let refused = async |body: Value, status, code: &str, field: Option<&str>| {
        let problem = user.create_export(&body).answer().await.problem(status, code);
        assert_eq!(problem.field.as_deref(), field, "{body}: {problem:?}");
    };
    refused(json!({ "dataset": "nothing" }), 404, "unknown_dataset", None).await;
    refused(json!({ "dataset": "probe-logs" }), 403, "forbidden", None).await;
    refused(json!({ "dataset": "bulk-data" }), 403, "forbidden", None).await;
    let usage = |members: Value| {
        let mut body = json!({ "dataset": "usage-logs" });
        body.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        body
    };
    for member in ["encryption", "recurrence"] {
        refused(
            usage(json!({ member: { "a": 1 } })),
            400,
            "not_supported",
            Some(member),
        )
        .await;
    }
    refused(
        usage(json!({ "format": "pdf" })),
        400,
        "invalid_parameter",
        Some("format"),
    )
    .await;
    refused(
        usage(json!({ "filters": { "nothing": 1 } })),
        400,
        "unknown_parameter",
        Some("nothing"),
    )
    .await;
    refused(
        usage(json!({ "options": { "nothing": 1 } })),
        400,
        "unknown_parameter",
        Some("nothing"),
    )
    .await;
    refused(
        usage(json!({ "options": { "compression": "rar" } })),
        400,
        "invalid_parameter",
        Some("compression"),
    )
    .await;
    refused(
        usage(json!({ "workspace": "a" })),
        400,
        "unknown_parameter",
        Some("workspace"),
    )
    .await;
    refused(
        usage(json!({ "priority": 11 })),
        400,
        "invalid_parameter",
        Some("priority"),
    )
    .await;
    refused(
        usage(json!({ "priority": 1 })),
        403,
        "forbidden",
        Some("priority"),
    )
    .await;
    refused(
        usage(json!({ "retentionHours": 0 })),
        400,
        "invalid_parameter",
        Some("retentionHours"),
    )
    .await;
    refused(
        usage(json!({ "retentionHours": 721 })),
        400,
        "invalid_parameter",
        Some("retentionHours"),
    )
    .await;
    refused(
        usage(json!({ "limit": 0 })),
        400,
        "invalid_parameter",
        Some("limit"),
    )
    .await;
    refused(
        usage(json!({ "unknown": 1 })),
        400,
        "invalid_body",
        Some("unknown"),
    )
    .await;
    refused(
        json!({ "dataset": "user-data", "columns": ["a"] }),
        400,
        "unknown_parameter",
        Some("columns"),
    )
    .await;
    refused(
        json!({ "dataset": "user-data", "filters": { "userId": "1" } }),
        403,
        "forbidden",
        Some("userId"),
    )
    .await;
    assert_eq!(
        exports
            .state
            .number("select count(*) from decant.data_exports")
            .await,
        0
    );
}

#[tokio::test]
async fn a_running_export_is_cancelled_within_two_seconds_and_leaves_nothing() {
    let definitions = Definitions::of(&[ENDLESS, SLOWLY]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    for dataset in ["slowly", "endless"] {
        let id = create(&admin, &json!({ "dataset": dataset, "format": "csv" })).await;
        wait_until(&admin, &id, "processing").await;
        admin.delete_export(&id).answer().await.problem(409, "not_over");
        admin.retry_export(&id).answer().await.problem(409, "not_over");
        let since = std::time::Instant::now();
        let cancelled: Value = admin.cancel_export(&id).answer().await.good().json();
        let took = since.elapsed();
        assert_eq!(cancelled["export"]["status"], "cancelled", "{cancelled}");
        assert!(took.as_secs_f32() < 2.5, "{took:?}");
        admin
            .cancel_export(&id)
            .answer()
            .await
            .problem(409, "already_over");
        let stopped = async || (exports.app.database.running_copies().await == 0).then_some(());
        wait_for("the end of the query", PATIENCE, stopped).await;
        let removed = async || (exports.files() == 0).then_some(());
        wait_for("the removal of what was written", PATIENCE, removed).await;
    }
}

#[tokio::test]
async fn a_waiting_export_is_cancelled_and_one_that_is_scheduled_waits_for_its_time() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let later = "2999-01-01T00:00:00Z";
    let id = create(&user, &json!({ "dataset": "usage-logs", "scheduledAt": later })).await;
    let scheduled = export(&user, &id).await;
    assert_eq!(
        (&scheduled["status"], &scheduled["scheduledAt"]),
        (&json!("scheduled"), &json!(later))
    );
    let cancelled: Value = user.cancel_export(&id).answer().await.good().json();
    assert_eq!(cancelled["export"]["status"], "cancelled");

    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "scheduledAt": soon.to_string() }),
    )
    .await;
    assert_eq!(export(&user, &id).await["status"], "scheduled");
    let completed = wait_until(&user, &id, "completed").await;
    let started: jiff::Timestamp = completed["startedAt"].as_str().unwrap().parse().unwrap();
    assert!(
        started >= soon - jiff::SignedDuration::from_millis(100),
        "{completed}"
    );
    // A time in the past is now.
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "scheduledAt": "2020-01-01T00:00:00Z" }),
    )
    .await;
    wait_until(&user, &id, "completed").await;
}

#[tokio::test]
async fn an_export_is_made_again_as_a_new_one_and_a_deleted_one_is_gone_with_its_file() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "format": "jsonl", "limit": 5 }),
    )
    .await;
    wait_until(&user, &id, "completed").await;
    let again = user.retry_export(&id).answer().await;
    assert_eq!(again.status, 202, "{}", again.text());
    let again = again.json::<Value>()["export"]["id"].as_str().unwrap().to_owned();
    let export = wait_until(&user, &again, "completed").await;
    assert_eq!(export["parentId"], id.as_str());
    assert!(exports.file(&again).await == exports.file(&id).await);
    // An administrator makes it again for its person, with the rows of the person.
    let by_admin = exports.app.admin().retry_export(&id).answer().await;
    let by_admin = by_admin.json::<Value>()["export"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let export = wait_until(&user, &by_admin, "completed").await;
    assert_eq!(
        (&export["scope"], &export["recordCount"]),
        (&json!("user"), &json!(5))
    );

    assert_eq!(exports.files(), 3);
    let used = exports
        .state
        .number("select sum(used_bytes) from decant.storage_usage")
        .await;
    assert!(used > 0);
    for id in [&id, &again, &by_admin] {
        assert_eq!(user.delete_export(id).answer().await.status, 204);
        user.show_export(id).answer().await.problem(404, "unknown_export");
    }
    assert_eq!(exports.files(), 0);
    assert_eq!(
        exports
            .state
            .number("select sum(used_bytes) from decant.storage_usage")
            .await,
        0
    );
}

#[tokio::test]
async fn a_failure_that_lasts_is_recorded_at_once_with_its_cause() {
    let definitions = Definitions::of(&[FAILING]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "failing", "format": "csv" })).await;
    let failed = wait_until(&admin, &id, "failed").await;
    assert_eq!(
        (&failed["attempts"], &failed["errorCode"]),
        (&json!(1), &json!("source_failed")),
        "{failed}"
    );
    assert!(
        failed["errorMessage"]
            .as_str()
            .unwrap()
            .contains("division by zero"),
        "{failed}"
    );
    assert_eq!(exports.files(), 0);
    assert_eq!(failed["fileSize"], Value::Null);
}

#[tokio::test]
async fn progress_is_streamed_until_the_end() {
    let definitions = Definitions::of(&[SLOWLY, NUMBERS]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "slowly", "format": "csv" })).await;
    let (body, broken) = rest_of(admin.export_events(&id).open().await).await;
    assert!(!broken);
    let text = String::from_utf8(body).unwrap();
    let events: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert!(events.len() >= 3, "{text}");
    let (last, before) = events.split_last().unwrap();
    assert_eq!(*last, "complete", "{text}");
    assert!(before.iter().all(|event| *event == "progress"), "{text}");
    let data: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let done = |data: &Value| data["rows"]["done"].as_u64().unwrap();
    assert!(
        data.windows(2).all(|pair| done(&pair[0]) <= done(&pair[1])),
        "{text}"
    );
    assert!(
        data.iter()
            .any(|data| data["status"] == "processing" && done(data) > 0),
        "{text}"
    );
    assert_eq!(data.last().unwrap()["recordCount"], 20_000, "{text}");
    // One that is over has its end at once.
    let (body, _) = rest_of(admin.export_events(&id).open().await).await;
    assert!(String::from_utf8(body).unwrap().contains("event: complete"));
}

#[tokio::test]
async fn a_request_with_the_same_key_gets_the_same_answer_and_creates_nothing() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let body = json!({ "dataset": "usage-logs", "format": "csv" });
    let send = async |actor: &Actor, key: &str, body: &Value| {
        actor
            .create_export(body)
            .header("idempotency-key", key)
            .answer()
            .await
    };
    let first = send(&user, "k1", &body).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (202, ""));
    let second = send(&user, "k1", &body).await;
    assert_eq!(
        (second.status, second.header("idempotency-replayed")),
        (202, "true")
    );
    assert!(first.body == second.body);
    assert_eq!(first.header("location"), second.header("location"));
    let other = json!({ "dataset": "usage-logs", "format": "json" });
    send(&user, "k1", &other)
        .await
        .problem(422, "idempotency_conflict");
    // Another person's key is another one.
    let admin = send(&exports.app.admin(), "k1", &body).await.good();
    assert!(admin.body != first.body);
    send(&user, "é", &body)
        .await
        .problem(400, "invalid_idempotency_key");
    // Two at once.
    let (a, b) = tokio::join!(send(&user, "k2", &body), send(&user, "k2", &body));
    assert!(a.body == b.body && a.status == 202);
    assert_eq!(
        exports
            .state
            .number("select count(*) from decant.data_exports")
            .await,
        3
    );
}

#[tokio::test]
async fn many_exports_are_created_at_once_and_a_wrong_one_has_its_error() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_WORKERS", "0")]).await;
    let (user, _) = exports.app.user().await;
    let admin = exports.app.admin();
    let mut bodies = vec![json!({ "dataset": "numbers", "format": "csv" }); 10_000];
    bodies[1] = json!({ "dataset": "nothing" });
    let body = json!({ "exports": bodies });
    let since = std::time::Instant::now();
    let answer = admin.create_exports(&body).answer().await;
    let took = since.elapsed();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let answer: Value = answer.json();
    let outcomes = answer["exports"].as_array().unwrap();
    assert_eq!(outcomes.len(), 10_000);
    assert_eq!(outcomes[1]["error"]["code"], "unknown_dataset");
    assert!(
        outcomes
            .iter()
            .enumerate()
            .all(|(at, one)| at == 1 || one["status"] == "queued")
    );
    assert_eq!(
        exports
            .state
            .number("select count(*) from decant.data_exports")
            .await,
        9_999
    );
    println!("10,000 exports were created in {took:?}");
    user.create_exports(&body)
        .answer()
        .await
        .problem(403, "forbidden");
    for wrong in [
        json!({ "exports": [] }),
        json!({ "exports": vec![json!({ "dataset": "numbers" }); 10_001] }),
    ] {
        admin
            .create_exports(&wrong)
            .answer()
            .await
            .problem(400, "invalid_parameter");
    }
    let list: Value = admin.exports().answer().await.good().json();
    assert_eq!(
        (&list["meta"]["total"], &list["meta"]["hasMore"]),
        (&json!(9_999), &json!(true))
    );
    assert_eq!(
        list["exports"][0]["position"],
        Value::Null,
        "more than 1,000 are not counted"
    );
}

#[tokio::test]
async fn without_a_state_database_the_reason_is_given_and_direct_exports_go_on() {
    let app = decant_tests::app::App::start().await;
    let admin = app.admin();
    let id = "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e";
    for request in [
        admin.create_export(&json!({ "dataset": "usage-logs" })),
        admin.exports(),
        admin.export_limits(),
        admin.show_export(id),
        admin.cancel_export(id),
    ] {
        let problem = request.answer().await.problem(503, "no_state_database");
        assert!(problem.detail.contains("STATE_DSN"), "{problem:?}");
    }
    assert!(!admin.usage_file(&[]).await.is_empty());
}

#[tokio::test]
async fn a_function_that_another_role_has_planted_in_the_state_database_is_not_run() {
    let exports = Exports::start(&[]).await;
    // Its types fit a call of the limit of an hour better than those of PostgreSQL's own function.
    exports
        .state
        .execute(
            "create function public.hashtextextended(text, integer) returns bigint language plpgsql as \
             $$ begin raise exception 'planted'; end $$",
        )
        .await;
    let (user, _) = exports.app.user().await;
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "format": "csv", "limit": 1 }),
    )
    .await;
    wait_until(&user, &id, "completed").await;
}
