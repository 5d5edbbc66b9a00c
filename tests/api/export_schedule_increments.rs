//! Incremental schedules: each row is in exactly one file, also if it commits late.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::exports::{PATIENCE, export, wait_until};
use decant_tests::increments::{Events, request, run, run_of, schedule};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

const WITHOUT_WORKERS: (&str, &str) = ("DECANT_WORKERS", "0");

async fn shown(actor: &Actor, id: u64) -> Value {
    let answer = actor.show_schedule(id).answer().await.good();
    answer.json::<Value>()["schedule"].clone()
}

#[tokio::test]
async fn a_row_that_commits_late_is_in_the_next_file_and_in_no_other_one() {
    let events = Events::start(&[]).await;
    let id = schedule(&events.admin(), json!({})).await;
    events.insert().await;
    events.settle().await;
    assert_eq!(events.run(id).await, [1, 2], "the first run has all rows");
    let mut early = events.begin().await;
    // It begins later, and commits first.
    events.insert().await;
    events.insert().await;
    events.settle().await;
    assert_eq!(events.run(id).await, [0; 0]);
    let held_back = events.watermark(id).await;
    run(&mut early, "commit").await;
    assert_eq!(events.run(id).await, [3, 4, 5], "each of them once");
    assert!(events.watermark(id).await > held_back);
    events.insert().await;
    events.settle().await;
    assert_eq!(events.run(id).await, [6]);
    assert_eq!(events.run(id).await, [0; 0], "no row has come");
    let shown = shown(&events.admin(), id).await;
    assert_eq!(
        (&shown["incremental"], shown["watermark"].is_string()),
        (&json!(true), true)
    );
}

#[tokio::test]
async fn among_many_writers_each_row_is_in_exactly_one_file() {
    let events = Events::start(&[]).await;
    let id = schedule(&events.admin(), json!({})).await;
    let dsn = &events.exports.app.database.dsn;
    let writers = (0..8_u64).map(|writer| {
        let dsn = dsn.clone();
        tokio::spawn(async move {
            let mut connection = PgConnection::connect(&dsn).await.expect("PostgreSQL runs");
            let mut state = writer + 1;
            let mut up_to = |limit: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) % limit
            };
            for _ in 0..12 {
                run(&mut connection, "begin; insert into events default values").await;
                tokio::time::sleep(Duration::from_millis(up_to(1_500))).await;
                run(&mut connection, "insert into events default values").await;
                let end = match up_to(5) {
                    0 => "rollback",
                    _ => "commit",
                };
                run(&mut connection, end).await;
                tokio::time::sleep(Duration::from_millis(up_to(100))).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let (mut rows, mut with_rows) = (Vec::new(), 0);
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let run = events.run(id).await;
        with_rows += u32::from(!run.is_empty());
        rows.extend(run);
    }
    for writer in writers {
        writer.await.expect("it ended well");
    }
    events.settle().await;
    rows.extend(events.run(id).await);
    rows.sort_unstable();
    let all = events.ids().await;
    assert!(
        all.len() > 100 && with_rows > 2,
        "{} rows, {with_rows}",
        all.len()
    );
    assert!(
        rows == all,
        "{} rows in files, {} in the table",
        rows.len(),
        all.len()
    );
}

#[tokio::test]
async fn the_rows_of_a_run_that_failed_are_in_the_next_one() {
    let events = Events::start(&[]).await;
    let (admin, database) = (events.admin(), &events.exports.app.database);
    let id = schedule(&admin, json!({})).await;
    events.insert().await;
    events.settle().await;
    assert_eq!(events.run(id).await, [1, 2]);
    let before = events.watermark(id).await;
    events.insert().await;
    events.settle().await;
    database.execute("alter table events rename to away").await;
    let failed = run_of(&admin, id).await;
    wait_until(&admin, &failed, "failed").await;
    database.execute("alter table away rename to events").await;
    assert_eq!(events.watermark(id).await, before);
    events.insert().await;
    events.settle().await;
    let rows = events.run(id).await;
    assert_eq!(rows, [3, 4]);
    assert_eq!(shown(&admin, id).await["failures"], 0);
    // An attempt again has the rows of the failed run, and is none of the schedule's.
    let again = admin.retry_export(&failed).answer().await;
    let again: Value = again.json();
    let again = again["export"]["id"].as_str().expect("it has an id");
    wait_until(&admin, again, "completed").await;
    assert_eq!(events.rows(again).await, [3]);
    assert_eq!(events.run(id).await, [0; 0]);
}

#[tokio::test]
async fn only_one_run_of_a_schedule_is_made_at_a_time_on_any_number_of_servers() {
    let events = Events::start(&[WITHOUT_WORKERS]).await;
    let (exports, here) = (&events.exports, events.admin());
    let other = exports
        .another_server(&[
            events.definitions.setting(),
            WITHOUT_WORKERS,
            ("DECANT_SCHEDULE_TICK_SECONDS", "3600"),
            ("EXPORT_RATE_LIMIT", "0"),
        ])
        .await;
    let there = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    let id = schedule(&here, json!({})).await;
    let runs = format!("select count(*) from decant.data_exports where schedule_id = {id}");
    let runs = async || exports.state.number(&runs).await;
    let due = async || {
        let due = "update decant.export_schedules set next_run_time = now() - interval '1 second'";
        exports.state.execute(due).await;
    };
    due().await;
    let (a, b) = tokio::join!(async { here.process_scheduled().answer().await.good() }, async {
        there.process_scheduled().answer().await.good()
    });
    let started = |answer: &Value| answer["started"].as_array().expect("it is a list").len();
    assert_eq!(started(&a.json()) + started(&b.json()), 1);
    for server in [&here, &there] {
        due().await;
        let answer: Value = server.process_scheduled().answer().await.good().json();
        assert_eq!(
            (&answer["processed"], started(&answer)),
            (&json!(1), 0),
            "{answer}"
        );
        let answer = server.run_schedule(id).answer().await;
        answer.problem(409, "run_not_over");
    }
    assert_eq!(runs().await, 1);
    let missed = format!(
        "select count(*) from decant.audit where action = 'export_schedule_missed' and details ->> 'schedule' = '{id}'"
    );
    wait_for("the records of both", PATIENCE, async || {
        (exports.state.number(&missed).await == 2).then_some(())
    })
    .await;
    // Of requests at the same time, one gets a run.
    let first = shown(&here, id).await["lastExportId"].clone();
    let first = first.as_str().expect("it has run");
    here.cancel_export(first).answer().await.good();
    let (a, b, c, d) = tokio::join!(
        async { here.run_schedule(id).answer().await.status },
        async { there.run_schedule(id).answer().await.status },
        async { here.run_schedule(id).answer().await.status },
        async { there.run_schedule(id).answer().await.status }
    );
    let mut statuses = [a, b, c, d];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409, 409, 409]);
    assert_eq!(runs().await, 2);
    // Other schedules have as many as they are asked for.
    let plain = schedule(&here, json!({ "incremental": false })).await;
    for _ in 0..2 {
        run_of(&here, plain).await;
    }
}

