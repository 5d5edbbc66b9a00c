//! The audit table `decant.audit`.

use std::time::Duration;

use decant_tests::actors::rest_of;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{ENDLESS, FAILING, NUMBERS};
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::raw_rows::RawRows;
use decant_tests::server::data_dir;

const SOON: Duration = Duration::from_secs(10);

/// Waits for records with this action, and returns their callers.
async fn callers(state: &Database, action: &str) -> Vec<String> {
    let sql = format!("select caller from decant.audit where action = '{action}' order by id");
    let look = async || {
        let callers = state.texts(&sql).await;
        (!callers.is_empty()).then(|| callers.into_iter().flatten().collect())
    };
    wait_for(&format!("a record of {action}"), SOON, look).await
}

#[tokio::test]
async fn actions_and_refusals_are_recorded() {
    let state = Database::empty().await;
    // The log's filter does not filter the audit.
    let settings = [("STATE_DSN", state.dsn.as_str()), ("DECANT_LOG_FILTER", "error")];
    let mut app = App::start_with(&settings).await;
    let (user, _) = app.user().await;

    let dump = app.admin().dump().answer().await.good();
    user.dump().answer().await.problem(403, "forbidden");
    app.anonymous()
        .dump()
        .answer()
        .await
        .problem(401, "unauthenticated");
    let restored = app
        .admin()
        .import(&dump.body, &[("cleanFirst", "true")])
        .answer()
        .await;
    restored.good();

    assert_eq!(
        callers(&state, "database_export_initiated").await,
        ["Administrator"]
    );
    assert_eq!(callers(&state, "pg_dump_complete").await, ["Administrator"]);
    assert_eq!(callers(&state, "backup_lock_acquired").await.len(), 2);
    assert_eq!(
        callers(&state, "database_import_complete").await,
        ["Administrator"]
    );
    // The second session request has no name.
    let refused = callers(&state, "database_export_unauthorized").await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_ne!(refused[0], "Administrator");
    let request = state
        .text("select request from decant.audit where action = 'database_export_initiated'")
        .await;
    assert_eq!(request.as_deref(), Some(dump.header("x-request-id")));

    // A lost connection is made again, and no record is missing.
    state
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'decant state' and datname = current_database()")
        .await;
    app.admin().dump().answer().await.good();
    let twice = async || {
        let sql = "select count(*) from decant.audit where action = 'pg_dump_complete'";
        (state.number(sql).await == 2).then_some(())
    };
    wait_for("the second dump", SOON, twice).await;

    // A record just before the end is written too.
    app.anonymous()
        .with_token("no key of anybody")
        .me()
        .answer()
        .await;
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0));
    assert_eq!(
        state
            .number("select count(*) from decant.audit where action = 'credential_refused'")
            .await,
        1
    );
}

#[tokio::test]
async fn the_exported_database_cannot_hold_the_audit() {
    let database = Database::new().await;
    let data = folder();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("STATE_DSN", database.dsn.as_str()),
        ("DECANT_LISTEN", "127.0.0.1:0"),
        data_dir(&data),
    ];
    let refusal = program::run(&["serve"], &settings).await.refusal();
    assert!(
        refusal.contains("STATE_DSN") && refusal.contains("create database"),
        "{refusal}"
    );
    assert_eq!(
        database
            .number("select count(*) from pg_class where relname in ('decant_audit', 'audit')")
            .await,
        0
    );
}

#[tokio::test]
async fn the_result_and_the_caller_of_an_export_are_recorded() {
    let state = Database::empty().await;
    let settings = [("STATE_DSN", state.dsn.as_str())];
    let mut app = App::start_with_datasets(&[NUMBERS, ENDLESS, FAILING], &settings).await;

    let whole = app.admin().rows("numbers").answer().await.good();
    app.admin().export("numbers").answer().await.good();
    assert_eq!(callers(&state, "export_initiated").await.len(), 2);
    let complete = async || (callers(&state, "export_complete").await.len() == 2).then_some(());
    wait_for("the end of both exports", SOON, complete).await;
    let sql = "select concat_ws(' ', caller, request, details->>'dataset', details->>'rows', details->>'bytes') \
               from decant.audit \
               where action = 'export_complete' order by id limit 1";
    let expected = format!(
        "Administrator {} numbers 3 {}",
        whole.header("x-request-id"),
        whole.body.len()
    );
    assert_eq!(state.text(sql).await, Some(expected));

    // A file that was cut is no completed export.
    for request in [app.admin().rows("endless"), app.admin().export("endless")] {
        let mut stream = request.open().await;
        stream.chunk().await.unwrap().unwrap();
    }
    let cancelled = async || (callers(&state, "export_cancelled").await.len() == 2).then_some(());
    wait_for("the end of the exports that nobody reads", SOON, cancelled).await;

    rest_of(app.admin().rows("failing").open().await).await;
    assert_eq!(callers(&state, "export_error").await, ["Administrator"]);
    assert_eq!(callers(&state, "export_complete").await.len(), 2);

    // A page of the table is no export.
    app.admin().page("numbers").answer().await.good();
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0));
    assert_eq!(
        state
            .number("select count(*) from decant.audit where action like 'export%'")
            .await,
        10
    );
}

