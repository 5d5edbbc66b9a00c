//! Schedules of exports: created, listed, changed, deleted.

use decant_tests::actors::Actor;
use decant_tests::exports::Exports;
use decant_tests::workspaces::{self, ACME, MEMBER, OWNER_OF_BETA};
use serde_json::{Value, json};

/// No time of a schedule comes by itself.
const NO_TICK: (&str, &str) = ("DECANT_SCHEDULE_TICK_SECONDS", "3600");

const WITHOUT_WORKERS: (&str, &str) = ("DECANT_WORKERS", "0");

/// A request for the rows of usage, in a year to come.
fn usage(members: Value) -> Value {
    let mut body = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv",
        "scheduledAt": "2030-01-31T02:00:00Z" });
    let members = members.as_object().expect("members are an object").clone();
    body.as_object_mut().expect("it is an object").extend(members);
    body
}

/// Creates a schedule, and returns the answer's `request`.
async fn schedule(actor: &Actor, body: &Value) -> Value {
    let answer = actor.schedule_export(body).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let created: Value = answer.json();
    assert_eq!(created["success"], true);
    let address = format!("/api/exports/schedules/{}", created["request"]["id"]);
    assert_eq!(answer.header("location"), address);
    created["request"].clone()
}

async fn id_of(actor: &Actor, body: &Value) -> u64 {
    schedule(actor, body).await["id"]
        .as_u64()
        .expect("an id is a number")
}

async fn shown(actor: &Actor, id: u64) -> Value {
    let answer = actor.show_schedule(id).answer().await.good();
    answer.json::<Value>()["schedule"].clone()
}

async fn changed(actor: &Actor, id: u64, body: Value) -> Value {
    let answer = actor.change_schedule(id, &body).answer().await.good();
    answer.json::<Value>()["schedule"].clone()
}

async fn start() -> Exports {
    Exports::start(&[NO_TICK, WITHOUT_WORKERS, ("EXPORT_RATE_LIMIT", "0")]).await
}

#[tokio::test]
async fn each_recurrence_answers_with_its_next_five_times() {
    let exports = start().await;
    let (user, _) = exports.app.user().await;
    let times = |days: [&str; 5]| days.map(|day| format!("2030-{day}:00:00Z"));
    for (members, expected) in [
        (
            json!({ "recurrence": "daily" }),
            times(["01-31T02", "02-01T02", "02-02T02", "02-03T02", "02-04T02"]),
        ),
        (
            json!({ "recurrence": "weekly" }),
            times(["01-31T02", "02-07T02", "02-14T02", "02-21T02", "02-28T02"]),
        ),
        (
            json!({ "recurrence": "monthly" }),
            times(["01-31T02", "02-28T02", "03-31T02", "04-30T02", "05-31T02"]),
        ),
        (
            json!({ "recurrence": "0 2 * * MON" }),
            times(["02-04T02", "02-11T02", "02-18T02", "02-25T02", "03-04T02"]),
        ),
        // In the night of 31 March 2030, Berlin goes from UTC+1 to UTC+2.
        (
            json!({ "recurrence": "daily", "zone": "Europe/Berlin", "scheduledAt": "2030-03-29T09:00" }),
            times(["03-29T08", "03-30T08", "03-31T07", "04-01T07", "04-02T07"]),
        ),
        (
            json!({ "recurrence": "09:00", "zone": "Europe/Berlin", "scheduledAt": "2030-10-25T00:00:00Z" }),
            times(["10-25T07", "10-26T07", "10-27T08", "10-28T08", "10-29T08"]),
        ),
    ] {
        let request = schedule(&user, &usage(members.clone())).await;
        assert_eq!(request["nextRuns"], json!(expected), "{members}");
        assert_eq!(request["scheduledAt"], expected[0].as_str(), "{members}");
        assert_eq!(
            (&request["status"], &request["exportType"], &request["format"]),
            (&json!("scheduled"), &json!("dataset"), &json!("csv"))
        );
        let shown = shown(&user, request["id"].as_u64().unwrap()).await;
        assert_eq!(shown["nextRuns"], request["nextRuns"]);
        assert_eq!(shown["status"], "active", "{shown}");
    }
    // Without a recurrence it comes once.
    let request = schedule(&user, &usage(json!({}))).await;
    assert_eq!(request["nextRuns"], json!(["2030-01-31T02:00:00Z"]));
}