#[tokio::test]
async fn a_run_whose_rows_another_run_has_is_made_again_from_where_that_ended() {
    let from = "(select e.id, e.at, e.note from events e, pg_sleep(3)) e";
    let events = Events::start_from(from, &[]).await;
    let (admin, state) = (events.admin(), &events.exports.state);
    let id = schedule(&admin, json!({})).await;
    events.insert().await;
    events.settle().await;
    let slow = run_of(&admin, id).await;
    let has_begun = format!("select rows_before from decant.data_exports where id = '{slow}'");
    wait_for("a run that has begun", PATIENCE, async || {
        state.text(&has_begun).await
    })
    .await;
    let moved = "update decant.export_schedules set watermark = now() - interval '30 minutes'";
    state.execute(moved).await;
    let completed = wait_until(&admin, &slow, "completed").await;
    assert_eq!(completed["attempts"], 2, "{completed}");
    assert_eq!(events.rows(&slow).await, [2], "the first one is an hour old");
    assert_eq!(events.exports.files(), 1, "the other file is removed");
}

#[tokio::test]
async fn the_times_of_a_run_are_filters_and_a_repetition_has_the_same_rows() {
    let events = Events::start(&[]).await;
    let (admin, state) = (events.admin(), &events.exports.state);
    let id = schedule(&admin, json!({})).await;
    events.insert().await;
    events.settle().await;
    let first = run_of(&admin, id).await;
    let completed = wait_until(&admin, &first, "completed").await;
    assert!(
        completed["rowsFrom"].is_null() && completed["rowsBefore"].is_string(),
        "{completed}"
    );
    events.insert().await;
    events.settle().await;
    let second = run_of(&admin, id).await;
    let completed_second = wait_until(&admin, &second, "completed").await;
    assert_eq!(completed_second["rowsFrom"], completed["rowsBefore"]);
    let receipt: Value = admin.export_receipt(&second).answer().await.good().json();
    let filters = &receipt["receipt"]["selection"]["filters"];
    assert_eq!(
        filters["start"],
        json!([completed_second["rowsFrom"]]),
        "{receipt}"
    );
    assert_eq!(
        filters["end"],
        json!([completed_second["rowsBefore"]]),
        "{receipt}"
    );
    let watermark = events.watermark(id).await;
    for (run, rows) in [(first, vec![1, 2]), (second, vec![3])] {
        let answer: Value = admin.retry_export(&run).answer().await.json();
        let again = answer["export"]["id"].as_str().expect("it has an id");
        wait_until(&admin, again, "completed").await;
        assert_eq!(events.rows(again).await, rows);
    }
    assert_eq!(events.watermark(id).await, watermark);
    // A clock that was set back: no row, and the time stays. A repetition of it has no row, either.
    let ahead = "update decant.export_schedules set watermark = now() + interval '1 hour'";
    state.execute(ahead).await;
    let watermark = events.watermark(id).await;
    events.insert().await;
    events.settle().await;
    let empty = run_of(&admin, id).await;
    let completed = wait_until(&admin, &empty, "completed").await;
    assert_eq!(completed["recordCount"], 0);
    assert_eq!(events.watermark(id).await, watermark);
    let answer: Value = admin.retry_export(&empty).answer().await.json();
    let again = answer["export"]["id"].as_str().expect("it has an id");
    let completed = wait_until(&admin, again, "completed").await;
    assert_eq!(completed["recordCount"], 0);
}

