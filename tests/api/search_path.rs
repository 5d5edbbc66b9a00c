//! A role that may create in a schema of the search path gains nothing by it (CVE-2018-1058).

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::dumps::{completed, copies};
use decant_tests::logs::archives;
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, Server, data_dir};
use serde_json::{Value, json};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Fails if a function of the other role has run.
async fn untouched(database: &Database, after: &str) {
    assert!(
        !database.has_run_hostile().await,
        "another role's function ran in {after}"
    );
}

/// Asks all that is asked of datasets.
async fn read_everything(actor: &Actor, database: &Database) {
    for dataset in [
        "usage-logs",
        "probe-logs",
        "sessions",
        "usage-by-user",
        "conversations",
        "conversation-turns",
        "conversation-training",
        "saved-files",
    ] {
        let described: Value = actor.dataset(dataset).answer().await.good().json();
        for filter in described["filters"].as_array().into_iter().flatten() {
            let name = filter["name"].as_str().unwrap_or_default();
            let of_kind = match filter["kind"].as_str().unwrap_or_default() {
                "integer" | "decimal" => "1",
                "timestamp" => "2026-01-28",
                "boolean" => "true",
                "uuid" => "00000000-0000-4000-8000-000000000000",
                _ => "word",
            };
            let value = filter["values"][0].as_str().unwrap_or(of_kind);
            actor.count(dataset).query(name, value).answer().await.good();
            actor.export(dataset).query(name, value).answer().await.good();
            if filter["options"] != Value::Bool(false) {
                actor.options(dataset, name).answer().await.good();
            }
        }
        let page = actor
            .page(dataset)
            .query("limit", "7")
            .answer()
            .await
            .raw_rows()
            .whole();
        let rest = actor
            .rows(dataset)
            .query("after", &page.cursor())
            .query("as_of", "2999-01-01")
            .answer()
            .await
            .raw_rows()
            .whole();
        assert!(rest.count() > 7);
        untouched(database, dataset).await;
    }
    for (bundle, query) in [("bulk-data", None), ("user-data", Some(("userId", "1")))] {
        actor
            .bundle_export(bundle)
            .queries(query.as_slice())
            .answer()
            .await
            .good();
        untouched(database, bundle).await;
    }
}

#[tokio::test]
async fn nothing_of_another_roles_runs_in_our_own_sql() {
    let database = Database::with_conversations().await;
    database.make_ledger().await;
    let user = database.busy_user().await;
    let time = database.log_time(0.5).await;
    let superuser = database.make_hostile().await;
    let state = Database::empty().await;
    let superuser_of_state = state.make_hostile().await;
    let (dsn, state_dsn) = (database.dsn_of(&superuser), state.dsn_of(&superuser_of_state));
    let app = App {
        server: Server::start(&[("DSN", &dsn), ("STATE_DSN", &state_dsn)]).await,
        database,
    };
    untouched(&app.database, "the start").await;

    let admin = app.admin();
    admin.readyz().answer().await.good();
    read_everything(&admin, &app.database).await;
    app.anonymous().login(&user.key).answer().await.good();
    let by_key = app.anonymous().with_token(&user.key);
    by_key.me().answer().await.good();
    let own = by_key.rows("usage-logs").answer().await.raw_rows().whole();
    assert!(own.count() > 0);
    untouched(&app.database, "sign-in").await;

    let status: Value = admin.database_status().answer().await.good().json();
    assert_eq!(status["isAvailable"], true);
    let dump = admin.dump().answer().await.good().body;
    untouched(&app.database, "status and dump").await;

    for fields in [
        json!({ "beforeDate": time, "dryRun": true, "userIds": [1], "statusCodeRange": { "min": 200, "max": 299 } }),
        json!({ "beforeDate": time, "dryRun": false, "userIds": [1], "providerIds": [1], "statusCodes": [200] }),
        json!({ "beforeDate": time, "dryRun": false, "withoutStatistics": true, "archiveFirst": true }),
    ] {
        let cleaned: Value = admin.clean_up(&fields).answer().await.good().json();
        assert_ne!(cleaned["success"], false, "{cleaned}");
        untouched(&app.database, "clean-up").await;
    }
    let archives = archives(&app.server.data_dir().join("storage/logs"));
    let archive = archives[0].path.to_str().unwrap();
    let scratch = folder();
    program::run(
        &["cleanup", "restore", archive, "--unverified"],
        &[("DSN", &dsn), data_dir(&scratch)],
    )
    .await
    .good();
    untouched(&app.database, "bringing archived rows back").await;

    app.database
        .execute("delete from message_request where id operator(pg_catalog.=) any ('{1,2,3}')")
        .await;
    for clean_first in ["false", "true"] {
        let fields = [("cleanFirst", clean_first), ("skipLogs", "false")];
        completed(admin.import(&dump, &fields).answer().await);
        untouched(&app.database, "restore").await;
    }
    let kept = copies(&admin).await;
    let previous = kept[0]["name"].as_str().unwrap();
    admin.roll_back(previous).answer().await.good();
    let kept = copies(&admin).await;
    let undone = kept[0]["name"].as_str().unwrap();
    admin.remove_copy(undone).answer().await.good();
    untouched(&app.database, "putting a database back").await;

    admin.make_backup().answer().await.good();
    let at_rest = async || {
        wait_for("backups at rest", PATIENCE, async || {
            let overview: Value = admin.backups().answer().await.good().json();
            overview["running"].is_null().then_some(overview)
        })
        .await
    };
    let backup = at_rest().await["backups"][0]["name"].as_str().unwrap().to_owned();
    admin.with_backup(&backup, "prove").answer().await.good();
    assert_eq!(at_rest().await["backups"][0]["proof"]["failure"], Value::Null);
    untouched(&app.database, "proof").await;

    untouched(&state, "audit").await;
    let recorded = state
        .text("select action from decant.audit where action = 'database_import_complete'")
        .await;
    assert!(recorded.is_some());
}