#[tokio::test]
async fn each_type_has_its_rows_and_only_administrators_schedule_all_of_them() {
    let exports = start().await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let body = |kind: &str| json!({ "exportType": kind, "scheduledAt": "2030-01-01T00:00:00Z" });
    let dataset = async |actor: &Actor, body: Value| {
        let id = id_of(actor, &body).await;
        shown(actor, id).await["dataset"].clone()
    };
    assert_eq!(dataset(&user, body("user_data")).await, "user-data");
    assert_eq!(dataset(&admin, body("bulk_data")).await, "bulk-data");
    let bulk = user.schedule_export(&body("bulk_data")).answer().await;
    bulk.problem(403, "forbidden");
    let unnamed = user.schedule_export(&body("dataset")).answer().await;
    assert_eq!(
        unnamed.problem(400, "invalid_parameter").field.as_deref(),
        Some("dataset")
    );
    user.schedule_export(&usage(json!({ "dataset": "nothing" })))
        .answer()
        .await
        .problem(404, "unknown_dataset");
    user.schedule_export(&usage(json!({ "dataset": "probe-logs" })))
        .answer()
        .await
        .problem(403, "forbidden");
    exports
        .app
        .anonymous()
        .schedule_export(&body("user_data"))
        .answer()
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_wrong_request_is_refused_by_the_name_of_its_member() {
    let exports = start().await;
    let (user, _) = exports.app.user().await;
    let answer = user
        .schedule_export(&usage(json!({ "encryption": true })))
        .answer()
        .await;
    assert_eq!(
        answer.problem(400, "not_supported").field.as_deref(),
        Some("encryption")
    );
    let unknown = usage(json!({ "fileOptions": { "colour": "red" } }));
    let answer = user.schedule_export(&unknown).answer().await;
    assert_eq!(
        answer.problem(400, "unknown_parameter").field.as_deref(),
        Some("colour")
    );
    for (members, field) in [
        (json!({ "recurrence": "sometimes" }), "recurrence"),
        (json!({ "recurrence": "0 0 30 2 *" }), "recurrence"),
        (json!({ "recurrence": "*/5 * * * *" }), "recurrence"),
        (json!({ "recurrence": "* * * * * *" }), "recurrence"),
        (json!({ "zone": "Europe/Nowhere" }), "zone"),
        (json!({ "scheduledAt": "soon" }), "scheduledAt"),
        (json!({ "scheduledAt": null }), "scheduledAt"),
        (json!({ "name": " " }), "name"),
        (json!({ "maxFailures": 0 }), "maxFailures"),
        (json!({ "retentionDays": 31 }), "retentionDays"),
        (json!({ "format": "pdf" }), "format"),
    ] {
        let answer = user.schedule_export(&usage(members.clone())).answer().await;
        let problem = answer.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some(field), "{members}");
    }
    let unknown = user
        .schedule_export(&usage(json!({ "options": { "filters": { "nothing": 1 } } })))
        .answer()
        .await;
    assert_eq!(
        unknown.problem(400, "unknown_parameter").field.as_deref(),
        Some("nothing")
    );
    user.schedule_export(&usage(json!({ "nothing": 1 })))
        .answer()
        .await
        .problem(400, "invalid_body");
    // An administrator's may come as often as they like.
    schedule(
        &exports.app.admin(),
        &usage(json!({ "recurrence": "* * * * * *" })),
    )
    .await;
}

