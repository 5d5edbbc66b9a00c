//! Clean-ups of the hub's log over HTTP.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, events};
use decant_tests::logs::archives;
use decant_tests::patience::wait_for;
use decant_tests::program::Settings;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, Executor as _, PgConnection};

const SMALL_BATCHES: Settings<'_> = &[
    ("DECANT_CLEANUP_BATCH_ROWS", "100"),
    ("DECANT_CLEANUP_PAUSE_MS", "0"),
];

/// A pause between batches so long that the clean-up runs until it is stopped.
const NEVER_ENDING: Settings<'_> = &[
    ("DECANT_CLEANUP_BATCH_ROWS", "10"),
    ("DECANT_CLEANUP_PAUSE_MS", "600000"),
];

async fn app(settings: Settings<'_>) -> App {
    let app = App::start_with(settings).await;
    app.database.make_ledger().await;
    app
}

fn without_log(mut contents: Vec<(String, String)>) -> Vec<(String, String)> {
    contents.retain(|(table, _)| table != "message_request");
    contents
}

fn with(mut fields: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        fields[name] = value.clone();
    }
    fields
}

#[tokio::test]
async fn a_role_that_quotes_all_names_cleans_up() {
    let app = app(&[]).await;
    let quote = "do $$ begin execute format('alter database %I set quote_all_identifiers = on', current_database()); end $$";
    app.database.execute(quote).await;
    let time = app.database.log_time(0.5).await;
    let fields = json!({ "beforeDate": time, "dryRun": true });
    app.admin().clean_up(&fields).answer().await.good();
}

