//! Dumps over HTTP, and the database's status.

use decant_tests::app::App;
use decant_tests::cluster::{ROLES_WITH_PASSWORD, folder};
use decant_tests::database::Database;
use decant_tests::dumps::restored;
use decant_tests::program;
use decant_tests::server::{Server, data_dir};
use serde_json::Value;

#[tokio::test]
async fn a_dump_restores_to_the_same_database() {
    let app = App::start().await;
    let dump = app.admin().dump().answer().await.good();
    assert_eq!(dump.header("content-type"), "application/octet-stream");
    let name = dump.header("content-disposition").to_owned();
    let stamp = name
        .strip_prefix("attachment; filename=\"backup_")
        .and_then(|name| name.strip_suffix(".dump\""))
        .unwrap_or_else(|| panic!("{name}"));
    assert_eq!(stamp.len(), "2025-01-28T10-30-00".len(), "{name}");
    assert_eq!(
        restored(&dump.body).await.contents().await,
        app.database.contents().await
    );
}

#[tokio::test]
async fn logs_can_be_left_out_of_a_dump() {
    let app = App::start().await;
    for (name, value) in [("excludeLogs", "true"), ("mode", "excludeLogs")] {
        let dump = app.admin().dump().query(name, value).answer().await.good();
        assert!(dump.header("content-disposition").ends_with("_no-logs.dump\""));
        let restored = restored(&dump.body).await;
        assert_eq!(restored.number("select count(*) from message_request").await, 0);
        let mut without_logs = app.database.contents().await;
        without_logs.retain(|(table, _)| table != "message_request");
        let mut others = restored.contents().await;
        others.retain(|(table, _)| table != "message_request");
        assert_eq!(others, without_logs);
    }
}

#[tokio::test]
async fn the_ledger_can_be_dumped_by_itself() {
    let app = App::start().await;
    app.database
        .execute(
            "create table usage_ledger (request_id bigint primary key); insert into usage_ledger values (7)",
        )
        .await;
    let dump = app
        .admin()
        .dump()
        .query("mode", "ledgerOnly")
        .answer()
        .await
        .good();
    assert!(
        dump.header("content-disposition")
            .ends_with("_ledger-only.dump\"")
    );
    let tables = restored(&dump.body).await.contents().await;
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].0, "usage_ledger");
}

#[tokio::test]
async fn only_administrators_get_dumps_and_status() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    for request in [user.dump(), user.database_status()] {
        request.answer().await.problem(403, "forbidden");
    }
    for request in [app.anonymous().dump(), app.anonymous().database_status()] {
        request.answer().await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_wrong_mode_is_refused_by_name() {
    let app = App::start().await;
    for (query, code, field) in [
        (&[("mode", "all")][..], "invalid_parameter", "mode"),
        (&[("excludeLogs", "1")], "invalid_parameter", "excludeLogs"),
        (&[("exclude_logs", "true")], "unknown_parameter", "exclude_logs"),
        (
            &[("mode", "full"), ("excludeLogs", "true")],
            "contradictory_parameters",
            "mode",
        ),
    ] {
        let answer = app.admin().dump().queries(query).answer().await;
        assert_eq!(answer.problem(400, code).field.as_deref(), Some(field));
    }
}

#[tokio::test]
async fn the_status_describes_the_database() {
    let app = App::start().await;
    let status = async || -> Value {
        let answer = app.admin().database_status().answer().await.good();
        answer.json()
    };
    let before = status().await;
    assert_eq!(before["isAvailable"], true);
    assert_eq!(before["error"], Value::Null);
    assert_eq!(before["lock"], Value::Null);
    assert_eq!(before["lastDump"], Value::Null);
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(before["tableCount"], app.database.number(tables).await);
    let bytes = "select pg_database_size(current_database())";
    let bytes = app.database.number(bytes).await;
    assert!(before["databaseBytes"].as_u64().unwrap().abs_diff(bytes) < 1024 * 1024);
    assert!(
        before["postgresVersion"]
            .as_str()
            .unwrap()
            .starts_with("PostgreSQL ")
    );

    let dump = app.admin().dump().answer().await.good();
    let last = &status().await["lastDump"];
    assert_eq!(last["bytes"], dump.body.len());
    assert_eq!(last["ending"]["state"], "complete");
    assert_eq!(last["caller"], "Administrator");
}

#[tokio::test]
async fn the_last_dump_is_known_after_a_restart() {
    let data = folder();
    let mut app = App::start_with(&[data_dir(&data)]).await;
    app.admin().dump().answer().await.good();
    let last = async |app: &App| -> Value {
        let status: Value = app.admin().database_status().answer().await.good().json();
        status["lastDump"].clone()
    };
    let before = last(&app).await;
    assert_eq!(before["ending"]["state"], "complete");
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0));
    let settings = [("DSN", app.database.dsn.as_str()), data_dir(&data)];
    app.server = Server::start(&settings).await;
    assert_eq!(last(&app).await, before);

    // The status knows the command line's dumps too.
    let file = data.path().join("of the operator.dump");
    let backup = ["backup", "-o", file.to_str().unwrap()];
    program::run(&backup, &settings).await.good();
    assert_eq!(last(&app).await["caller"], "Operator");

    // It does not show dumps of another database.
    let other = Database::new().await;
    let settings = [("DSN", other.dsn.as_str()), data_dir(&data)];
    let own = last(&app).await;
    app.admin().dump().answer().await.good();
    program::run(&backup, &settings).await.good();
    assert_ne!(last(&app).await, own);
    assert_eq!(last(&app).await["caller"], "Administrator");
}

#[tokio::test]
async fn a_dump_that_cannot_begin_answers_with_the_cause() {
    let database = Database::new().await;
    database
        .execute("create role reader_of_some login; grant select on users, keys, providers to reader_of_some")
        .await;
    let dsn = database.dsn.replacen("user=postgres", "user=reader_of_some", 1);
    let app = App::start_on(database, &[("DSN", &dsn)]).await;
    let problem = app.admin().dump().answer().await.problem(500, "dump_failed");
    assert!(
        problem.detail.contains("permission denied for"),
        "{}",
        problem.detail
    );
    let status: Value = app.admin().database_status().answer().await.json();
    assert_eq!(status["lastDump"]["ending"]["state"], "failed");
    assert_eq!(status["lock"], Value::Null);
}

#[tokio::test]
async fn pg_dump_gets_the_password_without_exposing_it() {
    let [role, _] = ROLES_WITH_PASSWORD;
    let database = Database::new().await;
    database
        .execute(format!(
            "create role {role} login superuser password 'p@ss/wörd%'"
        ))
        .await;
    let begin = format!("postgres://{role}:p%40ss%2Fw%C3%B6rd%25@localhost/");
    let dsn = database.dsn.replacen("postgres:///", &begin, 1);
    let dsn = dsn.replacen("&user=postgres", "", 1);
    let app = App::start_on(database, &[("DSN", &dsn)]).await;
    let dump = app.admin().dump().answer().await.good();
    assert_eq!(
        restored(&dump.body).await.contents().await,
        app.database.contents().await
    );
    assert!(!app.server.log().contains("p@ss"), "the log holds the password");
    app.database.execute(format!("drop role {role}")).await;
}

#[tokio::test]
async fn users_get_401_instead_of_403_if_configured() {
    let app = App::start_with(&[("DECANT_NOT_ADMIN_STATUS", "401")]).await;
    let (user, _) = app.user().await;
    user.dump().answer().await.problem(401, "unauthenticated");
    app.admin().database_status().answer().await.good();
}
