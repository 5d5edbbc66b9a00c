//! The queue of background exports: limits, turns, priorities, wake-ups, several servers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use decant_tests::actors::Actor;
use decant_tests::definitions::{Definitions, NUMBERS, silent_for};
use decant_tests::exports::{Exports, PATIENCE, create, export, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::redis::Redis;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};

/// Makes this many records of a person that wait, as `create` does.
async fn enqueue(exports: &Exports, subject: &str, count: u32) {
    exports
        .state
        .execute(format!(
            "insert into decant.data_exports (id, subject, caller, credential, role, scope, export_type, dataset, format, \
             options, status, file_name, retention_hours) \
             select gen_random_uuid(), subject, caller, credential, role, jsonb_build_object('all', true), export_type, dataset, \
             format, options, 'queued', file_name, retention_hours \
             from (select * from decant.data_exports where subject = '{subject}' limit 1) e, generate_series(1, {count})"
        ))
        .await;
}

#[tokio::test]
async fn eight_workers_exceed_no_limit_and_ten_thousand_of_one_person_do_not_delay_another() {
    let definitions = Definitions::of(&[&silent_for(0.3)]);
    let settings = [
        definitions.setting(),
        ("DECANT_WORKERS", "8"),
        ("DECANT_WORK_AT_ONCE", "1"),
        ("DECANT_EXPORTS_MAX", "20"),
        ("DECANT_EXPORTS_PER_USER", "3"),
    ];
    let exports = Exports::start(&settings).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "silent", "format": "csv" })).await;
    wait_until(&admin, &id, "completed").await;
    enqueue(&exports, "token:admin", 10_000).await;
    let running =
        "select count(*) from decant.data_exports where status = 'processing' and subject = 'token:admin'";
    let is_full = async || (exports.state.number(running).await == 3).then_some(());
    wait_for("three running exports of one person", PATIENCE, is_full).await;
    // Another person.
    let (user, _) = exports.app.user().await;
    let since = Instant::now();
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "format": "csv", "limit": 1 }),
    )
    .await;
    wait_until(&user, &id, "completed").await;
    let took = since.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) {
        assert!(exports.state.number(running).await <= 3);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        exports
            .state
            .number("select count(*) from decant.data_exports where status = 'completed'")
            .await
            > 5
    );
}

#[tokio::test]
async fn with_one_place_persons_take_turns_and_a_greater_priority_is_first() {
    let definitions = Definitions::of(&[NUMBERS]);
    let settings = [definitions.setting(), ("DECANT_WORKERS", "0")];
    let exports = Exports::start(&settings).await;
    let admin = exports.app.admin();
    let (user, _) = exports.app.user().await;
    let mut ids = HashMap::new();
    for number in 1..=4 {
        let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
        ids.insert(id, format!("admin {number}"));
    }
    let urgent = create(
        &admin,
        &json!({ "dataset": "numbers", "format": "csv", "priority": 5 }),
    )
    .await;
    ids.insert(urgent.clone(), "urgent".to_owned());
    for number in 1..=2 {
        let id = create(
            &user,
            &json!({ "dataset": "usage-logs", "format": "csv", "limit": 1 }),
        )
        .await;
        ids.insert(id, format!("user {number}"));
    }
    assert_eq!(export(&admin, &urgent).await["position"], 0);
    let one_worker = [
        definitions.setting(),
        ("DECANT_WORKERS", "1"),
        ("DECANT_WORK_AT_ONCE", "1"),
    ];
    let _worker = exports.another_server(&one_worker).await;
    let waiting = "select count(*) from decant.data_exports where status <> 'completed'";
    wait_for("the end of all", PATIENCE, async || {
        (exports.state.number(waiting).await == 0).then_some(())
    })
    .await;
    let order = exports
        .state
        .texts("select id::text from decant.data_exports order by started_at")
        .await;
    let order: Vec<_> = order.iter().flatten().map(|id| ids[id].as_str()).collect();
    assert_eq!(
        order,
        [
            "urgent", "user 1", "admin 1", "user 2", "admin 2", "admin 3", "admin 4"
        ]
    );
}

