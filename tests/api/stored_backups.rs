//! Backups in a storage that others write to: somebody who replaces files, another database, an older version.

use std::path::{Path, PathBuf};
use std::time::Duration;

use decant_tests::actors::{Actor, Request};
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::completed;
use decant_tests::patience::wait_for;
use decant_tests::program::{self, Settings};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

const PASSPHRASE: (&str, &str) = ("DECANT_BACKUP_PASSPHRASE", "correct horse battery staple");

async fn overview(admin: &Actor) -> Value {
    wait_for("backups at rest", PATIENCE, async || {
        let overview: Value = admin.backups().answer().await.good().json();
        overview["running"].is_null().then_some(overview)
    })
    .await
}

async fn backup(admin: &Actor) -> Value {
    admin.make_backup().answer().await.good();
    let overview = overview(admin).await;
    assert_eq!(overview["failure"], Value::Null);
    overview["backups"][0].clone()
}

async fn entry(admin: &Actor, name: &str) -> Value {
    let overview = overview(admin).await;
    let backups = overview["backups"].as_array().expect("this is a list");
    let found = backups.iter().find(|one| one["name"] == name);
    found
        .unwrap_or_else(|| panic!("{name} is not in {overview}"))
        .clone()
}

fn name_of(backup: &Value) -> String {
    backup["name"].as_str().expect("a backup has a name").to_owned()
}

fn restore(admin: &Actor, name: &str, fields: &Value) -> Request {
    admin
        .with_backup(name, "restore")
        .header("content-type", "application/json")
        .body(&fields.to_string())
}

/// Replaces the file of a backup, and its manifest by one that fits.
fn replace(storage: &Path, name: &str, content: &[u8], changes: &Value) {
    let backups = storage.join("backups");
    std::fs::write(backups.join(name), content).expect("the folder is ours");
    let path = backups.join(format!("{name}.json"));
    let manifest = std::fs::read(&path).expect("each backup has a manifest");
    let mut manifest: Value = serde_json::from_slice(&manifest).expect("a manifest is JSON");
    manifest["bytes"] = content.len().into();
    manifest["sha256"] = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        .into();
    for (field, value) in changes.as_object().expect("fields") {
        manifest[field] = value.clone();
    }
    std::fs::write(&path, manifest.to_string()).expect("the folder is ours");
}