#[tokio::test]
async fn other_rows_keep_the_time_and_a_deleted_schedule_leaves_its_run_without_one() {
    let events = Events::start(&[]).await;
    let (admin, database) = (events.admin(), &events.exports.app.database);
    let id = schedule(&admin, json!({})).await;
    events.settle().await;
    assert_eq!(events.run(id).await, [1]);
    let before = events.watermark(id).await;
    let others = json!({ "options": { "filters": { "note": "new" } } });
    admin.change_schedule(id, &others).answer().await.good();
    assert_eq!(events.watermark(id).await, before);
    database
        .execute("insert into events (note) values ('new'), ('other')")
        .await;
    events.settle().await;
    assert_eq!(events.run(id).await, [2]);
    for rows in [
        json!({ "limit": 5 }),
        json!({ "filters": { "start": "2026-01-01" } }),
    ] {
        let answer = admin
            .change_schedule(id, &json!({ "options": rows }))
            .answer()
            .await;
        answer.problem(400, "contradictory_parameters");
    }
    // A run that no worker has begun has no rows without its schedule.
    let waits = Events::start(&[WITHOUT_WORKERS]).await;
    let admin = waits.admin();
    let id = schedule(&admin, json!({})).await;
    let orphan = run_of(&admin, id).await;
    assert_eq!(admin.delete_schedule(id).answer().await.status, 204);
    let _worker = waits.exports.another_server(&[waits.definitions.setting()]).await;
    let failed = wait_until(&admin, &orphan, "failed").await;
    assert_eq!(
        (&failed["errorCode"], &failed["attempts"]),
        (&json!("no_schedule"), &json!(1))
    );
}

