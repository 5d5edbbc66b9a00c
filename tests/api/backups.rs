//! Backups in the storage.

use std::path::PathBuf;
use std::time::Duration;

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, restored};
use decant_tests::patience::wait_for;
use decant_tests::s3::S3;
use decant_tests::server::Server;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

const PASSPHRASE: (&str, &str) = ("DECANT_BACKUP_PASSPHRASE", "correct horse battery staple");

/// Waits until no task runs, and returns the overview.
async fn at_rest(app: &App) -> Value {
    wait_for("backups at rest", PATIENCE, async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        overview["running"].is_null().then_some(overview)
    })
    .await
}

/// Makes a backup and returns its entry in the list.
async fn backup(app: &App) -> Value {
    app.admin().make_backup().answer().await.good();
    let overview = at_rest(app).await;
    assert_eq!(overview["failure"], Value::Null);
    overview["backups"][0].clone()
}

/// Proves a backup and returns its entry in the list.
async fn prove(app: &App, backup: &Value) -> Value {
    let name = name_of(backup);
    app.admin().with_backup(name, "prove").answer().await.good();
    let overview = at_rest(app).await;
    let backups = overview["backups"].as_array().expect("this is a list");
    let proved = backups.iter().find(|one| one["name"] == name);
    proved.expect("it is still there").clone()
}

fn name_of(backup: &Value) -> &str {
    backup["name"].as_str().expect("a backup has a name")
}

fn folder(app: &App) -> PathBuf {
    app.server.data_dir().join("storage/backups")
}

#[tokio::test]
async fn a_backup_of_an_owner_of_any_name_is_proved() {
    let app = App::start().await;
    app.database.give_to("Proving \"hub-owner's\" %I").await;
    let proved = prove(&app, &backup(&app).await).await;
    assert_eq!(proved["proof"]["failure"], Value::Null);
}

#[tokio::test]
async fn a_backup_is_made_proved_restored_and_removed() {
    let app = App::start().await;
    let before = app.database.contents().await;
    let backup = backup(&app).await;
    let stored = app
        .admin()
        .download_backup(name_of(&backup))
        .answer()
        .await
        .good()
        .body;
    assert_eq!(backup["bytes"], stored.len());
    assert_eq!(backup["encryption"], "none");
    assert_eq!(backup["proof"], Value::Null);
    assert_eq!(restored(&stored).await.contents().await, before);

    let proved = prove(&app, &backup).await;
    assert_eq!(proved["proof"]["failure"], Value::Null);
    let rows: u64 = rows_in(&app.database).await;
    assert_eq!(proved["proof"]["rows"], rows);
    let copies: Value = app.admin().copies().answer().await.good().json();
    assert_eq!(copies["copies"], json!([]), "the proof leaves nothing");

    app.database.execute("delete from message_request").await;
    let how = json!({ "cleanFirst": true }).to_string();
    let restore = app.admin().with_backup(name_of(&backup), "restore");
    completed(
        restore
            .header("content-type", "application/json")
            .body(&how)
            .answer()
            .await,
    );
    assert_eq!(app.database.contents().await, before);

    app.admin()
        .with_backup(name_of(&backup), "remove")
        .answer()
        .await
        .good();
    assert_eq!(at_rest(&app).await["backups"], json!([]));
    assert_eq!(std::fs::read_dir(folder(&app)).unwrap().count(), 0);
    for what in ["prove", "remove"] {
        let gone = app.admin().with_backup(name_of(&backup), what).answer().await;
        gone.problem(404, "unknown_backup");
    }
}

async fn rows_in(database: &Database) -> u64 {
    let contents = database.contents().await;
    let rows = contents.iter().map(|(_, content)| {
        let (rows, _) = content.split_once(' ').expect("rows and a hash");
        rows.parse::<u64>().expect("a number of rows")
    });
    rows.sum()
}

#[tokio::test]
async fn an_encrypted_backup_is_read_only_with_its_passphrase() {
    let app = App::start_with(&[PASSPHRASE]).await;
    let backup = backup(&app).await;
    assert!(name_of(&backup).ends_with(".dump.age"), "{backup}");
    assert_eq!(backup["encryption"], "passphrase");
    let stored = app
        .admin()
        .download_backup(name_of(&backup))
        .answer()
        .await
        .good()
        .body;
    assert!(stored.starts_with(b"age-encryption.org/v1\n"));
    let proved = prove(&app, &backup).await;
    assert_eq!(proved["proof"]["failure"], Value::Null, "{proved}");
    assert!(!app.server.log().contains(PASSPHRASE.1));

    // The same database and storage, and a server with another passphrase.
    let storage = format!("{}", app.server.data_dir().join("storage").display());
    let settings = [
        ("DSN", app.database.dsn.as_str()),
        ("STORAGE_URL", &storage),
        ("DECANT_BACKUP_PASSPHRASE", "battery staple horse"),
    ];
    let server = Server::start(&settings).await;
    let other = App {
        server,
        database: app.database,
    };
    let refused = other
        .admin()
        .with_backup(name_of(&backup), "prove")
        .answer()
        .await;
    let why = refused.problem(409, "backup_unverified").detail;
    assert!(why.contains("another passphrase"), "{why}");
}