#[tokio::test]
async fn a_plaintext_dump_in_the_place_of_an_encrypted_backup_is_refused() {
    let app = App::start_with(&[PASSPHRASE]).await;
    let admin = app.admin();
    let name = name_of(&backup(&admin).await);
    let forged = admin.dump().answer().await.good().body;
    let (storage, before) = (
        app.server.data_dir().join("storage"),
        app.database.contents().await,
    );

    // The manifest still says that the file is encrypted, or that it is not, with or without its old code.
    for changes in [
        json!({}),
        json!({ "encryption": "none", "proof": null }),
        json!({ "encryption": "none", "mac": null }),
    ] {
        replace(&storage, &name, &forged, &changes);
        assert_eq!(entry(&admin, &name).await["authentic"], false);
        for refused in [
            admin.with_backup(&name, "prove"),
            restore(&admin, &name, &json!({ "cleanFirst": true })),
        ] {
            let problem = refused.answer().await.problem(409, "backup_unverified");
            assert!(problem.detail.contains("--unverified"), "{}", problem.detail);
        }
    }
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn an_older_file_in_the_place_of_an_encrypted_backup_is_refused() {
    let app = App::start_with(&[PASSPHRASE]).await;
    let admin = app.admin();
    let older = name_of(&backup(&admin).await);
    let name = name_of(&backup(&admin).await);
    let storage = app.server.data_dir().join("storage");
    let content = std::fs::read(storage.join("backups").join(&older)).unwrap();
    replace(&storage, &name, &content, &json!({}));
    for refused in [
        admin.with_backup(&name, "prove"),
        restore(&admin, &name, &json!({ "cleanFirst": true })),
    ] {
        refused.answer().await.problem(409, "backup_unverified");
    }
    assert_eq!(entry(&admin, &name).await["proof"], Value::Null);
}

#[tokio::test]
async fn a_replaced_backup_without_encryption_is_refused() {
    let app = App::start().await;
    let admin = app.admin();
    let name = name_of(&backup(&admin).await);
    let forged = admin
        .dump()
        .query("mode", "excludeLogs")
        .answer()
        .await
        .good()
        .body;
    replace(&app.server.data_dir().join("storage"), &name, &forged, &json!({}));
    admin
        .with_backup(&name, "prove")
        .answer()
        .await
        .problem(409, "backup_unverified");
    restore(&admin, &name, &json!({ "cleanFirst": true }))
        .answer()
        .await
        .problem(409, "backup_unverified");
}

/// A storage, a data folder, and servers on one database with both.
struct Bed {
    database: Database,
    storage: TempDir,
    data: TempDir,
}

impl Bed {
    async fn new() -> Self {
        Self {
            database: Database::new().await,
            storage: folder(),
            data: folder(),
        }
    }

    fn settings<'a>(&'a self, data: &'a TempDir, more: Settings<'a>) -> Vec<(&'a str, &'a str)> {
        let ours = [
            ("DSN", self.database.dsn.as_str()),
            (
                "STORAGE_URL",
                self.storage.path().to_str().expect("the path is ASCII"),
            ),
            (
                "DECANT_DATA_DIR",
                data.path().to_str().expect("the path is ASCII"),
            ),
        ];
        [&ours[..], more].concat()
    }

    async fn server(&self, data: &TempDir, more: Settings<'_>) -> (Server, Actor) {
        let server = Server::start(&self.settings(data, more)).await;
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        (server, admin)
    }
}

#[tokio::test]
async fn a_backup_from_before_the_passphrase_is_restored_only_on_an_explicit_request() {
    let bed = Bed::new().await;
    let (server, admin) = bed.server(&bed.data, &[]).await;
    let whole = bed.database.contents().await;
    let name = name_of(&backup(&admin).await);
    drop(server);
    bed.database.execute("delete from message_request").await;

    let (_server, admin) = bed.server(&bed.data, &[PASSPHRASE]).await;
    let older = entry(&admin, &name).await;
    assert_eq!(
        (&older["encryption"], &older["authentic"]),
        (&json!("none"), &json!(true))
    );
    admin
        .with_backup(&name, "prove")
        .answer()
        .await
        .problem(409, "backup_unverified");
    restore(&admin, &name, &json!({ "cleanFirst": true }))
        .answer()
        .await
        .problem(409, "backup_unverified");
    let fields = json!({ "cleanFirst": true, "unverified": true });
    completed(restore(&admin, &name, &fields).answer().await);
    assert_eq!(bed.database.contents().await, whole);
}

#[tokio::test]
async fn another_machine_verifies_manifests_by_the_passphrase_or_the_secret() {
    let bed = Bed::new().await;
    let elsewhere = folder();
    let secret = (
        "DECANT_BACKUP_SECRET",
        "a secret that both of these machines have",
    );
    for (shared, authentic) in [(&[PASSPHRASE][..], true), (&[secret], true), (&[], false)] {
        let (_server, admin) = bed.server(&bed.data, shared).await;
        let name = name_of(&backup(&admin).await);
        let (_other, admin) = bed.server(&elsewhere, shared).await;
        assert_eq!(entry(&admin, &name).await["authentic"], authentic, "{shared:?}");
        let proof = admin.with_backup(&name, "prove").answer().await;
        match authentic {
            true => {
                proof.good();
                assert_eq!(entry(&admin, &name).await["proof"]["failure"], Value::Null);
                assert_eq!(entry(&admin, &name).await["authentic"], true);
            }
            false => {
                proof.problem(409, "backup_unverified");
            }
        }
    }
}