#[tokio::test]
async fn nothing_of_another_roles_runs_in_a_restore_in_one_transaction() {
    let app = App::start().await;
    app.database.make_hostile().await;
    let owner = app.server_of_owner(&[]).await;
    app.database
        .execute(
            "do $$ begin execute pg_catalog.format('alter role %I set search_path = public, pg_catalog', \
             pg_catalog.concat('owner_of_', pg_catalog.current_database())); \
             execute pg_catalog.format('grant %I to %I', pg_catalog.concat('hostile_of_', pg_catalog.current_database()), \
             pg_catalog.concat('owner_of_', pg_catalog.current_database())); end $$",
        )
        .await;
    let admin = Actor::new(&owner.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let restored = completed(
        admin
            .import(&dump, &[("cleanFirst", "true"), ("skipLogs", "false")])
            .answer()
            .await,
    );
    assert_eq!(restored["previous"], Value::Null);
    untouched(&app.database, "restore").await;
}

#[tokio::test]
async fn nothing_of_another_roles_runs_in_the_demo() {
    let database = Database::empty().await;
    let superuser = database.make_hostile().await;
    let dsn = database.dsn_of(&superuser);
    for rows in ["500", "10"] {
        program::run(&["demo", "--rows", rows, "--yes"], &[("DSN", &dsn)])
            .await
            .good();
    }
    untouched(&database, "the demo").await;
}

#[tokio::test]
async fn a_site_is_warned_of_a_schema_in_which_others_may_create() {
    let database = Database::new().await;
    let name = database.text("select current_database()").await.unwrap();
    database
        .execute(format!(
            "create schema \"Odd one\"; grant create on schema public to public; create role \"A guest\"; \
             grant create on schema \"Odd one\" to \"A guest\"; \
             alter database {name} set search_path = public, \"Odd one\""
        ))
        .await;
    let settings = [("DSN", database.dsn.as_str())];
    let revokes = [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
        "REVOKE CREATE ON SCHEMA \"Odd one\" FROM \"A guest\";",
    ];
    // The definitions of Decant call nothing that others have made.
    let checked = program::run(&["datasets", "check"], &settings)
        .await
        .good()
        .stderr;
    assert!(!checked.contains("REVOKE"), "{checked}");

    let definitions = Definitions::of(&[NUMBERS]);
    let settings = [&settings[..], &[definitions.setting()]].concat();
    let checked = program::run(&["datasets", "check"], &settings)
        .await
        .good()
        .stderr;
    let server = Server::start(&settings).await;
    let log = server.log().replace("\\\"", "\"");
    for revoke in revokes {
        assert!(checked.contains(revoke), "{checked}");
        assert!(log.contains(revoke), "{log}");
        database.execute(revoke).await;
    }
    let checked = program::run(&["datasets", "check"], &settings)
        .await
        .good()
        .stderr;
    assert!(!checked.contains("REVOKE"), "{checked}");
}
