//! `decant datasets`.

use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::program;

#[tokio::test]
async fn the_list_names_datasets_columns_and_filters() {
    let list = program::run(&["datasets", "list"], &[]).await.good().text();
    for word in [
        "usage-logs",
        "created_at",
        "retry_count",
        "min_retry_count",
        "exclude_200",
    ] {
        assert!(list.contains(word), "{word} is missing:\n{list}");
    }
}

#[tokio::test]
async fn check_passes_good_definitions_and_fails_wrong_ones() {
    let database = Database::new().await;
    let good = program::run(&["datasets", "check"], &[("DSN", &database.dsn)])
        .await
        .good()
        .text();
    assert!(good.contains("usage-logs: good"), "{good}");

    let definitions = Definitions::of(&[&NUMBERS.replace("sql = \"word\"", "sql = \"wort\"")]);
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let outcome = program::run(&["datasets", "check"], &settings).await;
    let told = outcome.text();
    assert_ne!(outcome.code, Some(0), "{told}");
    for part in ["numbers.toml", "column `word`", "column \"wort\" does not exist"] {
        assert!(told.contains(part), "{part} is missing:\n{told}");
    }
}
