//! CSV, read by Python's csv and by PostgreSQL's `COPY FROM`.

use std::path::Path;

use decant_tests::program;

use crate::held::{Held, View};
use crate::programs::{Found, read_by};

/// Dialects that PostgreSQL can read: its delimiter as SQL and as it is, and what to ask for.
const DIALECTS: [(&str, &str, &[&str]); 3] = [
    ("','", ",", &["--bom", "false"]),
    (
        "e'\\t'",
        "\t",
        &[
            "--bom",
            "false",
            "--delimiter",
            "tab",
            "--newline",
            "lf",
            "--zone",
            "America/St_Johns",
        ],
    ),
    (
        "';'",
        ";",
        &[
            "--bom",
            "false",
            "--delimiter",
            "semicolon",
            "--zone",
            "Asia/Kathmandu",
        ],
    ),
];

async fn check(held: &Held, file: &Path, in_sql: &str, delimiter: &str) {
    held.assert_copied(file, in_sql).await;
    let found: Found = read_by("csv_cells.py", file, &[delimiter]);
    assert_eq!(found.headings, held.names());
    held.assert_read(&found.rows, View::without_empty_text).await;
}

async fn check_every_dialect(held: &Held) {
    for (in_sql, delimiter, flags) in DIALECTS {
        let flags = [&["--format", "csv", "--header", "name"], flags].concat();
        let unguarded = held
            .export("unguarded.csv", &[&flags, &["--guard", "none"][..]].concat())
            .await;
        check(held, &unguarded, in_sql, delimiter).await;

        let guarded = held.export("guarded.csv", &flags).await;
        assert_ne!(
            std::fs::read(&guarded).unwrap(),
            std::fs::read(&unguarded).unwrap()
        );
        let plain = held.folder().join("plain.csv");
        let [from, to] = [&guarded, &plain].map(|path| path.to_str().unwrap());
        let convert = [
            "convert",
            from,
            "--to",
            "csv",
            "--unguard",
            "--guard",
            "none",
            "--bom",
            "false",
            "-o",
            to,
        ];
        program::run(&convert, &[]).await.good();
        check(held, &plain, "','", ",").await;
    }
}

#[tokio::test]
async fn awkward_rows_in_csv_are_those_of_postgresql_once_no_guard_is_on_them() {
    check_every_dialect(&Held::corpus().await).await;
}

#[tokio::test]
async fn usage_logs_in_csv_are_those_of_postgresql_once_no_guard_is_on_them() {
    check_every_dialect(&Held::usage_logs().await).await;
}