#[tokio::test]
async fn a_changed_backup_fails_its_proof() {
    let app = App::start().await;
    let backup = backup(&app).await;
    let file = folder(&app).join(name_of(&backup));
    let mut stored = std::fs::read(&file).unwrap();
    let middle = stored.len() / 2;
    stored[middle] ^= 1;
    std::fs::write(&file, stored).unwrap();
    let proved = prove(&app, &backup).await;
    let why = proved["proof"]["failure"].as_str().unwrap_or_default();
    assert!(why.contains("SHA-256"), "{proved}");
}

#[tokio::test]
async fn backups_are_stored_in_s3_and_restored_from_it() {
    let s3 = S3::start().await;
    let settings = [s3.settings(), vec![PASSPHRASE]].concat();
    // Larger than one part of a multipart upload.
    let app = App::start_on(Database::with_rows(150_000).await, &settings).await;
    let backup = backup(&app).await;
    assert!(backup["bytes"].as_u64().unwrap() > 17_000_000, "{backup}");
    let proved = prove(&app, &backup).await;
    assert_eq!(proved["proof"]["failure"], Value::Null, "{proved}");
    let overview = at_rest(&app).await;
    assert!(
        overview["storage"].as_str().unwrap().starts_with("s3://"),
        "{overview}"
    );
    // The prefix has a blank and a letter beyond ASCII; the objects have them as they are.
    let objects = s3.objects("hub backups/é/backups").await;
    assert!(objects.contains(&name_of(&backup).to_owned()), "{objects:?}");
    app.admin()
        .with_backup(name_of(&backup), "remove")
        .answer()
        .await
        .good();
    assert_eq!(at_rest(&app).await["backups"], json!([]));
}

#[tokio::test]
async fn due_backups_are_made_and_proved_and_expired_ones_removed() {
    let database = Database::new().await;
    let storage = decant_tests::cluster::folder();
    let backups = storage.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    // A backup of an older version. It names no database, so it may be another one's.
    let manifest = json!({
        "name": "older", "began": "2026-01-01T03:00:00Z", "ended": "2026-01-01T03:00:00Z", "due": "2026-01-01T03:00:00Z",
        "caller": "Schedule", "mode": "full", "bytes": 0, "sha256": "", "encryption": "none", "tables": 1,
        "serverVersion": "15", "proof": null,
    });
    std::fs::write(backups.join("older"), "").unwrap();
    std::fs::write(backups.join("older.json"), manifest.to_string()).unwrap();
    let settings = [
        ("STORAGE_URL", storage.path().to_str().unwrap()),
        ("DECANT_BACKUP_AT", "* * * * * *"),
        ("DECANT_SCHEDULE_ZONE", "Europe/Berlin"),
        ("DECANT_BACKUP_PROOF_AT", "0 0 1 1 *"),
        ("DECANT_BACKUP_KEEP", "last=1"),
    ];
    let app = App::start_on(database, &settings).await;
    let proved = wait_for("the backup that is due, and its proof", PATIENCE, async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        let backups = overview["backups"].as_array()?;
        let proved = backups.iter().find(|backup| backup["proof"]["rows"].is_u64())?;
        assert_eq!(proved["proof"]["failure"], Value::Null);
        Some(name_of(proved).to_owned())
    })
    .await;
    // A backup is made every second. The proved one stays, because it is the only one of which it is known that it restores.
    let newest = async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        let backups = overview["backups"].as_array()?;
        let names: Vec<_> = backups.iter().map(|backup| name_of(backup).to_owned()).collect();
        (names.len() == 3 && names[0] != proved).then_some((names, overview))
    };
    let (first, _) = wait_for("another backup", PATIENCE, newest).await;
    let (last, overview) = wait_for("one more backup", PATIENCE, async || {
        newest().await.filter(|(names, _)| names[0] != first[0])
    })
    .await;
    assert_eq!(last[1..], [proved, "older".to_owned()]);
    assert!(
        overview["next"].is_string() && overview["nextProof"].is_string(),
        "{overview}"
    );
}

#[tokio::test]
async fn only_administrators_use_backups() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    user.backups().answer().await.problem(403, "forbidden");
    user.make_backup().answer().await.problem(403, "forbidden");
    app.anonymous()
        .download_backup("x")
        .answer()
        .await
        .problem(401, "unauthenticated");
    for name in ["..%2F..%2Fadmin.token", "nothing"] {
        let answer = app.admin().download_backup(name).answer().await;
        answer.problem(404, "unknown_backup");
    }
}
