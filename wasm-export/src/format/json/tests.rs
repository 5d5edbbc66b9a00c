use proptest::prelude::*;
use serde_json::Value;

use super::{is_number, plain_integer, plain_number};
use crate::options::Options;
use crate::rows::Kind;
use crate::sample::{awkward_text, export, header, row, stream};

/// Checks that rows under a header become this file.
fn check(columns: &[(&str, Kind)], rows: &str, json: &str, expected: &str) {
    assert_eq!(file(columns, rows, json), expected, "{rows} with {json}");
}

fn file(columns: &[(&str, Kind)], rows: &str, json: &str) -> String {
    let options: Options = serde_json::from_str(json).unwrap();
    let (file, result) = export(&stream(&header(columns), rows.as_bytes()), &options);
    assert_eq!(result, Ok(()), "{json}");
    String::from_utf8(file).unwrap()
}

const USAGE: &[(&str, Kind)] = &[
    ("created_at", Kind::Timestamp),
    ("user_name", Kind::Text),
    ("id", Kind::Integer),
    ("cost_usd", Kind::Decimal),
    ("is_replay", Kind::Boolean),
    ("chain", Kind::Json),
];

const ROWS: &str = "2026-01-28 12:34:56.789123+00\tMüller, \"Jörg\"\t12345678901234567890\t0.000000000000001\tt\t[{\"id\": 1.0, \"name\": \"a\\\\\\\\nb\"}]\n\
    2026-01-28 12:34:55+00\t=1+1\\n\\\\ \\N\t\\N\tNaN\tf\t\\N\n";

#[test]
fn a_usage_log_looks_like_this() {
    check(
        USAGE,
        ROWS,
        r#"{"format":"json"}"#,
        concat!(
            "[\n",
            r#"{"created_at":"2026-01-28T12:34:56.789Z","user_name":"Müller, \"Jörg\"","id":12345678901234567890,"cost_usd":0.000000000000001,"is_replay":true,"chain":[{"id": 1.0, "name": "a\\nb"}]},"#,
            "\n",
            r#"{"created_at":"2026-01-28T12:34:55.000Z","user_name":"=1+1\n\\ N","id":null,"cost_usd":"NaN","is_replay":false,"chain":null}"#,
            "\n]\n"
        ),
    );
}

