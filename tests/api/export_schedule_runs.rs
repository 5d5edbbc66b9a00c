//! The runs of schedules: each time once, with the rights of now, and no more after too many failures.

use std::collections::BTreeSet;

use decant_tests::actors::Actor;
use decant_tests::definitions::{BROKEN, Definitions, NUMBERS};
use decant_tests::exports::{Exports, PATIENCE, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use decant_tests::workspaces::{self, ACME, MEMBER};
use serde_json::{Value, json};

const NO_TICK: (&str, &str) = ("DECANT_SCHEDULE_TICK_SECONDS", "3600");

const WITHOUT_WORKERS: (&str, &str) = ("DECANT_WORKERS", "0");

const INTERNAL_TOKEN: &str = "a-token-of-a-cron-job-0123";

fn usage(members: Value) -> Value {
    let mut body = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv",
        "scheduledAt": "2024-01-01T02:00:00Z", "options": { "limit": 3 } });
    let members = members.as_object().expect("members are an object").clone();
    body.as_object_mut().expect("it is an object").extend(members);
    body
}

async fn schedule(actor: &Actor, body: &Value) -> u64 {
    let answer = actor.schedule_export(body).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = &answer.json::<Value>()["request"]["id"];
    id.as_u64().expect("an id is a number")
}

async fn shown(actor: &Actor, id: u64) -> Value {
    let answer = actor.show_schedule(id).answer().await.good();
    answer.json::<Value>()["schedule"].clone()
}

/// Starts what is due, and returns the ids of the exports.
async fn process(actor: &Actor) -> Vec<String> {
    let answer: Value = actor.process_scheduled().answer().await.good().json();
    let started = answer["started"].as_array().expect("it is a list");
    assert_eq!(
        (&answer["success"], &answer["processed"], &answer["failed"]),
        (&json!(true), &json!(started.len()), &json!(0))
    );
    let ids = started.iter().map(|id| id.as_str().expect("an id is a text"));
    ids.map(str::to_owned).collect()
}

/// Makes a schedule due as if its time had come this long ago.
async fn make_due(exports: &Exports, id: u64, ago: &str) {
    exports
        .state
        .execute(format!(
            "update decant.export_schedules set next_run_time = now() - interval '{ago}' where id = {id}"
        ))
        .await;
}

async fn runs_of(exports: &Exports, id: u64) -> u64 {
    let runs = format!("select count(*) from decant.data_exports where schedule_id = {id}");
    exports.state.number(&runs).await
}

async fn wait_for_record(exports: &Exports, action: &str, id: u64) -> String {
    let sql = format!(
        "select details from decant.audit where action = '{action}' and details ->> 'schedule' = '{id}'"
    );
    wait_for(action, PATIENCE, async || exports.state.text(&sql).await).await
}

#[tokio::test]
async fn the_request_of_an_application_makes_one_file_now() {
    let exports = Exports::start(&[("DECANT_SCHEDULE_TICK_SECONDS", "1")]).await;
    let (user, _) = exports.app.user().await;
    let id = schedule(
        &user,
        &json!({ "exportType": "user_data", "format": "csv", "scheduledAt": "2024-01-01T02:00:00Z",
            "options": { "compression": true } }),
    )
    .await;
    let run = wait_for("a run", PATIENCE, async || {
        let schedule = shown(&user, id).await;
        schedule["lastExportId"].as_str().map(str::to_owned)
    })
    .await;
    let export = wait_until(&user, &run, "completed").await;
    assert_eq!(
        (&export["scheduleId"], &export["exportType"]),
        (&json!(id), &json!("user_data"))
    );
    let schedule = shown(&user, id).await;
    assert_eq!(
        (&schedule["status"], &schedule["nextRuns"], &schedule["failures"]),
        (&json!("ended"), &json!([]), &json!(0))
    );
    assert!(schedule["lastRunAt"].is_string(), "{schedule}");
    let details = wait_for_record(&exports, "export_schedule_run", id).await;
    assert!(details.contains(&run), "{details}");
    assert_eq!(runs_of(&exports, id).await, 1);
    // Once more, at a new time.
    let again = json!({ "scheduledAt": "2024-01-01T02:00:00Z" });
    user.change_schedule(id, &again).answer().await.good();
    wait_for("a second run", PATIENCE, async || {
        (runs_of(&exports, id).await == 2).then_some(())
    })
    .await;
    let ended = user
        .change_schedule(id, &json!({ "status": "active" }))
        .answer()
        .await;
    let problem = ended.problem(400, "invalid_parameter");
    assert_eq!(problem.field.as_deref(), Some("scheduledAt"));
}

