//! CSV, read by Python's csv and by PostgreSQL's `COPY FROM`.

use std::path::Path;

use decant_tests::program;

use crate::held::{Held, View};
use crate::programs::{Found, read_by};

/// Delimiters, their names in options, and a zone to test with each.
const DIALECTS: [(&str, &str, &str); 3] = [
    (",", "comma", "UTC"),
    ("\t", "tab", "America/St_Johns"),
    (";", "semicolon", "Asia/Kathmandu"),
];

async fn check(held: &Held, file: &Path, delimiter: &str) {
    held.assert_copied(file, delimiter).await;
    let found: Found = read_by("csv_cells.py", file, &[delimiter]);
    assert_eq!(found.headings, held.names());
    held.assert_read(&found.rows, View::without_empty_text).await;
}

async fn check_every_dialect(held: &Held) {
    for (delimiter, word, zone) in DIALECTS {
        let flags = [
            "--header=name",
            "--bom=false",
            "--delimiter",
            word,
            "--zone",
            zone,
        ];
        let unguarded = [&flags[..], &["--guard=none"]].concat();
        let unguarded = held.export("unguarded.csv", &unguarded).await;
        check(held, &unguarded, delimiter).await;

        let guarded = held.export("guarded.csv", &flags).await;
        let bytes = [&guarded, &unguarded].map(|file| std::fs::read(file).expect("the file is there"));
        assert_ne!(bytes[0], bytes[1], "some cells need the guard");
        let plain = held.folder().join("plain.csv");
        let [from, to] = [&guarded, &plain].map(|path| path.to_str().expect("the folder's name is plain"));
        let convert = [
            "convert",
            from,
            "--unguard",
            "--to=csv",
            "--guard=none",
            "--bom=false",
            "-o",
            to,
        ];
        program::run(&convert, &[]).await.good();
        check(held, &plain, ",").await;
    }
}

#[tokio::test]
async fn awkward_rows_in_csv_without_guard_equal_postgresqls() {
    check_every_dialect(&Held::corpus().await).await;
}

#[tokio::test]
async fn values_of_every_type_in_csv_without_guard_equal_postgresqls() {
    check_every_dialect(&Held::types().await).await;
}

#[tokio::test]
async fn usage_logs_in_csv_without_guard_equal_postgresqls() {
    check_every_dialect(&Held::usage_logs().await).await;
}