#[tokio::test]
async fn an_export_of_another_server_is_made_shown_and_cancelled() {
    let definitions = Definitions::of(&[NUMBERS, &silent_for(30.0)]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_WORKERS", "0")]).await;
    let other = exports.another_server(&[definitions.setting()]).await;
    let (here, there) = (
        exports.app.admin(),
        Actor::new(&other.address).with_token(ADMIN_TOKEN),
    );
    let id = create(&here, &json!({ "dataset": "numbers", "format": "csv" })).await;
    wait_until(&here, &id, "completed").await;
    assert_eq!(export(&there, &id).await["status"], "completed");
    let id = create(&here, &json!({ "dataset": "silent", "format": "csv" })).await;
    wait_until(&here, &id, "processing").await;
    let since = Instant::now();
    let cancelled: Value = here.cancel_export(&id).answer().await.good().json();
    assert_eq!(cancelled["export"]["status"], "cancelled", "{cancelled}");
    assert!(
        since.elapsed() < Duration::from_millis(2_500),
        "{:?}",
        since.elapsed()
    );
}

#[tokio::test]
async fn a_notice_wakes_workers_with_redis_without_it_and_when_redis_is_killed_emptied_or_paused() {
    let definitions = Definitions::of(&[NUMBERS]);
    let mut redis = Redis::start().await;
    let url = redis.url();
    // A poll would come too late for these exports.
    let settings = [
        definitions.setting(),
        ("DECANT_EXPORT_POLL_SECONDS", "60"),
        ("DECANT_REDIS_URL", &url),
    ];
    let exports = Exports::start(&settings).await;
    let admin = exports.app.admin();
    let made_soon = async |what: &str| {
        let since = Instant::now();
        let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
        wait_until(&admin, &id, "completed").await;
        let took = since.elapsed();
        assert!(took < Duration::from_secs(15), "{what}: {took:?}");
    };
    made_soon("with Redis").await;
    redis.crash();
    made_soon("without Redis").await;
    redis.start_again().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    made_soon("with an empty Redis").await;
    redis.pause();
    made_soon("with a Redis that does not answer").await;
    redis.go_on();
    made_soon("with Redis again").await;

    let without = Exports::start(&[definitions.setting(), ("DECANT_EXPORT_POLL_SECONDS", "60")]).await;
    let admin = without.app.admin();
    let since = Instant::now();
    let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
    wait_until(&admin, &id, "completed").await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn decant_uses_one_key_of_redis() {
    let definitions = Definitions::of(&[NUMBERS]);
    let redis = Redis::start().await;
    let url = redis.url();
    let exports = Exports::start(&[definitions.setting(), ("REDIS_URL", &url)]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
    wait_until(&admin, &id, "completed").await;
    assert_eq!(redis.keys().await, ["decant:exports"]);
}

#[tokio::test]
async fn the_pages_of_the_list_follow_each_other() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0")]).await;
    let admin = exports.app.admin();
    for _ in 0..5 {
        create(&admin, &json!({ "dataset": "usage-logs" })).await;
    }
    let page = async |limit: &str, offset: &str| {
        let request = admin.exports().query("limit", limit).query("offset", offset);
        let list: Value = request.answer().await.good().json();
        let ids = list["exports"].as_array().unwrap().iter();
        ids.map(|export| export["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let newest_first = "select id::text from decant.data_exports order by created_at desc, id desc";
    let expected: Vec<_> = exports
        .state
        .texts(newest_first)
        .await
        .into_iter()
        .flatten()
        .collect();
    let pages = [page("2", "0").await, page("2", "2").await, page("2", "4").await];
    assert_eq!(pages.concat(), expected);
    assert_eq!(page("2", "6").await, [""; 0]);
}
