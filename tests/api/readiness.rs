//! `GET /readyz?verbose`: each part that Decant needs.

use std::time::{Duration, Instant};

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::exports::{Exports, create};
use decant_tests::patience::wait_for;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::redis::Redis;
use decant_tests::s3::S3;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

async fn readiness(actor: &Actor) -> Value {
    actor
        .readyz()
        .query("verbose", "true")
        .answer()
        .await
        .good()
        .json()
}

/// Returns the result of a check.
fn check<'a>(readiness: &'a Value, name: &str) -> &'a Value {
    let checks = readiness["checks"].as_array().into_iter().flatten();
    let mut found = checks.filter(|check| check["name"] == name);
    found.next().unwrap_or_else(|| panic!("no {name} in {readiness}"))
}

#[tokio::test]
async fn each_part_is_shown_and_the_queue() {
    let redis = Redis::start().await;
    let url = redis.url();
    let definitions = Definitions::of(&[NUMBERS]);
    let settings = [
        definitions.setting(),
        ("REDIS_URL", url.as_str()),
        ("DECANT_WORKERS", "0"),
    ];
    let exports = Exports::start(&settings).await;
    let anonymous = exports.app.anonymous();
    let good = |name| json!({ "name": name, "status": "good" });
    assert_eq!(
        readiness(&anonymous).await,
        json!({
            "status": "ready",
            "checks": [good("database"), good("stateDatabase"), good("redis"), good("storage")],
            "queue": { "queued": 0, "processing": 0, "oldestSeconds": null, "workers": 0 },
        })
    );
    create(
        &exports.app.admin(),
        &json!({ "dataset": "numbers", "format": "csv" }),
    )
    .await;
    wait_for("the export that waits", SOON, async || {
        let queue = readiness(&anonymous).await["queue"].clone();
        (queue["queued"] == 1 && queue["oldestSeconds"].as_u64() > Some(0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_turned_off_is_no_failure() {
    let app = App::start().await;
    let readiness = readiness(&app.anonymous()).await;
    assert_eq!(readiness["status"], "ready", "{readiness}");
    for name in ["stateDatabase", "redis"] {
        assert_eq!(check(&readiness, name)["status"], "off", "{readiness}");
    }
    assert_eq!(readiness["queue"], Value::Null);
}

#[tokio::test]
async fn other_parameters_do_not_change_the_short_answer() {
    let app = App::start().await;
    for query in ["", "?verbose=false", "?verbosely", "?x=%ff"] {
        let answer = app
            .anonymous()
            .get(&format!("/readyz{query}"))
            .answer()
            .await
            .good();
        assert_eq!(answer.text(), "ready\n", "{query}");
    }
}

#[tokio::test]
async fn without_redis_it_is_degraded_and_neither_down_nor_slow() {
    let redis = Redis::start().await;
    let url = redis.url();
    let app = App::start_with(&[("DECANT_REDIS_URL", &url)]).await;
    redis.pause();
    let began = Instant::now();
    let answer = app
        .anonymous()
        .readyz()
        .query("verbose", "")
        .answer()
        .await
        .good();
    let readiness: Value = answer.json();
    assert_eq!(readiness["status"], "degraded", "{readiness}");
    let redis_check = check(&readiness, "redis");
    assert_eq!(redis_check["status"], "failed", "{readiness}");
    let detail = redis_check["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("DECANT_REDIS_URL"), "{detail}");
    for secret in ["of these-tests", "of%20these", "sock"] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let began = Instant::now();
    app.anonymous().readyz().answer().await.good();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    redis.go_on();
    wait_for("Redis", SOON, async || {
        (self::readiness(&app.anonymous()).await["status"] == "ready").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_folder_of_the_storage_that_went_away_is_named() {
    let parent = folder();
    let storage = parent.path().join("storage");
    let path = storage.display().to_string();
    let app = App::start_with(&[("STORAGE_URL", &path)]).await;
    if storage.exists() {
        std::fs::remove_dir_all(&storage).unwrap();
    }
    // A folder that was never there is made; a file in its place cannot be used.
    std::fs::write(&storage, "").unwrap();
    let answer = app
        .anonymous()
        .readyz()
        .query("verbose", "")
        .answer()
        .await
        .good();
    let readiness: Value = answer.json();
    assert_eq!(
        (&readiness["status"], &check(&readiness, "storage")["status"]),
        (&json!("degraded"), &json!("failed")),
        "{readiness}"
    );
    assert!(!answer.text().contains(&path), "{}", answer.text());
    // The result is kept, so that a bucket is not asked each time.
    std::fs::remove_file(&storage).unwrap();
    std::fs::create_dir(&storage).unwrap();
    let kept = self::readiness(&app.anonymous()).await;
    assert_eq!(check(&kept, "storage")["status"], "failed", "{kept}");
}

#[tokio::test]
async fn a_bucket_is_asked_and_one_that_is_missing_or_silent_is_named() {
    let s3 = S3::start().await;
    let proxy = Proxy::to(s3.address()).await;
    let endpoint = format!("http://{}", proxy.address);
    let without = |name: &'static str| {
        let settings = s3.settings().into_iter();
        settings.filter(move |(known, _)| *known != name)
    };
    let good: Vec<_> = s3.settings();
    let missing: Vec<_> = without("STORAGE_URL")
        .chain([("STORAGE_URL", "s3://no-such-bucket")])
        .collect();
    let silent: Vec<_> = without("AWS_ENDPOINT_URL")
        .chain([("AWS_ENDPOINT_URL", endpoint.as_str())])
        .collect();
    proxy.set(Behavior::Refusing);
    for (settings, status) in [(good, "good"), (missing, "failed"), (silent, "failed")] {
        let app = App::start_with(&settings).await;
        let readiness = readiness(&app.anonymous()).await;
        assert_eq!(check(&readiness, "storage")["status"], status, "{readiness}");
    }
}