#[tokio::test]
async fn databases_that_share_a_storage_have_their_own_backups() {
    let storage = folder();
    let settings = [
        ("STORAGE_URL", storage.path().to_str().unwrap()),
        ("DECANT_BACKUP_AT", "00:00"),
        PASSPHRASE,
    ];
    // One server's scheduled backup does not stand for the other's.
    let one = App::start_with(&settings).await;
    let scheduled = async |app: &App| {
        wait_for("the scheduled backup", PATIENCE, async || {
            let overview: Value = app.admin().backups().answer().await.good().json();
            Some(name_of(overview["backups"].get(0)?))
        })
        .await
    };
    let of_one = scheduled(&one).await;
    let other = App::start_with(&settings).await;
    let of_other = scheduled(&other).await;
    assert_ne!(of_one, of_other);
    let database = one.database.text("select current_database()").await.unwrap();
    let entry = entry(&one.admin(), &of_one).await;
    assert_eq!(entry["database"], database);
    assert!(of_one.contains(&database), "{of_one}");
    for request in [
        one.admin().download_backup(&of_other),
        one.admin().with_backup(&of_other, "remove"),
        restore(
            &one.admin(),
            &of_other,
            &json!({ "cleanFirst": true, "unverified": true }),
        ),
    ] {
        request.answer().await.problem(404, "unknown_backup");
    }
    // The command line shows all of them, without a database.
    let nowhere = [
        ("DSN", "postgres://nobody@127.0.0.1:1/none"),
        ("DECANT_DATA_DIR", one.server.data_dir().to_str().unwrap()),
    ];
    let nowhere = [&nowhere[..], &settings[..1], &settings[2..]].concat();
    let all = program::run(&["backups", "list", "--all"], &nowhere)
        .await
        .good()
        .text();
    assert!(all.contains(&of_one) && all.contains(&of_other), "{all}");
    let file = storage.path().join("fetched.dump");
    let fetch = ["backups", "fetch", &of_other, "-o", file.to_str().unwrap()];
    program::run(&fetch, &nowhere).await.good();
    assert!(std::fs::read(file).unwrap().starts_with(b"PGDMP"));
}

