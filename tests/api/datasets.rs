//! The list of datasets, row counts, and the options of filters.

use decant_tests::app::App;
use decant_tests::database::{Database, USAGE_ROWS};
use decant_tests::definitions::NUMBERS;
use serde_json::{Value, json};

use crate::each;

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
async fn a_dataset_names_the_formats_and_layouts_that_its_columns_allow() {
    let conversation = NUMBERS
        .replace("name = \"word\"", "name = \"content\"")
        .replace("name = \"n\"", "name = \"role\"")
        .replace("order = [\"n ", "order = [\"role ");
    let app = App::start_with_datasets(&[&conversation], &[]).await;
    let listed: Value = app.admin().datasets().answer().await.good().json();
    for dataset in listed["datasets"].as_array().unwrap() {
        let name = dataset["name"].as_str().unwrap();
        let described: Value = app.admin().dataset(name).answer().await.good().json();
        assert_eq!(&described, dataset);
        // Whatever is offered can be exported, and nothing else.
        for format in wasm_export::options::Format::WORDS {
            let export = app
                .admin()
                .export(name)
                .query("format", format)
                .query("limit", "1");
            let answer = export.answer().await;
            let is_offered = dataset["formats"].as_array().unwrap().contains(&json!(format));
            assert_eq!(
                answer.status == 200,
                is_offered,
                "{name} {format} {}",
                answer.text()
            );
        }
        for layout in wasm_export::options::Layout::WORDS {
            let export = app.admin().export(name).query("format", "markdown");
            let answer = export.query("layout", layout).query("limit", "1").answer().await;
            let is_offered = dataset["layouts"].as_array().unwrap().contains(&json!(layout));
            assert_eq!(
                answer.status == 200,
                is_offered,
                "{name} {layout} {}",
                answer.text()
            );
        }
    }
    let usage = &listed["datasets"][0];
    assert_eq!(usage["layouts"], json!(["table"]));
    assert!(!usage["formats"].as_array().unwrap().contains(&json!("text")));
    let probes = &listed["datasets"][1];
    assert!(probes["formats"].as_array().unwrap().contains(&json!("text")));
}

#[tokio::test]
async fn an_unavailable_dataset_has_no_formats() {
    let app = App::start_on(Database::empty().await, &[]).await;
    let usage: Value = app.admin().dataset("usage-logs").answer().await.good().json();
    assert_eq!((&usage["formats"], &usage["layouts"]), (&json!([]), &json!([])));
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
    let (admin, database) = (app.admin(), &app.database);
    assert_eq!(admin.usage_count(&[]).await, database.usage_rows("true").await);
    let good = database.usage_rows("m.status_code = 200").await;
    assert_eq!(admin.usage_count(&[("status_code", "200")]).await, good);
    assert_eq!(admin.usage_count(&[("limit", "7")]).await, 7);
}

#[tokio::test]
async fn a_filter_offers_only_values_of_the_callers_own_rows() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    for (actor, condition) in [
        (app.admin(), "true".to_owned()),
        (user, format!("m.user_id = {}", who.id)),
    ] {
        let offered: Value = actor.options("usage-logs", "model").answer().await.good().json();
        let mut offered_values = each(&offered["options"], "value");
        offered_values.sort();
        let sql =
            format!("select distinct m.model from {USAGE_ROWS} and m.model is not null and ({condition})");
        let mut expected: Vec<_> = app.database.texts(&sql).await.into_iter().flatten().collect();
        expected.sort();
        assert_eq!(offered_values, expected);
        assert_eq!(offered["truncated"], false);
    }
}

#[tokio::test]
async fn a_filter_offers_at_most_1000_values_and_reports_the_cut() {
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
