//! Datasets that a site adds.

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use serde_json::{Value, json};

use crate::each;

/// The built-in datasets that are not for administrators only.
const OFFERED_TO_USERS: [&str; 5] = ["usage-logs", "sessions", "usage-by-user", "profile", "own-keys"];

#[tokio::test]
async fn a_dataset_without_its_tables_is_listed_with_the_reason() {
    let definitions = Definitions::of(&[NUMBERS]);
    let app = App::start_on(Database::empty().await, &[definitions.setting()]).await;

    let listed: Value = app.admin().datasets().answer().await.good().json();
    assert_eq!(
        each(&listed["datasets"], "name"),
        [
            "usage-logs",
            "probe-logs",
            "sessions",
            "usage-by-user",
            "profile",
            "own-keys",
            "users",
            "bulk-statistics",
            "bulk-statistics-with-files",
            "numbers",
            "audit-log"
        ]
    );
    let (usage, numbers) = (&listed["datasets"][0], &listed["datasets"][9]);
    assert_eq!(
        (&numbers["available"], &usage["available"]),
        (&json!(true), &json!(false))
    );
    assert!(
        usage["reason"].as_str().unwrap().contains("does not exist"),
        "{usage}"
    );

    let refused = app.admin().rows("usage-logs").answer().await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json::<Value>()["code"], "dataset_unavailable");
    let rows = app.admin().rows("numbers").answer().await.raw_rows().whole();
    assert_eq!(rows.bytes, b"3\tthree\n2\ttwo\n1\tone\n");
}

#[tokio::test]
async fn a_wrong_definition_is_refused_with_file_key_and_postgresqls_message() {
    let wrong = NUMBERS.replace("sql = \"word\"", "sql = \"wort\"");
    let app = App::start_with_datasets(&[&wrong], &[]).await;
    let numbers: Value = app.admin().dataset("numbers").answer().await.good().json();
    assert_eq!(numbers["available"], false);
    for part in ["numbers.toml", "column `word`", "column \"wort\" does not exist"] {
        assert!(
            numbers["reason"].as_str().unwrap().contains(part),
            "{part} is missing: {numbers}"
        );
    }
}

#[tokio::test]
async fn the_reason_of_an_unavailable_dataset_is_for_administrators_and_access_comes_first() {
    let wrong = NUMBERS.replace("sql = \"word\"", "sql = \"wort\"");
    let definitions = Definitions::of(&[&wrong]);
    let database = Database::new().await;
    let user = database.busy_user().await;
    database.execute("drop table message_request cascade").await;
    let app = App::start_on(database, &[definitions.setting()]).await;
    let (admin, user) = (app.admin(), app.anonymous().with_token(&user.key));

    let refused: Value = admin.rows("usage-logs").answer().await.json();
    assert!(refused["detail"].as_str().unwrap().contains(".toml"), "{refused}");
    for request in [
        user.rows("usage-logs"),
        user.page("usage-logs"),
        user.count("usage-logs"),
        user.export("usage-logs"),
        user.options("usage-logs", "model"),
    ] {
        let refused = request.answer().await.problem(503, "dataset_unavailable");
        assert!(!refused.detail.contains(".toml"), "{}", refused.detail);
    }
    let listed: Value = user.datasets().answer().await.good().json();
    assert_eq!(each(&listed["datasets"], "name"), OFFERED_TO_USERS);
    assert_eq!(listed["datasets"][0]["available"], false);
    assert_eq!(listed["datasets"][0]["reason"], Value::Null);
    for request in [
        user.rows("numbers"),
        user.rows("probe-logs").query("nonsense", "1"),
        user.page("probe-logs").query("limit", "0"),
        user.count("probe-logs").query("nonsense", "1"),
        user.export("probe-logs").query("format", "nonsense"),
        user.options("probe-logs", "nonsense"),
    ] {
        request.answer().await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_secret_column_is_left_out_unless_an_administrator_names_it() {
    let secret =
        NUMBERS.replace("access = \"admin\"", "access = \"owner\"\nowner = \"n\"") + "secret = true\n";
    let app = App::start_with_datasets(&[&secret], &[]).await;
    let (user, _) = app.user().await;

    let admin = app.admin().rows("numbers").answer().await.raw_rows().whole();
    assert_eq!(admin.bytes, b"3\n2\n1\n");
    let named = app
        .admin()
        .rows("numbers")
        .query("columns", "word,n")
        .answer()
        .await
        .raw_rows()
        .whole();
    assert_eq!(named.bytes, b"three\t3\ntwo\t2\none\t1\n");
    let refused = user
        .rows("numbers")
        .query("columns", "word,n")
        .answer()
        .await
        .problem(403, "forbidden");
    assert_eq!(refused.field.as_deref(), Some("columns"));
}

#[tokio::test]
async fn a_user_neither_sees_nor_gets_an_administrators_dataset() {
    let app = App::start_with_datasets(&[NUMBERS], &[]).await;
    let (user, _) = app.user().await;
    let listed: Value = user.datasets().answer().await.good().json();
    assert_eq!(each(&listed["datasets"], "name"), OFFERED_TO_USERS);
    for request in [
        user.dataset("numbers"),
        user.rows("numbers"),
        user.page("numbers"),
        user.count("numbers"),
        user.export("numbers"),
    ] {
        request.answer().await.problem(403, "forbidden");
    }
}