#[tokio::test]
async fn on_two_servers_each_time_starts_one_export() {
    let settings = [NO_TICK, WITHOUT_WORKERS];
    let exports = Exports::start(&settings).await;
    let other = exports.another_server(&settings).await;
    let here = exports.app.admin();
    let there = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    let mut ids = Vec::new();
    for number in 0..120 {
        let recurrence = ["once", "daily", "0 2 * * *"][number % 3];
        let later = json!({ "recurrence": recurrence, "scheduledAt": "2040-01-01T02:00:00Z" });
        ids.push(schedule(&here, &usage(later)).await);
    }
    exports
        .state
        .execute("update decant.export_schedules set next_run_time = now()")
        .await;
    let (a, b, c, d) = tokio::join!(process(&here), process(&there), process(&here), process(&there));
    // A server leaves out what another one has locked.
    let rest = process(&here).await;
    let started = [a, b, c, d, rest].concat();
    let distinct: BTreeSet<_> = started.iter().collect();
    assert_eq!((started.len(), distinct.len()), (120, 120));
    for id in &ids {
        assert_eq!(runs_of(&exports, *id).await, 1, "{id}");
    }
    assert_eq!(process(&there).await, [""; 0]);
    // A server that has not heard of a run creates none for the same time.
    let same = "update decant.export_schedules s set next_run_time = e.due, status = 'active' \
                from decant.data_exports e where e.schedule_id = s.id";
    exports.state.execute(same).await;
    assert_eq!(process(&here).await, [""; 0]);
    let next: Value = here.process_scheduled().answer().await.good().json();
    assert!(next["next"].is_string(), "{next}");
}