/// An archive has rows of the log only, so those of other tables would be lost.
#[tokio::test]
async fn rows_that_foreign_keys_would_delete_are_named_and_not_left_out_of_an_archive() {
    let app = app(&[]).await;
    let time = app.database.log_time(0.5).await;
    app.database
        .execute(
            "create table invoices (request int references message_request on delete cascade); \
             insert into invoices select id from message_request",
        )
        .await;
    let before = app.database.contents().await;
    let fields = json!({ "beforeDate": time, "dryRun": true });
    let preview: Value = app.admin().clean_up(&fields).answer().await.good().json();
    assert_eq!(preview["changedTables"], json!(["public.invoices"]));
    let fields = json!({ "beforeDate": time, "dryRun": false, "archiveFirst": true });
    let refused = app.admin().clean_up(&fields).answer().await;
    let problem = refused.problem(409, "not_in_archive");
    assert!(problem.detail.contains("public.invoices"), "{}", problem.detail);
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn a_dry_run_counts_the_rows_and_changes_nothing() {
    let app = app(&[]).await;
    let before = app.database.contents().await;
    let time = app.database.log_time(0.5).await;
    let fields = json!({ "beforeDate": time, "dryRun": true });
    let preview: Value = app.admin().clean_up(&fields).answer().await.good().json();
    let matching = format!("from message_request where created_at < '{time}'");
    let count = app.database.number(&format!("select count(*) {matching}")).await;
    assert_eq!(preview["rows"], count);
    assert_eq!(preview["keepsStatistics"], true);
    for (name, sql) in [("oldest", "min"), ("newest", "max")] {
        let expected = format!(
            "select '{}' = {sql}(created_at) {matching}",
            preview[name].as_str().unwrap()
        );
        assert_eq!(
            app.database.text(&expected).await.as_deref(),
            Some("true"),
            "{name}"
        );
    }
    let size = app
        .database
        .number("select pg_total_relation_size('message_request')")
        .await;
    let estimated = preview["estimatedBytes"].as_u64().unwrap();
    assert!((size / 4..=size).contains(&estimated), "{estimated} of {size}");
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn only_matching_rows_are_deleted_in_batches() {
    let app = app(SMALL_BATCHES).await;
    let time = app.database.log_time(0.5).await;
    let others = without_log(app.database.contents().await);
    let kept = format!(
        "select coalesce(sum(hashtextextended(m::text, 0)::numeric), 0) from message_request m where created_at >= '{time}'"
    );
    let kept_before = app.database.text(&kept).await;
    let count = format!("select count(*) from message_request where created_at < '{time}'");
    let matching = app.database.number(&count).await;
    let of_deleted = format!("{count} and deleted_at is not null");
    assert!(
        app.database.number(&of_deleted).await > 0,
        "soft-deleted rows are to go, too"
    );

    let fields = json!({ "beforeDate": time, "dryRun": false });
    let cleaned: Value = app.admin().clean_up(&fields).answer().await.good().json();
    assert_eq!(cleaned["deleted"], matching);
    assert_eq!(cleaned["batches"], matching.div_ceil(100));
    assert_eq!(
        (&cleaned["left"], &cleaned["cancelled"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(cleaned["archive"], Value::Null);
    assert_eq!(app.database.number(&count).await, 0);
    assert_eq!(app.database.text(&kept).await, kept_before);
    assert_eq!(without_log(app.database.contents().await), others);

    let status: Value = app.admin().database_status().answer().await.json();
    assert_eq!(status["lastCleanup"]["deleted"], matching);
    assert_eq!(status["lastCleanup"]["ending"]["state"], "complete");
    assert_eq!(status["lock"], Value::Null);
    let again: Value = app.admin().clean_up(&fields).answer().await.good().json();
    assert_eq!((&again["deleted"], &again["batches"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn every_condition_narrows_the_clean_up() {
    let app = app(SMALL_BATCHES).await;
    let (before, after) = (app.database.log_time(0.8).await, app.database.log_time(0.2).await);
    for (more, sql) in [
        (
            json!({ "onlyBlocked": true }),
            "blocked_by is not null".to_owned(),
        ),
        (
            json!({ "afterDate": after, "userIds": [1, 3], "statusCodeRange": { "min": 200, "max": 599 } }),
            format!("created_at >= '{after}' and user_id in (1, 3) and status_code between 200 and 599"),
        ),
        (json!({ "userIds": [1, 2] }), "user_id in (1, 2)".to_owned()),
        (
            json!({ "providerIds": [1, 2] }),
            "provider_id in (1, 2)".to_owned(),
        ),
        (
            json!({ "statusCodes": [429, 500] }),
            "status_code in (429, 500)".to_owned(),
        ),
        (
            json!({ "statusCodeRange": { "min": 400, "max": 499 } }),
            "status_code between 400 and 499".to_owned(),
        ),
        (json!({ "afterDate": after }), format!("created_at >= '{after}'")),
    ] {
        let condition = format!("created_at < '{before}' and {sql}");
        let count = format!("select count(*) from message_request where {condition}");
        let (all, matching) = (
            app.database.log_ids().await.len(),
            app.database.number(&count).await,
        );
        let fields = with(json!({ "beforeDate": before, "dryRun": true }), &more);
        let preview: Value = app.admin().clean_up(&fields).answer().await.good().json();
        assert_eq!(preview["rows"], matching, "{more}");
        assert!(matching > 0, "the demo has no rows with {sql}");
        let fields = with(fields, &json!({ "dryRun": false }));
        let cleaned: Value = app.admin().clean_up(&fields).answer().await.good().json();
        assert_eq!(cleaned["deleted"], matching, "{more}");
        assert_eq!(app.database.number(&count).await, 0);
        assert_eq!(
            app.database.log_ids().await.len() as u64,
            all as u64 - matching,
            "{more}"
        );
    }
}

#[tokio::test]
async fn an_unusable_condition_is_refused_by_name() {
    let app = app(&[]).await;
    let before = app.database.contents().await;
    for (more, code, field) in [
        (json!({ "beforeDate": null }), "invalid_parameter", "beforeDate"),
        (json!({ "beforeDate": "soon" }), "invalid_parameter", "beforeDate"),
        (
            json!({ "beforeDate": "2999-01-01" }),
            "invalid_parameter",
            "beforeDate",
        ),
        (json!({ "dryRun": null }), "invalid_parameter", "dryRun"),
        (
            json!({ "afterDate": "2026-01-28" }),
            "contradictory_parameters",
            "afterDate",
        ),
        (
            json!({ "userIds": ["1) or true --"] }),
            "invalid_parameter",
            "userIds",
        ),
        (
            json!({ "statusCodeRange": { "min": 500, "max": 400 } }),
            "contradictory_parameters",
            "statusCodeRange",
        ),
        (json!({ "before": "2026-01-28" }), "unknown_parameter", "before"),
    ] {
        let fields = with(json!({ "beforeDate": "2026-01-28", "dryRun": false }), &more);
        let answer = app.admin().clean_up(&fields).answer().await;
        assert_eq!(answer.problem(400, code).field.as_deref(), Some(field), "{more}");
    }
    let empty = app.admin().clean_up(&json!({})).answer().await;
    assert!(
        empty
            .problem(400, "invalid_parameter")
            .detail
            .contains("condition")
    );
    app.admin()
        .clean_up(&json!([]))
        .answer()
        .await
        .problem(400, "invalid_body");
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn only_administrators_on_decants_own_page_clean_up() {
    let app = app(&[]).await;
    let before = app.database.contents().await;
    let fields = json!({ "beforeDate": app.database.log_time(0.5).await, "dryRun": false });
    let (user, _) = app.user().await;
    user.clean_up(&fields).answer().await.problem(403, "forbidden");
    let anonymous = app.anonymous();
    anonymous
        .clean_up(&fields)
        .answer()
        .await
        .problem(401, "unauthenticated");
    let session = app
        .anonymous()
        .with_session(&anonymous.login(ADMIN_TOKEN).answer().await.good());
    let foreign = session.clean_up(&fields).header("origin", "http://evil.example");
    foreign.answer().await.problem(403, "cross_origin");
    let keys = |contents: Vec<(String, String)>| {
        let others = contents.into_iter().filter(|(table, _)| table != "keys");
        others.collect::<Vec<_>>()
    };
    assert_eq!(keys(app.database.contents().await), keys(before));
}

#[tokio::test]
async fn a_database_without_a_ledger_needs_consent() {
    let app = App::start().await;
    let ids = app.database.log_ids().await;
    let fields = json!({ "beforeDate": app.database.log_time(0.5).await, "dryRun": true });
    let preview: Value = app.admin().clean_up(&fields).answer().await.good().json();
    assert_eq!(preview["keepsStatistics"], false);
    let fields = with(fields, &json!({ "dryRun": false }));
    let refused = app.admin().clean_up(&fields).answer().await;
    let problem = refused.problem(409, "statistics_would_be_lost");
    assert_eq!(problem.field.as_deref(), Some("withoutStatistics"));
    assert_eq!(app.database.log_ids().await, ids);
    let fields = with(fields, &json!({ "withoutStatistics": true }));
    let cleaned: Value = app.admin().clean_up(&fields).answer().await.good().json();
    assert_eq!(cleaned["deleted"], preview["rows"]);
}

#[tokio::test]
async fn only_blocked_requests_may_be_missing_in_the_ledger() {
    let app = App::start().await;
    app.database.make_ledger().await;
    let time = app.database.log_time(0.5).await;
    let chosen = format!("created_at < '{time}' and deleted_at is null");
    let preview = json!({ "beforeDate": time, "dryRun": true });
    let keeps = async || -> Value {
        let preview: Value = app.admin().clean_up(&preview).answer().await.good().json();
        preview["keepsStatistics"].clone()
    };
    assert_eq!(keeps().await, true);
    // A blocked request has no entry in the ledger.
    app.database
        .execute(format!(
            "delete from usage_ledger where request_id in \
             (select id from message_request where {chosen} and blocked_by is not null)"
        ))
        .await;
    assert_eq!(keeps().await, true);
    app.database
        .execute(format!(
            "delete from usage_ledger where request_id = \
             (select min(id) from message_request where {chosen} and blocked_by is null)"
        ))
        .await;
    assert_eq!(keeps().await, false);
    let fields = with(preview.clone(), &json!({ "dryRun": false }));
    let refused = app.admin().clean_up(&fields).answer().await;
    refused.problem(409, "statistics_would_be_lost");
}

#[tokio::test]
async fn a_database_without_a_log_is_refused() {
    let app = App::start_on(Database::empty().await, &[]).await;
    for dry_run in [true, false] {
        let fields = json!({ "beforeDate": "2026-01-28", "dryRun": dry_run });
        app.admin()
            .clean_up(&fields)
            .answer()
            .await
            .problem(404, "no_log");
    }
}

#[tokio::test]
async fn rows_are_archived_with_all_columns_before_they_are_deleted() {
    let app = app(SMALL_BATCHES).await;
    let time = app.database.log_time(0.5).await;
    let before = app.database.log_ids().await;
    let fields = json!({ "beforeDate": time, "userIds": [1, 2, 3], "dryRun": false, "archiveFirst": true });
    let answer = app.admin().clean_up_with_events(&fields).answer().await;
    let told = events(&answer);
    let phases: Vec<_> = told
        .iter()
        .filter_map(|(_, data)| data["phase"].as_str())
        .collect();
    assert!(phases.contains(&"deleting"), "{told:?}");
    let percents: Vec<_> = told
        .iter()
        .filter_map(|(_, data)| data["percent"].as_u64())
        .collect();
    assert!(
        percents.is_sorted() && percents.last().is_some_and(|&last| (90..100).contains(&last)),
        "{percents:?}"
    );
    let cleaned = completed(answer);

    let after = app.database.log_ids().await;
    let gone = before.difference(&after).copied().collect();
    let archives = archives(&app.server.data_dir().join("storage/logs"));
    assert_eq!(archives.len(), 1);
    assert_eq!(archives[0].ids, gone);
    assert_eq!(cleaned["deleted"], gone.len());
    // The answer has no `mac`, which authenticates the file of the manifest.
    let mut manifest = archives[0].manifest.clone();
    manifest.as_object_mut().unwrap().remove("mac");
    assert_eq!(cleaned["archive"], manifest);
    assert_eq!(archives[0].manifest["caller"], "Administrator");
    assert_eq!(archives[0].manifest["conditions"]["userIds"], json!([1, 2, 3]));
    let mut columns = app
        .database
        .texts("select attname from pg_attribute where attrelid = 'message_request'::regclass and attnum > 0 order by attnum")
        .await;
    columns.insert(1, Some("xmin".to_owned()));
    assert_eq!(
        archives[0].columns.iter().cloned().map(Some).collect::<Vec<_>>(),
        columns
    );
    for action in [
        "log_cleanup_start",
        "log_cleanup_archived",
        "log_cleanup_batch",
        "log_cleanup_complete",
    ] {
        app.server.wait_for_log(action, Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn only_one_operation_runs_at_a_time() {
    let app = app(NEVER_ENDING).await;
    let dump = app.admin().dump().answer().await.good().body;
    let fields = json!({ "beforeDate": app.database.log_time(0.5).await, "dryRun": false });
    let mut running = app.admin().clean_up_with_events(&fields).open().await;
    running.chunk().await.unwrap().unwrap();
    let other = Server::start(&[("DSN", &app.database.dsn)]).await;
    let elsewhere = app.admin().through(&other.address);
    for answer in [
        app.admin().clean_up(&fields).answer().await,
        elsewhere.clean_up(&fields).answer().await,
        elsewhere.import(&dump, &[("cleanFirst", "true")]).answer().await,
    ] {
        let problem = answer.problem(409, "backup_lock_conflict");
        assert!(
            problem.detail.contains("log clean-up by Administrator"),
            "{}",
            problem.detail
        );
    }
    // Counting needs no lock.
    let preview = with(fields.clone(), &json!({ "dryRun": true }));
    elsewhere.clean_up(&preview).answer().await.good();
    drop(running);
    let free = async || {
        let status: Value = app.admin().database_status().answer().await.json();
        status["lock"].is_null().then_some(status)
    };
    let status = wait_for("the lock to be free", Duration::from_secs(5), free).await;
    assert_eq!(status["lastCleanup"]["ending"]["state"], "cancelled");
    assert_eq!(status["lastCleanup"]["deleted"], 10);
}

#[tokio::test]
async fn scheduled_clean_ups_of_two_servers_delete_old_rows_once() {
    let database = Database::new().await;
    database.make_ledger().await;
    // Every third row is old, and no other becomes old during the test.
    database
        .execute("update message_request set created_at = case when id % 3 = 0 then now() - interval '31 days' else now() end")
        .await;
    let young: std::collections::BTreeSet<u64> = database
        .log_ids()
        .await
        .into_iter()
        .filter(|id| id % 3 != 0)
        .collect();
    let folder = decant_tests::cluster::folder();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_LOG_CLEANUP_DAYS", "30"),
        ("DECANT_LOG_CLEANUP_AT", "* * * * * *"),
        ("STORAGE_URL", folder.path().to_str().unwrap()),
    ];
    let servers = [Server::start(&settings).await, Server::start(&settings).await];
    let done = async || (database.log_ids().await == young).then_some(());
    wait_for("the old rows to go", Duration::from_secs(30), done).await;
    let finished = async || {
        let finished = servers
            .iter()
            .any(|server| server.log().contains("log_cleanup_complete"));
        finished.then_some(())
    };
    wait_for("the clean-up to end", Duration::from_secs(10), finished).await;
    // The schedule is due every second; it must find nothing more.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let archives = archives(&folder.path().join("logs"));
    assert_eq!(archives.len(), 1);
    assert!(archives[0].ids.iter().all(|id| id % 3 == 0));
    assert_eq!(archives[0].manifest["caller"], "Schedule");
    assert_eq!(database.log_ids().await, young);
}

#[tokio::test]
async fn the_scheduled_clean_up_waits_for_the_operation_before_it() {
    let database = Database::new().await;
    database.make_ledger().await;
    database
        .execute("update message_request set created_at = now() - interval '31 days' where id % 3 = 0")
        .await;
    // An advisory lock of this kind, whatever operation holds it.
    let mut holder = hold_lock(&database, "decant removal: Ada").await;
    // A time of day that comes once while the test runs, also on a machine on which the server starts slowly.
    let due = database
        .text("select to_char(now() at time zone 'UTC' + interval '20 seconds', 'HH24:MI:SS')")
        .await
        .unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_LOG_CLEANUP_DAYS", "30"),
        ("DECANT_LOG_CLEANUP_AT", due.as_str()),
        ("DECANT_LOG_CLEANUP_ARCHIVE", "false"),
    ];
    let server = Server::start(&settings).await;
    server
        .wait_for_log("log_cleanup_lock_conflict", Duration::from_secs(60))
        .await;
    let old = async || {
        database
            .number("select count(*) from message_request where id % 3 = 0")
            .await
    };
    assert!(old().await > 0);
    holder.execute("select pg_advisory_unlock_all()").await.unwrap();
    let done = async || (old().await == 0).then_some(());
    wait_for("the old rows to go", Duration::from_secs(30), done).await;
}

#[tokio::test]
async fn the_scheduled_clean_up_waits_for_a_database_that_does_not_answer() {
    let database = Database::new().await;
    database.make_ledger().await;
    database
        .execute("update message_request set created_at = now() - interval '31 days' where id % 3 = 0")
        .await;
    let name = database.text("select current_database()").await.unwrap();
    let due = database
        .text("select to_char(now() at time zone 'UTC' + interval '15 seconds', 'HH24:MI:SS')")
        .await
        .unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_LOG_CLEANUP_DAYS", "30"),
        ("DECANT_LOG_CLEANUP_AT", due.as_str()),
        ("DECANT_LOG_CLEANUP_ARCHIVE", "false"),
    ];
    let server = Server::start(&settings).await;
    let cluster = decant_tests::cluster::Cluster::shared().await;
    let answers = |yes| cluster.execute(format!("alter database {name} allow_connections {yes}"));
    answers(false).await;
    server
        .wait_for_log("waits until the database answers", Duration::from_secs(60))
        .await;
    answers(true).await;
    let done = async || {
        let old = "select count(*) from message_request where id % 3 = 0";
        (database.number(old).await == 0).then_some(())
    };
    wait_for("the old rows to go", Duration::from_secs(30), done).await;
}

#[tokio::test]
async fn rows_of_all_times_are_cleaned_up() {
    let app = app(&[]).await;
    app.database
        .execute(
            "update message_request set created_at = '-infinity' where id % 2 = 0; \
             update message_request set created_at = 'infinity' where id % 2 = 1",
        )
        .await;
    let (before, odd) = (
        app.database.log_ids().await,
        "select count(*) from message_request where id % 2 = 1",
    );
    let fields = json!({ "beforeDate": "2026-01-28", "dryRun": true });
    let preview: Value = app.admin().clean_up(&fields).answer().await.good().json();
    assert_eq!(preview["rows"], before.iter().filter(|id| *id % 2 == 0).count());
    assert_eq!(preview["oldest"], Value::Null);
    let fields = with(fields, &json!({ "dryRun": false, "archiveFirst": true }));
    let cleaned = completed(app.admin().clean_up_with_events(&fields).answer().await);
    assert_eq!(cleaned["deleted"], preview["rows"]);
    let left = app.database.log_ids().await;
    assert_eq!(app.database.number(odd).await, left.len() as u64);
}

/// Holds the lock of a database as another Decant would, in a session with this name.
async fn hold_lock(database: &Database, name: &str) -> PgConnection {
    let name_of_database = database
        .text("select current_database()")
        .await
        .expect("it has a name");
    let options: PgConnectOptions = database.dsn.parse().expect("the address is PostgreSQL's");
    let options = options.database("postgres").application_name(name);
    let mut connection = PgConnection::connect_with(&options)
        .await
        .expect("PostgreSQL accepts a connection");
    sqlx::query("select pg_advisory_lock(1147367028, hashtext($1))")
        .bind(name_of_database)
        .execute(&mut connection)
        .await
        .expect("the lock is free");
    connection
}
