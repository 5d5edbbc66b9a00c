//! What there is, how much of it, and what its filters offer.

use decant_tests::actors::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use serde_json::{Value, json};

/// Names or labels of a list of columns or filters.
fn each(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().expect("this is a list");
    list.iter()
        .map(|one| one[key].as_str().expect("this is a text").to_owned())
        .collect()
}

#[tokio::test]
async fn usage_logs_has_the_seeds_18_columns_in_their_order() {
    let app = App::start().await;
    let dataset: Value = app.admin().dataset("usage-logs").answer().await.good().json();
    assert_eq!(dataset["title"], "Usage logs");
    assert_eq!(dataset["available"], true);
    assert_eq!(
        each(&dataset["columns"], "label").join(", "),
        "Time, User, Key, Provider, Model, Original Model, Endpoint, Status Code, Input Tokens, Output Tokens, \
         Cache Write 5m, Cache Write 1h, Cache Read, Total Tokens, Cost (USD), Duration (ms), Session ID, Retry Count, ID"
    );
    let hidden = dataset["columns"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|column| column["hidden"] == true);
    assert_eq!(
        hidden.map(|column| column["name"].clone()).collect::<Vec<_>>(),
        ["id"]
    );
    assert_eq!(dataset["order"], json!(["created_at", "id"]));
}

#[tokio::test]
async fn a_user_is_not_offered_an_administrators_filters() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    let seeds = [
        "key",
        "provider",
        "session",
        "start",
        "end",
        "status_code",
        "exclude_200",
        "model",
        "endpoint",
    ];
    let own: Value = user.dataset("usage-logs").answer().await.good().json();
    assert_eq!(
        each(&own["filters"], "name"),
        [&seeds[..], &["min_retry_count"]].concat()
    );
    let all: Value = app.admin().dataset("usage-logs").answer().await.good().json();
    assert_eq!(
        each(&all["filters"], "name"),
        [&["user"], &seeds[..], &["min_retry_count"]].concat()
    );

    user.options("usage-logs", "user")
        .answer()
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn the_count_is_exact() {
    let app = App::start().await;
    let rows = async |query: &[(&str, &str)]| {
        let answer = app
            .admin()
            .count("usage-logs")
            .queries(query)
            .answer()
            .await
            .good();
        answer.json::<Value>()["rows"].as_u64().unwrap()
    };
    assert_eq!(rows(&[]).await, app.database.usage_rows("true").await);
    assert_eq!(
        rows(&[("status_code", "200")]).await,
        app.database.usage_rows("m.status_code = 200").await
    );
    assert_eq!(rows(&[("limit", "7")]).await, 7);
}

#[tokio::test]
async fn a_filter_offers_the_values_of_the_callers_own_rows() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    for (actor, condition) in [
        (app.admin(), "true".to_owned()),
        (user, format!("m.user_id = {}", who.id)),
    ] {
        let offered: Value = actor.options("usage-logs", "model").answer().await.good().json();
        let mut offered_values = each(&offered["options"], "value");
        offered_values.sort();
        let from = decant_tests::database::USAGE_ROWS;
        let sql = format!("select distinct m.model from {from} and m.model is not null and ({condition})");
        let mut expected: Vec<_> = app.database.texts(&sql).await.into_iter().flatten().collect();
        expected.sort();
        assert_eq!(offered_values, expected);
        assert_eq!(offered["truncated"], false);
    }
}

#[tokio::test]
async fn a_filter_offers_at_most_a_thousand_values_and_says_so() {
    let app = App::start().await;
    app.database
        .execute("update message_request set model = 'model ' || id, deleted_at = null")
        .await;
    let offered: Value = app
        .admin()
        .options("usage-logs", "model")
        .answer()
        .await
        .good()
        .json();
    assert_eq!(offered["options"].as_array().unwrap().len(), 1000);
    assert_eq!(offered["truncated"], true);
    for filter in ["session", "no_such_filter"] {
        app.admin()
            .options("usage-logs", filter)
            .answer()
            .await
            .problem(404, "unknown_filter");
    }
}

#[tokio::test]
async fn a_dataset_without_its_tables_is_listed_with_the_reason_and_the_rest_works() {
    let definitions = folder();
    std::fs::write(definitions.path().join("numbers.toml"), NUMBERS).unwrap();
    let settings = [("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap())];
    let app = App::start_on(Database::empty().await, &settings).await;

    let listed: Value = app.admin().datasets().answer().await.good().json();
    assert_eq!(each(&listed["datasets"], "name"), ["numbers", "usage-logs"]);
    let (numbers, usage) = (&listed["datasets"][0], &listed["datasets"][1]);
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
async fn a_wrong_definition_is_named_with_file_key_and_postgresqls_own_message() {
    let definitions = folder();
    let wrong = NUMBERS.replace("sql = \"word\"", "sql = \"wort\"");
    std::fs::write(definitions.path().join("wrong.toml"), wrong).unwrap();
    let settings = [("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap())];
    let app = App::start_with(&settings).await;
    let numbers: Value = app.admin().dataset("numbers").answer().await.good().json();
    assert_eq!(numbers["available"], false);
    for part in ["wrong.toml", "column `word`", "column \"wort\" does not exist"] {
        assert!(
            numbers["reason"].as_str().unwrap().contains(part),
            "{part} is missing: {numbers}"
        );
    }
}

#[tokio::test]
async fn a_secret_column_is_left_out_unless_an_administrator_names_it() {
    let definitions = folder();
    let secret =
        NUMBERS.replace("access = \"admin\"", "access = \"owner\"\nowner = \"n\"") + "secret = true\n";
    std::fs::write(definitions.path().join("numbers.toml"), secret).unwrap();
    let app = App::start_with(&[("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap())]).await;
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
async fn an_administrators_dataset_is_neither_listed_nor_given_to_a_user() {
    let definitions = folder();
    std::fs::write(definitions.path().join("numbers.toml"), NUMBERS).unwrap();
    let app = App::start_with(&[("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap())]).await;
    let (user, _) = app.user().await;
    let listed: Value = user.datasets().answer().await.good().json();
    assert_eq!(each(&listed["datasets"], "name"), ["usage-logs"]);
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

const NUMBERS: &str = r#"
name = "numbers"
title = "Numbers"
access = "admin"
order = ["n desc"]
from = "(values (1, 'one'), (2, 'two'), (3, 'three')) as numbers(n, word)"

[[column]]
name = "n"
label = "Number"
sql = "n"

[[column]]
name = "word"
label = "Word"
sql = "word"
"#;
