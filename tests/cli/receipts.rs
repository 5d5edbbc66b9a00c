//! `decant verify --receipt`: a file compared with its signed receipt.

use std::path::{Path, PathBuf};

use decant_tests::cluster::folder;
use decant_tests::program;
use decant_tests::stored_exports::{Bed, Made, TWO_ROWS};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A downloaded file with its receipt, and the key of the server.
struct Taken {
    folder: TempDir,
}

impl Taken {
    async fn start() -> Self {
        let bed = Bed::start(&[]).await;
        let export = bed.make(&Made::by_admin(), TWO_ROWS).await;
        let taken = Self { folder: folder() };
        let admin = bed.app.admin();
        for (name, path) in [
            ("rows.csv", format!("/api/exports/{}/download", export.id)),
            (
                "rows.csv.receipt.json",
                format!("/api/exports/{}/receipt", export.id),
            ),
            ("key.pem", "/.well-known/decant-receipt-key".to_owned()),
        ] {
            taken.write(name, &admin.get(&path).answer().await.good().body);
        }
        taken
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).expect("the folder is ours");
    }

    async fn verify(&self, file: &str, receipt: &str, key: &str) -> program::Outcome {
        let paths = [file, receipt, key].map(|name| text(&self.path(name)));
        let arguments = [
            "verify",
            &paths[0],
            "--receipt",
            &paths[1],
            "--receipt-key",
            &paths[2],
        ];
        program::run(&arguments, &[]).await
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("the path is ASCII").to_owned()
}

#[tokio::test]
async fn the_file_of_a_receipt_is_known_and_a_changed_one_is_not() {
    let taken = Taken::start().await;
    let good = taken
        .verify("rows.csv", "rows.csv.receipt.json", "key.pem")
        .await
        .good()
        .text();
    for part in ["the file of the receipt", "token:admin", "usage-logs", "2 rows"] {
        assert!(good.contains(part), "{part}: {good}");
    }
    let mut changed = TWO_ROWS.to_vec();
    changed[8] = b'7';
    taken.write("changed.csv", &changed);
    let refusal = taken
        .verify("changed.csv", "rows.csv.receipt.json", "key.pem")
        .await
        .refusal();
    assert!(refusal.contains("not the file of the receipt"), "{refusal}");
}

#[tokio::test]
async fn a_forged_receipt_and_another_key_are_refused() {
    let taken = Taken::start().await;
    let receipt = std::fs::read(taken.path("rows.csv.receipt.json")).unwrap();
    let mut forged: Value = serde_json::from_slice(&receipt).unwrap();
    forged["receipt"]["caller"] = json!("Somebody else");
    taken.write("forged.json", forged.to_string().as_bytes());
    forged["receipt"]["version"] = json!(2);
    taken.write("newer.json", forged.to_string().as_bytes());
    let other = Bed::start(&[]).await;
    let key = other.app.anonymous().get("/.well-known/decant-receipt-key");
    taken.write("other.pem", &key.answer().await.good().body);
    for (receipt, key, part) in [
        ("forged.json", "key.pem", "the receipt was changed"),
        ("rows.csv.receipt.json", "other.pem", "another server made it"),
        ("newer.json", "key.pem", "newer version"),
        ("key.pem", "key.pem", "no receipt of Decant"),
        (
            "rows.csv.receipt.json",
            "rows.csv",
            "/.well-known/decant-receipt-key",
        ),
        ("nothing.json", "key.pem", "nothing.json"),
    ] {
        let refusal = taken.verify("rows.csv", receipt, key).await.refusal();
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
    let file = text(&taken.path("rows.csv"));
    let refusal = program::run(&["verify", &file, "--receipt", &file], &[])
        .await
        .refusal();
    assert!(refusal.contains("--receipt-key"), "{refusal}");
}