#[tokio::test]
async fn a_missed_time_is_made_up_for_once_or_skipped() {
    let exports = Exports::start(&[NO_TICK, WITHOUT_WORKERS]).await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let daily = |missed: &str| usage(json!({ "recurrence": "daily", "missed": missed }));
    let (once, skip) = (
        schedule(&user, &daily("once")).await,
        schedule(&user, &daily("skip")).await,
    );
    process(&admin).await;
    for id in [once, skip] {
        make_due(&exports, id, "5 days").await;
    }
    let answer: Value = admin.process_scheduled().answer().await.good().json();
    assert_eq!(
        (&answer["processed"], answer["started"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
    assert_eq!(
        (runs_of(&exports, once).await, runs_of(&exports, skip).await),
        (2, 1)
    );
    wait_for_record(&exports, "export_schedule_missed", skip).await;
    for id in [once, skip] {
        assert_eq!(shown(&user, id).await["nextRuns"].as_array().unwrap().len(), 5);
    }
    // A little late is not missed.
    make_due(&exports, skip, "1 minute").await;
    process(&admin).await;
    assert_eq!(runs_of(&exports, skip).await, 2);
}

#[tokio::test]
async fn a_paused_schedule_does_not_run_and_a_person_may_start_it() {
    let exports = Exports::start(&[NO_TICK, WITHOUT_WORKERS]).await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let daily = schedule(&user, &usage(json!({ "recurrence": "daily" }))).await;
    let once = schedule(&user, &usage(json!({}))).await;
    for id in [daily, once] {
        let paused = user
            .change_schedule(id, &json!({ "status": "paused" }))
            .answer()
            .await;
        paused.good();
    }
    wait_for_record(&exports, "export_schedule_paused", daily).await;
    assert_eq!(process(&admin).await, [""; 0]);
    let answer = user.run_schedule(daily).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let export = &answer.json::<Value>()["export"];
    assert_eq!(export["scheduleId"], daily);
    let paused = shown(&user, daily).await;
    assert_eq!(
        (&paused["status"], &paused["lastExportId"]),
        (&json!("paused"), &export["id"])
    );
    for id in [daily, once] {
        let resumed = user
            .change_schedule(id, &json!({ "status": "active" }))
            .answer()
            .await;
        resumed.good();
    }
    // The one whose only time has passed meanwhile.
    assert_eq!(process(&admin).await.len(), 1);
    assert_eq!(
        (runs_of(&exports, daily).await, runs_of(&exports, once).await),
        (1, 1)
    );
    // Its exports outlive it.
    let run = export["id"].as_str().unwrap();
    assert_eq!(user.delete_schedule(daily).answer().await.status, 204);
    let export: Value = user.show_export(run).answer().await.good().json();
    assert_eq!(export["export"]["scheduleId"], Value::Null);
}

#[tokio::test]
async fn after_so_many_failures_a_schedule_stops_with_the_reason() {
    let definitions = Definitions::of(&[BROKEN]);
    let exports = Exports::start(&[definitions.setting(), NO_TICK]).await;
    let admin = exports.app.admin();
    let body = json!({ "exportType": "dataset", "dataset": "broken", "format": "csv", "recurrence": "daily",
        "scheduledAt": "2024-01-01T02:00:00Z", "maxFailures": 2 });
    let id = schedule(&admin, &body).await;
    let first = process(&admin).await;
    wait_until(&admin, &first[0], "failed").await;
    let once = shown(&admin, id).await;
    assert_eq!(
        (&once["status"], &once["failures"]),
        (&json!("active"), &json!(1)),
        "{once}"
    );
    make_due(&exports, id, "1 second").await;
    let second = process(&admin).await;
    let failed = wait_until(&admin, &second[0], "failed").await;
    let stopped = shown(&admin, id).await;
    assert_eq!(
        [
            &stopped["status"],
            &stopped["failures"],
            &stopped["lastError"],
            &stopped["nextRuns"]
        ],
        [&json!("error"), &json!(2), &failed["errorMessage"], &json!([])],
    );
    let details = wait_for_record(&exports, "export_schedule_error", id).await;
    assert!(
        details.contains("token:admin") && details.contains("division"),
        "{details}"
    );
    let metrics = admin.metrics().answer().await.text();
    assert!(metrics.contains("decant_schedule_failures 1\n"), "{metrics}");
    make_due(&exports, id, "1 second").await;
    assert_eq!(process(&admin).await, [""; 0]);
    // Resumed, and complete: the failures are forgotten.
    let resumed = admin
        .change_schedule(id, &json!({ "status": "active" }))
        .answer()
        .await
        .good();
    let resumed = &resumed.json::<Value>()["schedule"];
    assert_eq!(
        [&resumed["status"], &resumed["failures"], &resumed["lastError"]],
        [&json!("active"), &json!(0), &Value::Null]
    );
    make_due(&exports, id, "1 second").await;
    wait_until(&admin, &process(&admin).await[0], "failed").await;
    assert_eq!(shown(&admin, id).await["failures"], 1);
    exports
        .state
        .execute("update decant.export_schedules set dataset = 'usage-logs', selection = '{\"limit\": 1}'")
        .await;
    make_due(&exports, id, "1 second").await;
    wait_until(&admin, &process(&admin).await[0], "completed").await;
    let good = shown(&admin, id).await;
    assert_eq!((&good["failures"], &good["lastError"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_run_has_the_rights_that_its_owner_has_then() {
    let exports = Exports::start(&[NO_TICK]).await;
    let admin = exports.app.admin();
    let (user, of_hub) = exports.app.user().await;
    let id = schedule(&user, &usage(json!({ "recurrence": "daily" }))).await;
    let export = wait_until(&user, &process(&admin).await[0], "completed").await;
    assert_eq!(
        (&export["scope"], &export["recordCount"]),
        (&json!("user"), &json!(3))
    );
    let key = format!("update keys set is_enabled = false where key = '{}'", of_hub.key);
    exports.app.database.execute(key).await;
    make_due(&exports, id, "1 second").await;
    let export = wait_until(&admin, &process(&admin).await[0], "failed").await;
    assert_eq!(export["errorCode"], "no_longer_allowed", "{export}");
    let failed = shown(&admin, id).await;
    assert_eq!(failed["failures"], 1, "{failed}");
    assert!(
        failed["lastError"].as_str().unwrap().contains("credential"),
        "{failed}"
    );
    // Its export cannot be changed with the rights of its owner. Pausing it needs none.
    admin
        .change_schedule(id, &json!({ "format": "json" }))
        .answer()
        .await
        .problem(409, "owner_gone");
    admin
        .change_schedule(id, &json!({ "status": "paused" }))
        .answer()
        .await
        .good();
    // With another key of the owner it goes on.
    exports
        .app
        .database
        .execute(format!(
            "insert into keys (user_id, key, name, is_enabled, can_login_web_ui) values ({}, 'sk-new-0123456789', 'new', true, true)",
            of_hub.id
        ))
        .await;
    let owner = exports.app.anonymous().with_token("sk-new-0123456789");
    owner
        .change_schedule(id, &json!({ "status": "active" }))
        .answer()
        .await
        .good();
    make_due(&exports, id, "1 second").await;
    wait_until(&owner, &process(&admin).await[0], "completed").await;
}

#[tokio::test]
async fn the_role_of_a_bearer_token_ends_a_day_after_the_schedule_was_created() {
    use decant_tests::server::JWT_SECRET;
    use decant_tests::tokens::{seconds_from_now, signed_with_secret};
    let exports = Exports::start(&[NO_TICK]).await;
    let claims = json!({ "sub": "7f", "role": "admin", "exp": seconds_from_now(600) });
    let token = signed_with_secret(JWT_SECRET, &claims);
    let (holder, admin) = (exports.app.anonymous().with_token(&token), exports.app.admin());
    let id = schedule(&holder, &usage(json!({ "recurrence": "daily" }))).await;
    wait_until(&holder, &process(&admin).await[0], "completed").await;
    exports
        .state
        .execute("update decant.export_schedules set authorized_at = now() - interval '25 hours'")
        .await;
    make_due(&exports, id, "1 second").await;
    let export = wait_until(&holder, &process(&admin).await[0], "failed").await;
    assert_eq!(export["errorCode"], "no_longer_allowed", "{export}");
}

#[tokio::test]
async fn the_schedule_of_a_removed_member_fails() {
    let state = decant_tests::database::Database::empty().await;
    let app = workspaces::start(&[("STATE_DSN", &state.dsn), NO_TICK]).await;
    let exports = Exports { app, state };
    let (member, admin) = (workspaces::user(&exports.app, MEMBER), exports.app.admin());
    let body = json!({ "exportType": "dataset", "dataset": "alerts", "format": "csv", "workspace": ACME,
        "recurrence": "daily", "scheduledAt": "2024-01-01T02:00:00Z" });
    let id = schedule(&member, &body).await;
    let export = wait_until(&member, &process(&admin).await[0], "completed").await;
    assert_eq!(export["workspaceId"], ACME);
    exports
        .app
        .database
        .execute(format!("delete from workspace_members where user_id = {MEMBER}"))
        .await;
    make_due(&exports, id, "1 second").await;
    let export = wait_until(&admin, &process(&admin).await[0], "failed").await;
    assert_eq!(export["errorCode"], "no_longer_allowed", "{export}");
    member
        .change_schedule(id, &json!({ "format": "json" }))
        .answer()
        .await
        .problem(403, "not_a_member");
    assert_eq!(member.delete_schedule(id).answer().await.status, 204);
}

#[tokio::test]
async fn runs_do_not_count_as_exports_of_the_hour() {
    let settings = [NO_TICK, WITHOUT_WORKERS, ("EXPORT_RATE_LIMIT", "2")];
    let exports = Exports::start(&settings).await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let id = schedule(&user, &usage(json!({ "recurrence": "daily" }))).await;
    for _ in 0..5 {
        make_due(&exports, id, "1 second").await;
        assert_eq!(process(&admin).await.len(), 1);
    }
    let limits: Value = user.export_limits().answer().await.good().json();
    assert_eq!(limits["rate"]["remaining"], 1);
}

#[tokio::test]
async fn processing_needs_the_internal_token_or_an_administrator() {
    let settings = [
        NO_TICK,
        WITHOUT_WORKERS,
        ("DECANT_INTERNAL_TOKEN", INTERNAL_TOKEN),
    ];
    let exports = Exports::start(&settings).await;
    let (user, _) = exports.app.user().await;
    schedule(&user, &usage(json!({}))).await;
    let anonymous = exports.app.anonymous();
    anonymous
        .process_scheduled()
        .answer()
        .await
        .problem(401, "unauthenticated");
    let wrong = anonymous.clone().with_token("a-token-of-a-cron-job-0124");
    wrong
        .process_scheduled()
        .answer()
        .await
        .problem(401, "invalid_credentials");
    user.process_scheduled().answer().await.problem(403, "forbidden");
    let program = anonymous.with_token(INTERNAL_TOKEN);
    // It is good for nothing else.
    program
        .schedules()
        .answer()
        .await
        .problem(401, "invalid_credentials");
    assert_eq!(process(&program).await.len(), 1);
    assert_eq!(process(&program).await, [""; 0]);
    assert_eq!(process(&exports.app.admin()).await, [""; 0]);
}

#[tokio::test]
async fn a_file_has_the_name_of_its_own_time() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting(), NO_TICK, WITHOUT_WORKERS]).await;
    let admin = exports.app.admin();
    let body = json!({ "exportType": "dataset", "dataset": "numbers", "format": "csv", "recurrence": "daily",
        "scheduledAt": "2024-01-01T02:00:00Z" });
    let id = schedule(&admin, &body).await;
    let mut names = BTreeSet::new();
    for _ in 0..2 {
        make_due(&exports, id, "1 second").await;
        let run = process(&admin).await;
        let export: Value = admin.show_export(&run[0]).answer().await.good().json();
        let name = export["export"]["fileName"].as_str().unwrap().to_owned();
        assert!(
            name.starts_with("numbers-20") && name.ends_with(".csv.gz"),
            "{name}"
        );
        names.insert(name);
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    assert_eq!(names.len(), 2, "{names:?}");
}

#[tokio::test]
async fn among_ten_thousand_schedules_the_index_knows_that_none_is_due() {
    let exports = Exports::start(&[NO_TICK, WITHOUT_WORKERS]).await;
    let admin = exports.app.admin();
    schedule(
        &admin,
        &usage(json!({ "recurrence": "daily", "scheduledAt": "2040-01-01T02:00:00Z" })),
    )
    .await;
    exports
        .state
        .execute(
            "insert into decant.export_schedules (name, subject, caller, credential, role, scope, export_type, dataset, format, \
             options, parameters, selection, retention_hours, request, schedule_pattern, zone, starts_at, missed, next_run_time, \
             max_failures) \
             select name, subject, caller, credential, role, scope, export_type, dataset, format, options, parameters, selection, \
             retention_hours, request, schedule_pattern, zone, starts_at, missed, next_run_time, max_failures \
             from decant.export_schedules, generate_series(1, 9999); analyze decant.export_schedules",
        )
        .await;
    exports
        .state
        .execute(
            "create function public.decant_plan() returns setof text language plpgsql as $$ begin return query execute \
             'explain (analyze, buffers) select exists (select from decant.export_schedules where status = ''active'' \
              and next_run_time <= now())'; end $$",
        )
        .await;
    let plan = exports.state.texts("select * from public.decant_plan()").await;
    let plan: Vec<_> = plan.into_iter().flatten().collect();
    let plan = plan.join("\n");
    assert!(plan.contains("export_schedules_due"), "{plan}");
    assert_eq!(process(&admin).await, [""; 0]);
    // All of them at once.
    exports
        .state
        .execute("update decant.export_schedules set next_run_time = now()")
        .await;
    assert_eq!(process(&admin).await.len(), 10_000);
}

#[tokio::test]
async fn scheduled_conversations_are_exports_of_conversations() {
    let database = decant_tests::database::Database::with_conversations().await;
    let exports = Exports::start_on(database, &[NO_TICK]).await;
    let admin = exports.app.admin();
    // The user of the demo who has most of them.
    let owner = exports.app.database.give_key(2).await;
    let owner = exports.app.anonymous().with_token(&owner.key);
    let body = |members: Value| {
        let mut body = json!({ "exportType": "conversations", "format": "json", "recurrence": "weekly",
            "scheduledAt": "2024-01-01T02:00:00Z" });
        body.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        body
    };
    for (members, field) in [
        (json!({ "options": { "limit": 1 } }), "options"),
        (
            json!({ "conversations": { "config": { "scope": "all", "format": "csv" } } }),
            "format",
        ),
    ] {
        let refused = owner.schedule_export(&body(members)).answer().await;
        let problem = refused.problem(400, "contradictory_parameters");
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    schedule(&owner, &body(json!({}))).await;
    let run = process(&admin).await;
    let export = wait_until(&owner, &run[0], "completed").await;
    assert_eq!(export["exportType"], "conversations", "{export}");
    let approved = "select count(*) from conversations where created_by = 2 and status = 'approved'";
    let approved = exports.app.database.number(approved).await;
    let status: Value = owner.conversation_export(&run[0]).answer().await.good().json();
    assert_eq!(status["conversation_count"], approved, "{status}");
    let name = status["filename"].as_str().unwrap();
    assert!(
        name.starts_with("training-data-all-20") && name.ends_with(".json"),
        "{name}"
    );
    // It can be made again with its body.
    let again = owner.export_conversations_again(&run[0]).answer().await;
    assert!([201, 202].contains(&again.status), "{}", again.text());
}
