//! Dumps and restores without logs, where the log is partitioned.

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, restored};

const PARTITIONED: &str = "\
    drop table message_request cascade; \
    create table message_request (id int, created_at date) partition by range (created_at); \
    create schema \"Old logs\"; \
    create table \"Old logs\".\"before $2026\" partition of message_request \
        for values from (minvalue) to ('2026-01-01') partition by range (id); \
    create table low partition of \"Old logs\".\"before $2026\" for values from (0) to (10); \
    create table rest partition of message_request default; create table heir () inherits (users); \
    insert into message_request values (1, '2025-01-01'), (2, '2026-01-01'); \
    create table usage_ledger (id int) partition by list (id); \
    create table usage_ledger_1 partition of usage_ledger for values in (1); insert into usage_ledger values (1)";

#[tokio::test]
async fn rows_of_partitions_belong_to_the_log_and_the_ledger() {
    let app = App::start().await;
    app.database.execute(PARTITIONED).await;
    let users = app.database.number("select count(*) from users").await;
    let dump = async |mode: &str| {
        let dump = app.admin().dump().query("mode", mode);
        dump.answer().await.good().body
    };
    let without_logs = restored(&dump("excludeLogs").await).await;
    assert_eq!(
        without_logs.number("select count(*) from message_request").await,
        0
    );
    assert_eq!(without_logs.number("select count(*) from users").await, users);
    let ledger = restored(&dump("ledgerOnly").await).await;
    assert_eq!(ledger.number("select count(*) from usage_ledger").await, 1);

    let full = dump("full").await;
    for clean_first in ["false", "true"] {
        app.database.execute("delete from message_request").await;
        let fields = [("cleanFirst", clean_first), ("skipLogs", "true")];
        let told = completed(app.admin().import(&full, &fields).answer().await);
        assert_eq!(
            app.database.number("select count(*) from message_request").await,
            0
        );
        assert_eq!(app.database.number("select count(*) from users").await, users);
        assert!(told["tables"]["public.rest"].is_null(), "{told}");
    }
}

#[tokio::test]
async fn only_the_log_of_the_hubs_schema_is_left_out() {
    let database = Database::empty().await;
    database
        .execute(
            "create schema hub; create table hub.message_request (id int primary key); \
             create table public.message_request (id int primary key); \
             insert into hub.message_request values (1); insert into public.message_request values (1)",
        )
        .await;
    let app = App::start_on(database, &[("DECANT_HUB_SCHEMA", "hub")]).await;
    let dump = app.admin().dump().answer().await.good().body;
    let fields = [("cleanFirst", "true"), ("skipLogs", "true")];
    completed(app.admin().import(&dump, &fields).answer().await);
    let rows = "select (select count(*) from hub.message_request) * 10 + (select count(*) from public.message_request)";
    assert_eq!(app.database.number(rows).await, 1);
}