#[tokio::test]
async fn long_names_are_recorded_within_a_limit_and_the_records_can_be_read() {
    let state = Database::empty().await;
    let app = App::start_with(&[("STATE_DSN", &state.dsn)]).await;
    // Many different characters: PostgreSQL compresses others, so that an index holds more of them.
    let letter = |number: u32| char::from_u32(0x4e00 + number * 7_919 % 20_000).expect("a Chinese character");
    let name: String = (0..10_000).map(letter).collect();
    let user = app.database.new_user(&name).await;
    let user = app.anonymous().with_token(&user.key);
    let rows = user.usage_count(&[]).await;
    assert!(!user.usage_file(&[]).await.is_empty());
    // The name of a database of an earlier restore, as the request has it.
    app.admin().roll_back(&"x".repeat(10_000)).answer().await;

    let short: String = name.chars().take(200).collect();
    assert_eq!(callers(&state, "export_initiated").await, [short.clone()]);
    callers(&state, "database_import_rolled_back").await;
    let longest = "select max(length(value)) from decant.audit cross join jsonb_each_text(details) as detail (name, value)";
    assert_eq!(state.number(longest).await, 2_000);
    let of_name = app.admin().rows("audit-log").query("caller", &short);
    let of_name = RawRows::parse(&of_name.answer().await.good().body).whole();
    assert!(of_name.count() >= 1);
    let all = RawRows::parse(&app.admin().rows("audit-log").answer().await.good().body);
    assert!(all.whole().count() >= 2);
    // A name does not change an answer.
    assert_eq!(user.usage_count(&[]).await, rows);
}

#[tokio::test]
async fn repeated_refusals_are_one_record_with_their_number() {
    let state = Database::empty().await;
    let mut app = App::start_with(&[("STATE_DSN", &state.dsn)]).await;
    let (user, _) = app.user().await;
    for _ in 0..300 {
        app.anonymous()
            .dump()
            .answer()
            .await
            .problem(401, "unauthenticated");
    }
    for _ in 0..3 {
        user.dump().answer().await.problem(403, "forbidden");
    }
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0));
    let sql = "select concat_ws(' ', caller is null, details->>'address', details->>'repeated') from decant.audit \
               where action = 'database_export_unauthorized' order by caller nulls first, id";
    let records: Vec<_> = state.texts(sql).await.into_iter().flatten().collect();
    assert_eq!(
        records,
        ["t 127.0.0.1", "t 127.0.0.1 299", "f 127.0.0.1", "f 127.0.0.1 2"]
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_written_does_not_stop_the_others() {
    let state = Database::empty().await;
    let mut app = App::start_with_datasets(&[NUMBERS], &[("STATE_DSN", &state.dsn)]).await;
    state
        .execute("alter table decant.audit add check (action <> 'export_initiated')")
        .await;
    for _ in 0..5 {
        app.admin().rows("numbers").answer().await.good();
    }
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0));
    let complete = "select count(*) from decant.audit where action = 'export_complete'";
    assert_eq!(state.number(complete).await, 5);
}

#[tokio::test]
async fn old_records_are_removed_after_the_days_of_the_setting() {
    let state = Database::empty().await;
    let settings = [("STATE_DSN", state.dsn.as_str()), ("DECANT_AUDIT_DAYS", "30")];
    let mut app = App::start_with(&settings).await;
    state
        .execute(
            "insert into decant.audit (at, action, level, details) \
             select now() - day * interval '1 day', 'day', 'INFO', '{}' from generate_series(1, 60) day",
        )
        .await;
    app.server.ask_to_stop();
    app.server.ended().await;
    let app = App::start_on(app.database, &settings).await;
    let removed = async || {
        let rows = state
            .number("select count(*) from decant.audit where action = 'day'")
            .await;
        (rows == 29).then_some(())
    };
    wait_for("the old records to be gone", SOON, removed).await;
    drop(app);
}