#[test]
fn each_line_of_json_lines_is_an_object() {
    check(
        USAGE,
        ROWS,
        r#"{"format":"jsonl","columns":["id","created_at"],"zone":"Asia/Shanghai"}"#,
        "{\"id\":12345678901234567890,\"created_at\":\"2026-01-28T20:34:56.789+08:00\"}\n\
         {\"id\":null,\"created_at\":\"2026-01-28T20:34:55.000+08:00\"}\n",
    );
    // PostgreSQL's `json` keeps the line ends of its input.
    for (format, expected) in [
        (r#"{"format":"jsonl"}"#, "{\"a\":{\"b\":[1,2.50]}}\n"),
        (r#"{"format":"json"}"#, "[\n{\"a\":{   \"b\": [1,  2.50]}}\n]\n"),
    ] {
        let row = "{\\n  \"b\": [1,\\r\\n2.50]}\n";
        check(&[("a", Kind::Json)], row, format, expected);
    }
}

#[test]
fn no_rows_are_an_empty_array_or_nothing() {
    check(&[("a", Kind::Text)], "", r#"{"format":"json"}"#, "[]\n");
    check(&[("a", Kind::Text)], "", r#"{"format":"jsonl"}"#, "");
}

#[test]
fn a_file_can_say_what_it_is() {
    let json = file(
        USAGE,
        ROWS,
        r#"{"format":"json","metadata":"true","columns":["id"]}"#,
    );
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["row_count"], 2);
    assert_eq!(value["rows"].as_array().unwrap().len(), 2);
    let metadata = &value["metadata"];
    assert_eq!(metadata["columns"][0]["name"], "id");
    assert_eq!(metadata["columns"][0]["kind"], "integer");
    for member in ["dataset", "title", "exported_at", "zone", "filters"] {
        assert!(!metadata[member].is_null(), "{member}");
    }
    let lines = file(USAGE, ROWS, r#"{"format":"jsonl","metadata":"true"}"#);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["metadata"]["zone"], "UTC");
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn a_cell_that_is_no_number_is_a_string() {
    for (kind, cell, expected) in [
        (Kind::Integer, "-5", "-5"),
        (Kind::Decimal, "-0.10", "-0.10"),
        (Kind::Float, "1e-07", "1e-07"),
        (Kind::Float, "1.5e+300", "1.5e+300"),
        (Kind::Float, "-Infinity", "\"-Infinity\""),
        (Kind::Integer, "007", "\"007\""),
        (Kind::Decimal, "1.", "\"1.\""),
        (Kind::Decimal, ".5", "\".5\""),
        (Kind::Decimal, "", "\"\""),
        (Kind::Integer, "1\"", "\"1\\\"\""),
        (Kind::Text, "5", "\"5\""),
        (Kind::Bytes, r"\\xdead", r#""\\xdead""#),
        (
            Kind::Text,
            "\u{1}\u{1f}\u{7f}\\b\\f\\t\\v",
            "\"\\u0001\\u001f\u{7f}\\b\\f\\t\\u000b\"",
        ),
        (Kind::Boolean, "maybe", "\"maybe\""),
        (Kind::Timestamp, "infinity", "\"infinity\""),
        (
            Kind::LocalTimestamp,
            "2026-01-28 12:34:56.5",
            "\"2026-01-28T12:34:56.500\"",
        ),
        (Kind::Date, "2026-01-28", "\"2026-01-28\""),
    ] {
        check(
            &[("a", kind)],
            &format!("{cell}\n"),
            r#"{"format":"jsonl","decimal":"comma"}"#,
            &format!("{{\"a\":{expected}}}\n"),
        );
    }
}

proptest! {
    #[test]
    fn every_text_reads_back(rows in proptest::collection::vec((proptest::option::weighted(0.8, awkward_text()), awkward_text()), 0..8), lines: bool) {
        let header = header(&[("first", Kind::Text), ("the \"second\"\n", Kind::Text)]);
        let raw: Vec<u8> = rows
            .iter()
            .flat_map(|(first, second)| row([first.as_deref().map(str::as_bytes), Some(second.as_bytes())]))
            .collect();
        let format = if lines { "jsonl" } else { "json" };
        let options: Options = serde_json::from_value(serde_json::json!({"format": format})).unwrap();
        let file = String::from_utf8(export(&stream(&header, &raw), &options).0).unwrap();
        let objects: Vec<Value> = if lines {
            file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        } else {
            serde_json::from_str(&file).unwrap()
        };
        prop_assert_eq!(objects.len(), rows.len());
        for (object, (first, second)) in objects.iter().zip(&rows) {
            prop_assert_eq!(object["first"].as_str(), first.as_deref());
            prop_assert_eq!(object["the \"second\"\n"].as_str(), Some(second.as_str()));
        }
    }
}

#[test]
fn a_usual_number_is_told_at_once() {
    let cases = [
        ("0", true),
        ("7", true),
        ("12345", true),
        ("123456789012345", true),
        ("1234567890123456", true),
        ("0.000000000000001", true),
        ("10.50", true),
        ("1234567890123456789012345678901", true),
        ("1234567890123456.78901234567890", true),
        // These may be numbers all the same, which `is_number` decides.
        ("12345678901234567890123456789012", false),
        ("-5", false),
        ("1e5", false),
        ("", false),
        ("007", false),
        ("00", false),
        ("01.5", false),
        (".5", false),
        ("5.", false),
        ("1.2.3", false),
        ("1..2", false),
        (".", false),
        ("NaN", false),
        ("1 ", false),
        ("1\u{661}", false),
    ];
    for (cell, expected) in cases {
        let text = format!("{cell}\"followed by the digits of another cell: 123456789");
        assert_eq!(
            plain_number(text.as_bytes(), cell.len()).is_some(),
            expected,
            "{cell}"
        );
        assert!(is_number(cell.as_bytes()) || !expected, "{cell}");
        let is_short_and_whole = expected && cell.len() < 16 && !cell.contains('.');
        let whole = plain_integer(text.as_bytes(), cell.len());
        assert_eq!(whole.is_some(), is_short_and_whole, "{cell}");
    }
}

proptest! {
    #[test]
    fn a_number_is_what_json_takes_for_one(cell in "-?[0-9.]{0,34}([eE][+-]?[0-9]{0,3})?|[0-9a-fN.+-]{0,6}") {
        let rows = format!("{cell}\t{cell}\n");
        let json = file(&[("a", Kind::Decimal), ("b", Kind::Integer)], &rows, r#"{"format":"jsonl"}"#);
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&cell).is_ok();
        let expected = if is_json { cell } else { format!("\"{cell}\"") };
        prop_assert_eq!(json, format!("{{\"a\":{expected},\"b\":{expected}}}\n"));
    }
}
