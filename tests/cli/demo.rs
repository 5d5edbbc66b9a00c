//! `decant demo`: data that are realistic, and awkward on purpose.

use decant_tests::database::{DEMO_ROWS, Database, RETRIED};
use decant_tests::program;

#[tokio::test]
async fn the_demo_has_every_awkwardness_that_an_export_meets() {
    let database = Database::new().await;
    assert_eq!(
        database.number("select count(*) from message_request").await,
        DEMO_ROWS
    );
    for (what, sql) in [
        ("quotes", "select count(*) from users where name like '%\"%'"),
        ("commas", "select count(*) from users where name like '%,%'"),
        ("formulas", "select count(*) from users where name ~ '^[=+@-]'"),
        (
            "nulls",
            "select count(*) from message_request where model is null or status_code is null",
        ),
        (
            "soft-deleted rows",
            "select count(*) from message_request where deleted_at is not null",
        ),
        (
            "blocked requests without provider",
            "select count(*) from message_request m left join providers p on p.id = m.provider_id where p.id is null",
        ),
        (
            "15-decimal costs",
            "select count(*) from message_request where scale(trim_scale(cost_usd)) = 15",
        ),
        (
            "duplicate keys",
            "select count(*) from (select key from keys group by key having count(*) > 1) doubled",
        ),
        (
            "retries",
            &format!("select count(*) from message_request m where {RETRIED}"),
        ),
        ("probe logs", "select count(*) from provider_endpoint_probe_logs"),
    ] {
        assert!(database.number(sql).await > 0, "the demo has no {what}");
    }
    let texts = "select name as t from users union all select name from keys union all select name from providers \
                 union all select model from message_request union all select session_id from message_request \
                 union all select endpoint from message_request";
    for (what, pattern) in [
        ("newlines", r"\n"),
        ("emoji", "[\u{1f300}-\u{1faff}]"),
        ("RTL", "[\u{5d0}-\u{64a}]"),
    ] {
        let sql = format!("select count(*) from ({texts}) texts where t ~ E'{pattern}'");
        assert!(database.number(&sql).await > 0, "the demo has no {what}");
    }
}

#[tokio::test]
async fn demo_adds_rows_to_those_that_are_there() {
    let database = Database::new().await;
    let settings = [("DSN", database.dsn.as_str())];
    program::run(&["demo", "--rows", "100"], &settings).await.good();
    assert_eq!(
        database.number("select count(*) from message_request").await,
        DEMO_ROWS + 100
    );
}

#[tokio::test]
async fn demo_leaves_a_database_that_is_somebody_elses_alone() {
    let database = Database::empty().await;
    database
        .execute("create table users (id int, secret text); insert into users values (1, 'x')")
        .await;
    let said = program::run(&["demo", "--rows", "10"], &[("DSN", &database.dsn)])
        .await
        .refusal();
    assert!(said.contains("users"), "{said}");
    assert_eq!(database.number("select count(*) from users").await, 1);
}
