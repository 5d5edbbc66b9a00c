//! A storage that fails while background exports are written to it.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, ENDLESS, NUMBERS};
use decant_tests::exports::{Exports, create, export, wait_until};
use decant_tests::nginx::Nginx;
use decant_tests::patience::wait_for;
use decant_tests::program::Settings;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::s3::S3;
use decant_tests::small_disk::SmallDisk;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// Some parts of 16 MiB.
const ROWS: u64 = 600_000;

/// Starts a server that reaches its bucket at this address.
async fn start(s3: &S3, address: &str, definitions: &Definitions) -> Exports {
    let endpoint = format!("http://{address}");
    let behind = ("AWS_ENDPOINT_URL", endpoint.as_str());
    let settings: Vec<_> = s3
        .settings()
        .into_iter()
        .filter(|(name, _)| *name != "AWS_ENDPOINT_URL")
        .collect();
    let ours = [
        behind,
        definitions.setting(),
        ("DECANT_EXPORT_LEASE_SECONDS", "5"),
    ];
    Exports::start_on(Database::empty().await, &[&settings[..], &ours[..]].concat()).await
}

fn body() -> Value {
    json!({ "dataset": "endless", "format": "csv", "limit": ROWS, "options": { "compression": "none" } })
}

/// Waits until the export has written more than a part.
async fn under_way(admin: &Actor, id: &str) {
    wait_for("a part of the file", PATIENCE, async || {
        let rows = export(admin, id).await["rows"]["done"].as_u64();
        (rows > Some(ROWS / 3)).then_some(())
    })
    .await;
}

/// Returns what a clean-up would remove.
async fn leftovers(admin: &Actor) -> Value {
    let dry = admin.clean_up_exports(&json!({ "dryRun": true }));
    let dry: Value = dry.answer().await.good().json();
    assert_eq!(dry["failed"], json!([]), "{dry}");
    dry["orphanFiles"].clone()
}

#[tokio::test]
async fn an_upload_that_is_cut_in_a_part_goes_on() {
    let (s3, definitions) = (S3::start().await, Definitions::of(&[ENDLESS]));
    let proxy = Proxy::to(s3.address()).await;
    let exports = start(&s3, &proxy.address, &definitions).await;
    let admin = exports.app.admin();
    let id = create(&admin, &body()).await;
    under_way(&admin, &id).await;
    proxy.set(Behavior::Refusing);
    tokio::time::sleep(Duration::from_secs(3)).await;
    proxy.set(Behavior::Normal);
    complete_and_nothing_left(&admin, &id).await;
}

#[tokio::test]
async fn an_s3_service_that_answers_500_for_a_while_delays_the_export_only() {
    let (s3, definitions) = (S3::start().await, Definitions::of(&[ENDLESS]));
    let folder = folder();
    let failing = folder.path().join("failing");
    let nginx = Nginx::with(&format!(
        "location / {{ if (-f {}) {{ return 500; }} client_max_body_size 0; proxy_set_header Host $http_host; \
         proxy_pass http://{}; }}",
        failing.display(),
        s3.address()
    ))
    .await;
    let exports = start(&s3, &nginx.address, &definitions).await;
    let admin = exports.app.admin();
    let id = create(&admin, &body()).await;
    under_way(&admin, &id).await;
    std::fs::write(&failing, "").expect("the folder is ours");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let waiting = export(&admin, &id).await;
    assert_eq!(waiting["status"], "processing", "{waiting}");
    std::fs::remove_file(&failing).expect("the file is ours");
    complete_and_nothing_left(&admin, &id).await;
}

#[tokio::test]
async fn an_s3_service_that_answers_only_500_fails_an_attempt_with_its_answer() {
    let (s3, definitions) = (S3::start().await, Definitions::of(&[NUMBERS]));
    let nginx = Nginx::with("location / { return 500; }").await;
    let exports = start(&s3, &nginx.address, &definitions).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
    let failed = wait_for("a failed attempt", PATIENCE, async || {
        let export = export(&admin, &id).await;
        (!export["errorCode"].is_null()).then_some(export)
    })
    .await;
    assert_eq!(failed["errorCode"], "storage_failed", "{failed}");
    // The address of the bucket is the operator's, and stands in the log.
    let said = failed["errorMessage"]
        .as_str()
        .expect("a failed export has a message");
    assert!(said.contains("500 Internal Server Error"), "{said}");
    assert!(
        !said.contains(&nginx.address) && said.lines().count() == 1,
        "{said}"
    );
    let log = exports.app.server.log();
    assert!(log.contains(&nginx.address), "the log names the address");
}

