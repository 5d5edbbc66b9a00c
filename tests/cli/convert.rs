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
    assert!(refusal.contains("name its format, one of csv"), "{refusal}");
    decant(&["verify", &file, "--format", "jsonl"]).await.good();
}

#[tokio::test]
async fn guarded_cells_are_not_converted_without_a_choice() {
    let folder = folder();
    let csv = written(folder.path(), "january.csv", "name,sum\n'=SUM(A1),1\n");
    let json = folder.path().join("january.json");
    let json = json.to_str().unwrap();
    let refusal = decant(&["convert", &csv, "-o", json]).await.refusal();
    assert!(
        refusal.contains("line 2, column 1") && refusal.contains("--unguard or --keep-guard"),
        "{refusal}"
    );
    assert!(!Path::new(json).exists());
    for (choice, name) in [("--unguard", "=SUM(A1)"), ("--keep-guard", "'=SUM(A1)")] {
        let converted = decant(&["convert", &csv, "--to", "jsonl", choice]).await.good();
        assert_eq!(
            converted.text(),
            format!("{{\"name\":\"{name}\",\"sum\":\"1\"}}\n")
        );
    }
    // A conversion from CSV to CSV that removes and adds the marks changes nothing.
    let again = [
        "convert",
        &csv,
        "--to",
        "csv",
        "--unguard",
        "--bom=false",
        "--newline=lf",
    ];
    let again = decant(&again).await.good().text();
    assert!(again.contains("\"'=SUM(A1)\",1\n"), "{again}");
}

#[tokio::test]
async fn json_rows_with_different_keys_become_columns_with_nulls() {
    let folder = folder();
    let json = written(folder.path(), "sparse.json", "[{\"a\":1},{\"a\":2,\"b\":3}]");
    let csv = ["convert", &json, "--to", "csv", "--bom=false"];
    assert_eq!(decant(&csv).await.good().text(), "\"a\",b\r\n1,\r\n2,3\r\n");
    let verified = decant(&["verify", &json]).await.good().text();
    assert!(verified.contains("2 rows, 2 columns (a, b)"), "{verified}");
}

#[tokio::test]
async fn what_a_file_contains_cannot_change_the_terminal() {
    let folder = folder();
    let csv = written(
        folder.path(),
        "esc.csv",
        "a,\"\u{1b}[2J\u{1b}]0;pwned\u{7}\"\n1,2\n",
    );
    let json = written(
        folder.path(),
        "esc.json",
        "[{\"a\":1,\"\\u001b[2J\":2,\"\\u001b[2J\":3}]",
    );
    let outcome = decant(&["verify", &csv, &json]).await;
    let shown = format!("{}{}", outcome.text(), outcome.stderr);
    assert!(shown.contains(r"\u{1b}[2J"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[tokio::test]
async fn more_columns_than_can_be_converted_are_refused() {
    let folder = folder();
    let names: Vec<String> = (0..16_385).map(|column| format!("c{column}")).collect();
    let csv = written(folder.path(), "wide.csv", &(names.join(",") + "\n"));
    let refusal = decant(&["convert", &csv, "--to", "xlsx"]).await.refusal();
    assert!(
        refusal.contains("16385 columns, more than can be converted"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_checked_is_named() {
    let folder = folder();
    let tar = [&[b'x'; 257][..], b"ustar", &[0; 250][..]].concat();
    for (name, bytes, expected) in [
        ("hub.tar", &tar[..], "a tar archive"),
        (
            "hub.sql",
            b"--\n-- PostgreSQL database dump\n--\n",
            "a dump as SQL text",
        ),
        ("hub.dump.gz", b"\x1f\x8b\x08\0\0\0\0\0", "compressed with gzip"),
        ("notes.doc", b"some notes", "name its format, one of csv"),
        ("report.html", b"<html>", "report.html: its end is missing"),
        ("rows.xlsx", b"PK\x03\x04", "rows.xlsx: "),
        ("utf16.csv", b"\xff\xfea\0,\0b\0\n\0", "the file is UTF-16"),
        ("old.csv", b"a,b\r1,2\r3\r", "line 3, column 1"),
        (
            "other.xml",
            b"<rows><row/></rows>",
            "only Decant's own XML is read",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let refusal = decant(&["verify", path.to_str().unwrap()]).await.refusal();
        assert!(refusal.contains(expected), "{name}: {refusal}");
    }
}
