//! Background exports that are encrypted in the storage.

use std::io::Write as _;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use decant_tests::actors::Actor;
use decant_tests::exports::{Exports, create, wait_until};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

const MAGIC: &[u8] = b"age-encryption.org/v1";

/// Makes a key pair: the public key, and a file of `age-keygen`.
fn key_pair() -> (String, Identity, NamedTempFile) {
    let identity = Identity::generate();
    let mut file = NamedTempFile::new().expect("there is a place for temporary files");
    writeln!(file, "{}", identity.to_string().expose_secret()).expect("the file is ours");
    (identity.to_public().to_string(), identity, file)
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a CSV file of usage logs, and returns the export when it is complete.
async fn made(admin: &Actor) -> Value {
    let body = json!({ "dataset": "usage-logs", "format": "csv", "options": { "compression": "none" } });
    let id = create(admin, &body).await;
    wait_until(admin, &id, "completed").await
}

fn id(export: &Value) -> &str {
    export["id"].as_str().expect("an export has an id")
}

/// Checks that the file is encrypted in the storage, and that Decant decrypts it for a download and for its check.
async fn check_readable(exports: &Exports) {
    let admin = exports.app.admin();
    let export = made(&admin).await;
    let stored = exports.file(id(&export)).await;
    assert!(stored.starts_with(MAGIC));
    let file = admin.download_export(id(&export)).header("range", "bytes=5-9");
    let file = file.answer().await.good();
    // Whole, and not a part.
    assert_eq!((file.status, file.header("accept-ranges")), (200, "none"));
    assert_eq!(file.header("content-length"), file.body.len().to_string());
    assert_eq!(export["checksum"], hex(&file.body).as_str());
    assert_eq!(export["fileSize"], file.body.len());
    assert!(file.body.starts_with("\u{feff}".as_bytes()) && stored.len() > file.body.len());
    assert!(!file.header("content-disposition").contains(".age"));
    let report: Value = admin.verify_export(id(&export)).answer().await.good().json();
    assert_eq!(report["verification"]["success"], true, "{report}");
}

#[tokio::test]
async fn a_file_for_a_key_of_the_server_is_decrypted_for_its_readers() {
    let (public, _, file) = key_pair();
    let exports = Exports::start(&[
        ("DECANT_EXPORT_RECIPIENTS", &public),
        ("DECANT_EXPORT_IDENTITY_FILE", file.path().to_str().unwrap()),
    ])
    .await;
    check_readable(&exports).await;
}

#[tokio::test]
async fn a_file_with_a_passphrase_is_decrypted_for_its_readers() {
    let passphrase = ("DECANT_EXPORT_PASSPHRASE", "correct horse battery staple");
    check_readable(&Exports::start(&[passphrase]).await).await;
}

#[tokio::test]
async fn a_file_for_the_keys_of_others_is_sent_as_it_is_stored() {
    let (public, identity, _) = key_pair();
    let exports = Exports::start(&[("DECANT_EXPORT_RECIPIENTS", &public)]).await;
    let admin = exports.app.admin();
    let export = made(&admin).await;
    let file = admin.download_export(id(&export)).answer().await.good();
    assert_eq!(file.body, exports.file(id(&export)).await);
    assert_eq!(export["checksum"], hex(&file.body).as_str());
    assert!(file.header("content-disposition").contains(".csv.age\""));
    assert_eq!(file.header("content-type"), "application/octet-stream");
    let plain = age::decrypt(&identity, &file.body).expect("it is for this key");
    assert!(plain.starts_with("\u{feff}".as_bytes()));
    let part = admin.download_export(id(&export)).header("range", "bytes=5-9");
    assert_eq!(part.answer().await.good().body, file.body[5..10]);
    let report: Value = admin.verify_export(id(&export)).answer().await.good().json();
    let report = &report["verification"];
    assert_eq!(
        (&report["success"], &report["formatValid"]),
        (&json!(true), &Value::Null),
        "{report}"
    );
}

#[tokio::test]
async fn a_file_from_before_the_key_is_still_read_and_one_in_its_place_is_not() {
    let (public, _, file) = key_pair();
    let exports = Exports::start(&[]).await;
    let plain = made(&exports.app.admin()).await;
    let server = exports
        .another_server(&[
            ("DECANT_WORKERS", "0"),
            ("DECANT_EXPORT_RECIPIENTS", &public),
            ("DECANT_EXPORT_IDENTITY_FILE", file.path().to_str().unwrap()),
        ])
        .await;
    let admin = Actor::new(&server.address).with_token(decant_tests::server::ADMIN_TOKEN);
    let before = admin.download_export(id(&plain)).answer().await.good();
    assert_eq!(plain["checksum"], hex(&before.body).as_str());
    // A plaintext file where the record says that it is encrypted.
    let forge = format!(
        "update decant.data_exports set encrypted = true where id = '{}'",
        id(&plain)
    );
    exports.state.execute(forge).await;
    admin
        .download_export(id(&plain))
        .answer()
        .await
        .problem(500, "file_unreadable");
}