#[tokio::test]
async fn a_paused_s3_service_delays_the_export_beyond_its_lease_only() {
    let (s3, definitions) = (S3::start().await, Definitions::of(&[ENDLESS]));
    let exports = start(&s3, s3.address(), &definitions).await;
    let admin = exports.app.admin();
    let id = create(&admin, &body()).await;
    under_way(&admin, &id).await;
    s3.pause();
    // Longer than the lease, which the worker renews while it waits.
    tokio::time::sleep(Duration::from_secs(7)).await;
    let waiting = export(&admin, &id).await;
    s3.go_on();
    assert_eq!(waiting["status"], "processing", "{waiting}");
    let export = complete_and_nothing_left(&admin, &id).await;
    assert_eq!(export["attempts"], 1, "{export}");
}

/// Waits for the whole file, and returns its export.
async fn complete_and_nothing_left(admin: &Actor, id: &str) -> Value {
    let export = wait_until(admin, id, "completed").await;
    let file = admin.download_export(id).answer().await.good();
    assert_eq!(export["fileSize"], file.body.len());
    assert_eq!(leftovers(admin).await, 0);
    export
}

#[tokio::test]
async fn a_cancelled_upload_leaves_no_parts() {
    let (s3, definitions) = (S3::start().await, Definitions::of(&[ENDLESS]));
    let proxy = Proxy::to(s3.address()).await;
    let exports = start(&s3, &proxy.address, &definitions).await;
    let admin = exports.app.admin();
    let id = create(&admin, &body()).await;
    under_way(&admin, &id).await;
    admin.cancel_export(&id).answer().await.good();
    wait_until(&admin, &id, "cancelled").await;
    let gone = async || (leftovers(&admin).await == 0).then_some(());
    wait_for("the parts are removed", PATIENCE, gone).await;
    assert_eq!(s3.objects("users/token%3Aadmin/exports").await, [""; 0]);
}

#[tokio::test]
async fn what_a_killed_worker_has_sent_is_aborted_by_the_clean_up() {
    let (s3, definitions) = (S3::start().await, Definitions::of(&[ENDLESS]));
    let proxy = Proxy::to(s3.address()).await;
    let mut exports = start(&s3, &proxy.address, &definitions).await;
    let admin = exports.app.admin();
    let id = create(&admin, &body()).await;
    under_way(&admin, &id).await;
    exports.app.server.crash().await;
    let settings: Settings<'_> = &s3.settings();
    let server = exports
        .another_server(
            &[
                settings,
                &[definitions.setting(), ("DECANT_EXPORT_LEASE_SECONDS", "5")],
            ]
            .concat(),
        )
        .await;
    let admin = Actor::new(&server.address).with_token(decant_tests::server::ADMIN_TOKEN);
    wait_until(&admin, &id, "completed").await;
    assert_eq!(leftovers(&admin).await, 1);
    let cleaned: Value = admin.clean_up_exports(&json!({})).answer().await.good().json();
    assert_eq!(
        (&cleaned["orphanFiles"], &cleaned["success"]),
        (&json!(1), &json!(true)),
        "{cleaned}"
    );
    assert_eq!(leftovers(&admin).await, 0);
    admin.download_export(&id).answer().await.good();
}

#[tokio::test]
async fn a_full_disk_fails_the_export_with_its_cause_and_leaves_nothing() {
    let disk = SmallDisk::of_bytes(24 * 1024 * 1024);
    let definitions = Definitions::of(&[ENDLESS]);
    let exports = Exports::start_on(
        Database::empty().await,
        &[
            definitions.setting(),
            ("STORAGE_URL", disk.path().to_str().unwrap()),
            ("DECANT_DISK_RESERVE_MB", "4"),
        ],
    )
    .await;
    let admin = exports.app.admin();
    let id = create(&admin, &body()).await;
    let failed = wait_until(&admin, &id, "failed").await;
    let cause = failed["errorMessage"].as_str().unwrap_or_default();
    // The reserve is looked at from time to time; a fast writer may meet the end of the disk first.
    let names = ["DECANT_DISK_RESERVE_MB", "No space left"];
    assert!(names.iter().any(|name| cause.contains(name)), "{failed}");
    assert_eq!(files_below(disk.path()), 0);
    let small = json!({ "dataset": "endless", "format": "csv", "limit": 10 });
    let id = create(&admin, &small).await;
    wait_until(&admin, &id, "completed").await;
    admin.download_export(&id).answer().await.good();
}

fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => files_below(&path),
            _ => 1,
        })
        .sum()
}