#[tokio::test]
async fn a_schedule_is_for_its_owner_and_for_administrators() {
    let exports = start().await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let other = exports.app.database.new_user("Other").await;
    let other = exports.app.anonymous().with_token(&other.key);
    let id = id_of(
        &user,
        &usage(json!({ "recurrence": "daily", "name": "Each night" })),
    )
    .await;
    let of_admin = id_of(&admin, &usage(json!({}))).await;
    for answer in [
        other.show_schedule(id).answer().await,
        other
            .change_schedule(id, &json!({ "status": "paused" }))
            .answer()
            .await,
        other.delete_schedule(id).answer().await,
        other.run_schedule(id).answer().await,
        user.show_schedule(of_admin).answer().await,
    ] {
        answer.problem(403, "forbidden");
    }
    user.show_schedule(99_999)
        .answer()
        .await
        .problem(404, "unknown_schedule");
    user.get("/api/exports/schedules/first")
        .answer()
        .await
        .problem(404, "unknown_schedule");

    let listed = async |actor: &Actor, query: &[(&str, &str)]| {
        let list: Value = actor.schedules().queries(query).answer().await.good().json();
        let schedules = list["schedules"].as_array().unwrap();
        assert_eq!(list["meta"]["total"], schedules.len(), "{list}");
        schedules
            .iter()
            .map(|s| s["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(&user, &[]).await, [id]);
    assert_eq!(listed(&other, &[]).await, [0; 0]);
    assert_eq!(listed(&admin, &[]).await, [of_admin]);
    assert_eq!(listed(&admin, &[("include_all", "true")]).await, [of_admin, id]);
    assert_eq!(listed(&user, &[("status", "paused")]).await, [0; 0]);
    user.schedules()
        .query("include_all", "true")
        .answer()
        .await
        .problem(403, "forbidden");

    assert_eq!(shown(&admin, id).await["name"], "Each night");
    let paused = changed(&admin, id, json!({ "status": "paused" })).await;
    assert_eq!(
        (&paused["status"], &paused["nextRuns"]),
        (&json!("paused"), &json!([]))
    );
    assert_eq!(admin.delete_schedule(id).answer().await.status, 204);
    user.show_schedule(id)
        .answer()
        .await
        .problem(404, "unknown_schedule");
}

#[tokio::test]
async fn a_key_with_fewer_rights_does_not_see_the_schedule_of_a_better_one() {
    let exports = start().await;
    let (boss, program) = exports.app.boss_with_a_restricted_key().await;
    let id = id_of(&boss, &usage(json!({}))).await;
    program.show_schedule(id).answer().await.problem(403, "forbidden");
    program.run_schedule(id).answer().await.problem(403, "forbidden");
    let list: Value = program.schedules().answer().await.good().json();
    assert_eq!(list["meta"]["total"], 0, "{list}");
}

#[tokio::test]
async fn times_and_the_export_of_a_schedule_are_changed() {
    let exports = start().await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let id = id_of(&user, &usage(json!({ "recurrence": "daily" }))).await;
    let moved = changed(
        &user,
        id,
        json!({ "recurrence": "weekly", "scheduledAt": "2031-01-01T09:00", "zone": "Asia/Shanghai" }),
    )
    .await;
    assert_eq!(moved["nextRuns"][1], "2031-01-08T01:00:00Z", "{moved}");
    assert_eq!(moved["zone"], "Asia/Shanghai");
    let options = json!({ "options": { "filters": { "statusCode": 200 }, "limit": 5 }, "format": "json", "retentionDays": 2,
        "name": "Few", "missed": "skip", "maxFailures": 5, "fileOptions": { "locale": "de-DE" } });
    let other = changed(&user, id, options.clone()).await;
    assert_eq!(
        [
            &other["format"],
            &other["name"],
            &other["missed"],
            &other["maxFailures"]
        ],
        [&json!("json"), &json!("Few"), &json!("skip"), &json!(5)]
    );
    assert_eq!(
        (&other["retentionHours"], &other["nextRuns"]),
        (&json!(48), &moved["nextRuns"])
    );
    assert_eq!(other["parameters"]["options"]["limit"], 5, "{other}");
    // An administrator changes it with the rights of its owner.
    let of_admin = changed(&admin, id, json!({ "format": "xml" })).await;
    assert_eq!(of_admin["format"], "xml");
    let scope = format!("select scope from decant.export_schedules where id = {id}");
    let scope = exports.state.text(&scope).await.unwrap();
    assert!(scope.contains("hub:"), "{scope}");
    for (body, field) in [
        (json!({ "status": "ended" }), "status"),
        (json!({ "recurrence": "sometimes" }), "recurrence"),
        (json!({ "recurrence": "once", "zone": "Nowhere" }), "zone"),
        (json!({ "format": "pdf" }), "format"),
        (json!({ "maxFailures": 101 }), "maxFailures"),
    ] {
        let answer = user.change_schedule(id, &body).answer().await;
        let problem = answer.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some(field), "{body}");
    }
    user.change_schedule(id, &json!({ "exportType": "user_data" }))
        .answer()
        .await
        .problem(400, "invalid_body");
}

#[tokio::test]
async fn a_schedule_counts_as_an_export_of_the_hour_and_a_person_may_have_so_many() {
    let settings = [
        NO_TICK,
        WITHOUT_WORKERS,
        ("EXPORT_RATE_LIMIT", "4"),
        ("DECANT_SCHEDULES_PER_USER", "2"),
    ];
    let exports = Exports::start(&settings).await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let body = usage(json!({ "recurrence": "daily" }));
    let first = user
        .schedule_export(&body)
        .header("idempotency-key", "a")
        .answer()
        .await
        .good();
    assert_eq!(
        first.header("ratelimit").split(", reset").next(),
        Some("limit=4, remaining=3")
    );
    let again = user
        .schedule_export(&body)
        .header("idempotency-key", "a")
        .answer()
        .await
        .good();
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let id = id_of(&user, &body).await;
    user.schedule_export(&body)
        .answer()
        .await
        .problem(409, "too_many_schedules");
    // A run that the person starts, and new times, count as well. A new name does not.
    assert_eq!(user.run_schedule(id).answer().await.status, 202);
    changed(&user, id, json!({ "recurrence": "weekly" })).await;
    changed(&user, id, json!({ "name": "Other" })).await;
    user.run_schedule(id).answer().await.problem(429, "rate_limited");
    user.change_schedule(id, &json!({ "recurrence": "daily" }))
        .answer()
        .await
        .problem(429, "rate_limited");
    for _ in 0..5 {
        schedule(&admin, &body).await;
    }
}

#[tokio::test]
async fn a_schedule_of_a_workspace_is_for_its_members() {
    let state = decant_tests::database::Database::empty().await;
    let app = workspaces::start(&[("STATE_DSN", &state.dsn), NO_TICK, WITHOUT_WORKERS]).await;
    let [member, outsider] = [MEMBER, OWNER_OF_BETA].map(|id| workspaces::user(&app, id));
    let body = json!({ "exportType": "dataset", "dataset": "alerts", "workspace": ACME, "recurrence": "daily",
        "scheduledAt": "2030-01-01T00:00:00Z" });
    let id = id_of(&member, &body).await;
    assert_eq!(shown(&member, id).await["workspaceId"], ACME);
    outsider
        .schedule_export(&body)
        .answer()
        .await
        .problem(403, "not_a_member");
    outsider
        .show_schedule(id)
        .answer()
        .await
        .problem(403, "forbidden");
    let report = json!({ "exportType": "report", "workspace": ACME, "recurrence": "weekly", "format": "html",
        "scheduledAt": "2030-01-01T00:00:00Z" });
    let id = id_of(&member, &report).await;
    let shown = shown(&member, id).await;
    assert_eq!(
        (&shown["exportType"], &shown["dataset"]),
        (&json!("report"), &json!("brand-report"))
    );
}

#[tokio::test]
async fn without_a_state_database_there_are_no_schedules() {
    let app = decant_tests::app::App::start().await;
    for answer in [
        app.admin().schedule_export(&usage(json!({}))).answer().await,
        app.admin().schedules().answer().await,
        app.admin().process_scheduled().answer().await,
    ] {
        answer.problem(503, "no_state_database");
    }
}