/// Writes the files of a backup as an older version did, or somebody else.
fn write_backup(storage: &Path, name: &str, began: &str, content: &[u8]) -> PathBuf {
    let backups = storage.join("backups");
    std::fs::create_dir_all(&backups).expect("the folder is ours");
    let manifest = json!({
        "name": name, "began": began, "ended": began, "due": began, "caller": "Schedule", "mode": "full",
        "bytes": 0, "sha256": "", "encryption": "none", "tables": 1, "serverVersion": "15",
        "proof": null,
    });
    let path = backups.join(format!("{name}.json"));
    std::fs::write(&path, manifest.to_string()).expect("the folder is ours");
    replace(storage, name, content, &json!({}));
    path
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_listed_kept_and_restored_on_request() {
    let bed = Bed::new().await;
    let (_server, admin) = bed.server(&bed.data, &[]).await;
    let whole = bed.database.contents().await;
    let dump = admin.dump().answer().await.good().body;
    let name = "backup_2026-01-01T03-00-00.dump";
    write_backup(bed.storage.path(), name, "2026-01-01T03:00:00Z", &dump);
    bed.database.execute("delete from message_request").await;
    let older = entry(&admin, name).await;
    assert_eq!(
        (&older["database"], &older["authentic"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(admin.download_backup(name).answer().await.good().body, dump);
    let fields = json!({ "cleanFirst": true, "unverified": true });
    completed(restore(&admin, name, &fields).answer().await);
    assert_eq!(bed.database.contents().await, whole);

    let file = bed.data.path().join("fetched.dump");
    let file = file.to_str().unwrap();
    let settings = bed.settings(&bed.data, &[]);
    let refusal = program::run(&["backups", "fetch", name, "-o", file], &settings)
        .await
        .refusal();
    assert!(refusal.contains("--unverified"), "{refusal}");
    let fetch = ["backups", "fetch", name, "-o", file, "--unverified"];
    program::run(&fetch, &settings).await.good();
    assert_eq!(std::fs::read(file).unwrap(), dump);
}

#[tokio::test]
async fn a_manifest_with_a_time_in_the_future_ends_no_scheduled_backup_and_no_proof() {
    let storage = folder();
    write_backup(
        storage.path(),
        "backup_ahead.dump",
        "2099-01-01T03:00:00Z",
        b"PGDMP",
    );
    let settings = [
        ("STORAGE_URL", storage.path().to_str().unwrap()),
        ("DECANT_BACKUP_AT", "00:00"),
        ("DECANT_BACKUP_PROOF_AT", "00:00"),
        ("DECANT_BACKUP_KEEP", "last=1"),
    ];
    let app = App::start_with(&settings).await;
    wait_for("the backup and its proof", PATIENCE, async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        let backups = overview["backups"].as_array()?;
        let made = backups.iter().find(|backup| backup["authentic"] == true)?;
        (made["proof"]["rows"].is_u64() && made["proof"]["failure"].is_null()).then_some(())
    })
    .await;
    app.server.wait_for_log("a time in the future", PATIENCE).await;
}

#[tokio::test]
async fn names_that_are_no_backups_are_unknown() {
    let app = App::start().await;
    let admin = app.admin();
    let storage = app.server.data_dir().join("storage");
    // A manifest whose file is not there.
    write_backup(&storage, "lost.dump", "2026-01-01T03:00:00Z", b"PGDMP");
    std::fs::remove_file(storage.join("backups/lost.dump")).unwrap();
    assert_eq!(overview(&admin).await["backups"], json!([]));
    // A manifest of another file's name.
    let path = write_backup(&storage, "one.dump", "2026-01-01T03:00:00Z", b"PGDMP");
    std::fs::copy(path, storage.join("backups/two.dump.json")).unwrap();
    std::fs::write(storage.join("backups/two.dump"), "").unwrap();
    let listed = overview(&admin).await;
    assert_eq!(listed["backups"].as_array().map(Vec::len), Some(1), "{listed}");

    let long = "x".repeat(300);
    for name in ["lost.dump", &long, "%00", "a%0Ab", "%C3%A9"] {
        let fields = json!({ "cleanFirst": true, "unverified": true });
        for request in [
            admin.download_backup(name),
            admin.with_backup(name, "prove"),
            restore(&admin, name, &fields),
            admin.with_backup(name, "remove"),
        ] {
            let answer = request.answer().await;
            assert_eq!(answer.status, 404, "{name}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_broken_download_is_resumed_where_it_ended() {
    let app = App::start().await;
    let admin = app.admin();
    let name = name_of(&backup(&admin).await);
    let whole = admin.download_backup(&name).answer().await.good();
    let tag = whole.header("etag").to_owned();
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let (whole, half) = (whole.body, 700);
    let rest = |if_range: &str| {
        let request = admin
            .download_backup(&name)
            .header("range", &format!("bytes={half}-"));
        request.header("if-range", if_range)
    };
    let part = rest(&tag).answer().await.good();
    assert_eq!(part.status, 206);
    let range = format!("bytes {half}-{}/{}", whole.len() - 1, whole.len());
    assert_eq!(part.header("content-range"), range);
    assert_eq!([&whole[..half], &part.body].concat(), whole);

    let other = rest("\"of another file\"").answer().await.good();
    assert_eq!((other.status, other.body), (200, whole.clone()));
    let behind = admin
        .download_backup(&name)
        .header("range", &format!("bytes={}-", whole.len()));
    let behind = behind.answer().await;
    assert_eq!(behind.header("content-range"), format!("bytes */{}", whole.len()));
    behind.problem(416, "range_not_satisfiable");
}