#[tokio::test]
async fn a_schedule_that_could_leave_out_rows_is_refused_with_the_reason() {
    let events = Events::start(&[WITHOUT_WORKERS]).await;
    let (admin, user) = (events.admin(), events.exports.app.user().await.0);
    let refused = async |members: Value, field: &str| {
        let answer = admin.schedule_export(&request(members.clone())).answer().await;
        let code = match field {
            "incremental" => "invalid_parameter",
            _ => "contradictory_parameters",
        };
        let problem = answer.problem(400, code);
        assert_eq!(problem.field.as_deref(), Some(field), "{members} {problem:?}");
        problem.detail
    };
    for dataset in ["probe-logs", "audit-log", "sessions"] {
        let reason = refused(json!({ "dataset": dataset }), "incremental").await;
        assert!(reason.contains("has no `[incremental]`"), "{reason}");
    }
    let bundle = json!({ "exportType": "bulk_data", "dataset": null, "format": "json" });
    let bundle = refused(bundle, "incremental").await;
    assert!(bundle.contains("bundle"), "{bundle}");
    for (options, field) in [
        (json!({ "filters": { "start": "2026-01-01" } }), "start"),
        (json!({ "filters": { "startTime": "2026-01-01" } }), "startTime"),
        (json!({ "filters": { "end": "2026-01-01" } }), "end"),
        (json!({ "limit": 5 }), "limit"),
    ] {
        refused(json!({ "options": options }), field).await;
    }
    // The hub's log declares it, for everybody.
    for actor in [&admin, &user] {
        let answer = actor
            .schedule_export(&request(json!({ "dataset": "usage-logs" })))
            .answer()
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let range = json!({ "dataset": "usage-logs", "options": { "dateRange": { "start": "-7d" } } });
    refused(range, "dateRange").await;
    let subscribed = "set allow_system_table_mods = on; \
         insert into pg_subscription_rel values (1, 'events'::regclass, 'r', null)";
    let database = &events.exports.app.database;
    database.execute(subscribed).await;
    let reason = refused(json!({}), "incremental").await;
    database.execute("delete from pg_subscription_rel").await;
    assert!(reason.contains("subscribes"), "{reason}");
}

#[tokio::test]
async fn a_role_that_does_not_see_other_sessions_is_refused_with_the_statement_to_run() {
    let events = Events::start(&[WITHOUT_WORKERS]).await;
    let database = &events.exports.app.database;
    let name = database.text("select current_database()").await;
    let role = format!("blind_of_{}", name.expect("it has a name"));
    database.give_to(&role).await;
    let dsn = database.dsn_of(&role);
    let server = events
        .exports
        .another_server(&[
            events.definitions.setting(),
            ("DECANT_SCHEDULE_TICK_SECONDS", "3600"),
            ("DSN", dsn.as_str()),
        ])
        .await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let answer = admin.schedule_export(&request(json!({}))).answer().await;
    let problem = answer.problem(400, "invalid_parameter");
    let statement = format!("GRANT pg_read_all_stats TO {role};");
    assert!(problem.detail.contains(&statement), "{problem:?}");
    assert_eq!(problem.field.as_deref(), Some("incremental"));
    database.execute(statement).await;
    let id = schedule(&admin, json!({})).await;
    events.settle().await;
    let good = run_of(&admin, id).await;
    wait_until(&admin, &good, "completed").await;
    assert_eq!(events.rows(&good).await, [1]);
    // A right that is lost later ends the runs with the same words.
    database
        .execute(format!("revoke pg_read_all_stats from {role}"))
        .await;
    let blind = run_of(&admin, id).await;
    let failed = wait_until(&admin, &blind, "failed").await;
    assert_eq!(
        (&failed["errorCode"], &failed["attempts"]),
        (&json!("increment_refused"), &json!(1))
    );
    let reason = failed["errorMessage"].as_str().expect("it has a reason");
    assert!(reason.contains("GRANT pg_read_all_stats TO"), "{reason}");
}

#[tokio::test]
async fn a_run_waits_for_transactions_that_do_not_show_when_they_began() {
    let events = Events::start(&[("DECANT_EXPORT_RETRY_SECONDS", "2")]).await;
    let admin = events.admin();
    let id = schedule(&admin, json!({})).await;
    events.settle().await;
    assert_eq!(events.run(id).await, [1]);
    let waiting = async |run: &str| {
        let waits = async || {
            let export = export(&admin, run).await;
            (export["errorCode"] == "rows_not_settled").then_some(())
        };
        wait_for("a run that is tried again", PATIENCE, waits).await;
    };
    let mut prepared = events.begin().await;
    run(&mut prepared, "prepare transaction 'events'").await;
    let waits = run_of(&admin, id).await;
    waiting(&waits).await;
    run(&mut prepared, "commit prepared 'events'").await;
    events.settle().await;
    let completed = wait_until(&admin, &waits, "completed").await;
    assert!(completed["attempts"].as_u64() > Some(1), "{completed}");
    let mut rows = events.rows(&waits).await;
    rows.extend(events.run(id).await);
    assert_eq!(rows, [2]);
    // So does a session that hides its own.
    let mut hidden = events.begin().await;
    run(&mut hidden, "set track_activities = off").await;
    let waits = run_of(&admin, id).await;
    waiting(&waits).await;
    run(&mut hidden, "commit").await;
    hidden.close().await.expect("it was open");
    events.settle().await;
    wait_until(&admin, &waits, "completed").await;
    let mut rows = events.rows(&waits).await;
    rows.extend(events.run(id).await);
    assert_eq!(rows, [3]);
}
