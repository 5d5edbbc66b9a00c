//! JSON and JSON lines, read by Python's json and by jq.

use std::ffi::OsStr;
use std::path::Path;

use crate::held::{Column, Held, View};
use crate::programs::{Found, read_by, run};

/// A value in JSON, where SQL null and `null` in `jsonb` are the same.
fn in_json(column: &Column) -> View {
    let View { held, read } = View::whole(column);
    match column.pg_type.as_str() {
        "jsonb" => View {
            held: "coalesce($, 'null')::text".to_owned(),
            read,
        },
        // The reader keeps the last of two members with one name, as `jsonb` does.
        "json" => View {
            held: "coalesce($::jsonb, 'null')::text".to_owned(),
            read: "$::jsonb::text".to_owned(),
        },
        _ => View {
            held,
            read: read.replace('$', "($::json #>> '{}')"),
        },
    }
}

async fn check(held: &Held) {
    for format in ["json", "jsonl"] {
        let file = held.export("rows", &["--format", format]).await;
        let found: Found = read_by("json_cells.py", &file, &[format]);
        assert_eq!(found.headings, held.names());
        held.assert_read(&found.rows, in_json).await;
    }
}

#[tokio::test]
async fn awkward_rows_in_json_equal_postgresqls() {
    check(&Held::corpus().await).await;
}

#[tokio::test]
async fn values_of_every_type_in_json_equal_postgresqls() {
    check(&Held::types().await).await;
}

#[tokio::test]
async fn usage_logs_in_json_equal_postgresqls() {
    check(&Held::usage_logs().await).await;
}

fn jq(flags: &[&str], file: &Path) -> String {
    let arguments: Vec<_> = flags.iter().map(OsStr::new).chain([file.as_os_str()]).collect();
    String::from_utf8(run("jq", &arguments)).expect("jq writes UTF-8")
}

#[tokio::test]
async fn jq_counts_and_sums_like_postgresql() {
    let held = Held::usage_logs().await;
    let sums = "select json_build_array(count(*), sum(input_tokens), sum(duration_ms), count(distinct model))::text from held";
    let expected = held.database.text(sums).await.expect("there are rows");
    let filter = "[length, (map(.input_tokens) | add), (map(.duration_ms) | add), \
                  (map(.model) | map(select(. != null)) | unique | length)]";
    for (format, flags) in [("json", &["-c", filter][..]), ("jsonl", &["-c", "-s", filter])] {
        let file = held.export("rows", &["--format", format]).await;
        assert_eq!(jq(flags, &file).trim(), expected.replace(' ', ""), "{format}");
    }
}
