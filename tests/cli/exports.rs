//! `decant exports`: background exports of everybody, and their files.

use decant_tests::cluster::folder;
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::program;
use decant_tests::server::data_dir;
use serde_json::{Value, json};

#[tokio::test]
async fn exports_are_listed_shown_cancelled_and_fetched() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let csv = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    wait_until(&user, &csv, "completed").await;
    let later = json!({ "dataset": "usage-logs", "format": "json", "scheduledAt": "2999-01-01T00:00:00Z" });
    let later = create(&user, &later).await;
    let (data, storage) = (folder(), exports.storage());
    let settings = [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", exports.state.dsn.as_str()),
        ("STORAGE_URL", storage.as_str()),
        data_dir(&data),
    ];
    let decant =
        async |arguments: &[&str]| program::run(&[&["exports"], arguments].concat(), &settings).await;
    let listed = decant(&["list"]).await.good().text();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.starts_with(&later), "{listed}");
    let listed = decant(&["list", "--status", "completed"]).await.good().text();
    assert!(
        listed.starts_with(&csv) && listed.contains("usage-logs.csv"),
        "{listed}"
    );

    let shown: Value =
        serde_json::from_str(&decant(&["show", &csv]).await.good().text()).expect("it is JSON");
    assert_eq!(
        (&shown["export"]["id"], &shown["export"]["status"]),
        (&json!(csv), &json!("completed"))
    );
    assert!(
        shown["logs"].as_array().is_some_and(|logs| logs.len() >= 3),
        "{shown}"
    );

    let cancelled = decant(&["cancel", &later]).await.good().text();
    assert!(cancelled.contains("cancelled"), "{cancelled}");
    let again = decant(&["cancel", &later]).await.refusal();
    assert!(again.contains("has ended already"), "{again}");

    let target = data.path().join("usage.csv.gz");
    let target = target.to_str().expect("the path is UTF-8");
    decant(&["fetch", &csv, "-o", target]).await.good();
    assert_eq!(
        std::fs::read(target).expect("the file is there"),
        exports.file(&csv).await
    );
    let refused = decant(&["fetch", &later, "-o", target]).await.refusal();
    assert!(refused.contains("cancelled"), "{refused}");
    let unknown = decant(&["show", "x"]).await.refusal();
    assert!(unknown.contains("there is no export `x`"), "{unknown}");
    let wrong = decant(&["list", "--status", "done"]).await.refusal();
    assert!(wrong.contains("must be one of"), "{wrong}");
}

#[tokio::test]
async fn without_a_state_database_the_reason_is_given() {
    let exports = Exports::start(&[]).await;
    let data = folder();
    let settings = [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", "none"),
        data_dir(&data),
    ];
    let refusal = program::run(&["exports", "list"], &settings).await.refusal();
    assert!(refusal.contains("STATE_DSN"), "{refusal}");
}
