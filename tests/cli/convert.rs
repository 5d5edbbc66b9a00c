//! `decant convert` and `decant verify`, which need no database and no settings.

use std::path::Path;

use decant_tests::cluster::folder;
use decant_tests::program::{self, Outcome};

async fn decant(arguments: &[&str]) -> Outcome {
    program::run(arguments, &[]).await
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("the folder is ours");
    path.to_str().expect("the path is ASCII").to_owned()
}

#[tokio::test]
async fn a_file_is_converted_to_another_format_and_back() {
    let folder = folder();
    let json = written(
        folder.path(),
        "in.json",
        "[{\"a\":12345678901234567890,\"b\":\"=1+1\"},{\"a\":null,\"b\":\"x,y\"}]",
    );
    let csv = folder.path().join("out.csv.gz");
    let csv = csv.to_str().unwrap();
    // The format follows from the file's name.
    let outcome = decant(&["convert", &json, "-o", csv]).await.good();
    assert!(outcome.stdout.is_empty());
    assert!(outcome.stderr.contains("2 rows"), "{}", outcome.stderr);

    let verified = decant(&["verify", csv, &json]).await.good().text();
    assert!(
        verified.contains("out.csv.gz: 2 rows, 2 columns (a, b)"),
        "{verified}"
    );
    assert!(verified.contains("1 guarded cell\n"), "{verified}");

    let back = decant(&["convert", csv, "--to", "jsonl", "--unguard"])
        .await
        .good();
    assert_eq!(
        back.text(),
        "{\"a\":\"12345678901234567890\",\"b\":\"=1+1\"}\n{\"a\":null,\"b\":\"x,y\"}\n"
    );
}

#[tokio::test]
async fn flags_for_the_format_override_the_name() {
    let folder = folder();
    let json = written(folder.path(), "in.json", "[{\"a\":1}]");
    let named = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let csv = named("lies.json.gz");
    let arguments = [
        "convert",
        &json,
        "--to",
        "csv",
        "--compression",
        "none",
        "-o",
        &csv,
    ];
    decant(&arguments).await.good();
    assert_eq!(std::fs::read(&csv).unwrap(), "\u{feff}\"a\"\r\n1\r\n".as_bytes());
    for output in ["-".to_owned(), named("nothing"), named("nothing.zip")] {
        let refusal = decant(&["convert", &json, "-o", &output]).await.refusal();
        assert!(refusal.contains("--to"), "{output}: {refusal}");
    }
}

#[tokio::test]
async fn a_bad_file_is_refused_with_the_place_and_leaves_no_file() {
    let folder = folder();
    let bad = written(folder.path(), "bad.csv", "a,b\n1,2\n3\n");
    let good = written(folder.path(), "good.csv", "a,b\n1,2\n");
    let out = folder.path().join("out.json");
    let refusal = decant(&["convert", &bad, "--to", "json", "-o", out.to_str().unwrap()])
        .await
        .refusal();
    assert!(
        refusal.contains("bad.csv: line 3, column 1: the row has 1 cells"),
        "{refusal}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "only the inputs"
    );

    let outcome = decant(&["verify", &bad, &good]).await;
    assert!(outcome.text().contains("good.csv: 1 rows"), "{}", outcome.text());
    let refusal = outcome.refusal();
    assert!(refusal.contains("bad.csv: line 3, column 1:"), "{refusal}");
    assert!(refusal.contains("one file is not well formed"), "{refusal}");
}

#[tokio::test]
async fn a_name_without_extension_needs_a_format() {
    let folder = folder();
    let file = written(folder.path(), "rows", "{\"a\":1}\n");
    let refusal = decant(&["verify", &file]).await.refusal();
    assert!(refusal.contains("does not say which format"), "{refusal}");
    decant(&["verify", &file, "--format", "jsonl"]).await.good();
}
