use proptest::prelude::*;

use super::{for_fixed_2, write_latency};
use crate::options::Options;
use crate::rows::Kind;
use crate::sample::{awkward_text, export, export_chunks, header, row, stream};

const COLUMNS: [(&str, Kind); 6] = [
    ("id", Kind::Integer),
    ("created_at", Kind::Timestamp),
    ("ok", Kind::Boolean),
    ("status_code", Kind::Integer),
    ("latency_ms", Kind::Integer),
    ("error_message", Kind::Text),
];

fn options(json: &str) -> Options {
    let mut members: serde_json::Value = serde_json::from_str(json).unwrap();
    members["format"] = "text".into();
    serde_json::from_value(members).unwrap()
}

fn check(rows: &str, json: &str, expected: &str) {
    let (file, result) = export(&stream(&header(&COLUMNS), rows.as_bytes()), &options(json));
    assert_eq!(result, Ok(()), "{json}");
    assert_eq!(String::from_utf8(file).unwrap(), expected, "{rows} with {json}");
}

#[test]
fn probes_look_as_the_hub_writes_them() {
    let rows = "5\t2026-01-28 12:34:56.789+00\tt\t200\t123\t\\N\n\
                4\t2026-01-28 12:34:55+00\tf\t503\t1125\tupstream: \"busy\"\n\
                3\t2026-01-28 23:59:59+00\tf\t\\N\t\\N\tconnect ETIMEDOUT\n\
                2\t2026-01-28 00:00:00+00\tf\t0\t0\t\n";
    check(
        rows,
        "{}",
        "[12:34:56] OK 200 123ms \n\
         [12:34:55] FAIL 503 1.13s upstream: \"busy\"\n\
         [23:59:59] FAIL - - connect ETIMEDOUT\n\
         [00:00:00] FAIL - 0ms ",
    );
    check(
        rows,
        r#"{"zone":"Asia/Kathmandu","timestamps":"iso","decimal":"comma"}"#,
        "[18:19:56] OK 200 123ms \n\
         [18:19:55] FAIL 503 1.13s upstream: \"busy\"\n\
         [05:44:59] FAIL - - connect ETIMEDOUT\n\
         [05:45:00] FAIL - 0ms ",
    );
    check("", "{}", "");
}

#[test]
fn a_log_is_a_line_whatever_its_message() {
    for (message, shown) in [
        (r"a\nb", "a⏎b"),
        (r"a\r\nb\r", "a⏎b⏎"),
        ("\x1b[31mred\x07", "␛[31mred␇"),
        (r"a\tb", "a\tb"),
        ("北京 🎉", "北京 🎉"),
        (r"\377", "\u{fffd}"),
        ("\u{9b}31m · Â\u{80}é", "\u{fffd}31m · Â\u{fffd}é"),
        ("a\u{85}b\u{2028}c\u{2029}d\u{2027}…", "a⏎b⏎c⏎d\u{2027}…"),
    ] {
        check(
            &format!("1\t2026-01-28 12:34:56+00\tf\t500\t5\t{message}\n"),
            "{}",
            &format!("[12:34:56] FAIL 500 5ms {shown}"),
        );
    }
}

#[test]
fn what_is_not_known_is_a_dash() {
    check("1\t\\N\t\\N\t\\N\t\\N\t\\N\n", "{}", "[--:--:--] FAIL - - ");
    check("1\tinfinity\tt\t200\tNaN\t\\N\n", "{}", "[--:--:--] OK 200 - ");
}

/// The results of `(ms) => ms < 1000 ? Math.round(ms) + "ms" : (ms / 1000).toFixed(2) + "s"` in V8.
#[test]
fn latencies_are_rounded_as_javascript_rounds_them() {
    for (milliseconds, text) in [
        ("0", "0ms"),
        ("1", "1ms"),
        ("999", "999ms"),
        ("999.4", "999ms"),
        ("999.5", "1000ms"),
        ("0.5", "1ms"),
        ("-0.5", "0ms"),
        ("-1.5", "-1ms"),
        ("1000", "1.00s"),
        ("1004", "1.00s"),
        ("1005", "1.00s"),
        ("1006", "1.01s"),
        ("1015", "1.01s"),
        ("1025", "1.02s"),
        ("1035", "1.03s"),
        ("1045", "1.04s"),
        ("1115", "1.11s"),
        ("1125", "1.13s"),
        ("1135", "1.14s"),
        ("1375", "1.38s"),
        ("1625", "1.63s"),
        ("1875", "1.88s"),
        ("2500", "2.50s"),
        ("8575", "8.57s"),
        ("12345", "12.35s"),
        ("59995", "59.99s"),
        ("86400000", "86400.00s"),
    ] {
        assert_eq!(latency_text(milliseconds), text, "{milliseconds}");
    }
    assert_eq!(latency_text(r"\N"), "-");
    assert_eq!(latency_text("soon"), "-");
}

fn latency_text(cell: &str) -> String {
    let mut text = Vec::new();
    write_latency(cell.as_bytes(), &mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn rows_that_are_no_probes_make_no_text() {
    let (file, result) = export(&stream(&header(&COLUMNS[..3]), b""), &options("{}"));
    assert_eq!(
        result.unwrap_err().to_string(),
        "a text file is made of probe logs; missing columns: `status_code`, `latency_ms`, `error_message`"
    );
    assert_eq!(file, b"");
    let (_, result) = export(
        &stream(&header(&COLUMNS), b""),
        &options(r#"{"metadata":"true"}"#),
    );
    assert_eq!(
        result.unwrap_err().to_string(),
        "a text file has no place for metadata"
    );
}

proptest! {
    #[test]
    fn whole_milliseconds_are_rounded_as_their_float_is(milliseconds in 1000_u32..) {
        let by_float = format!("{:.2}s", for_fixed_2(f64::from(milliseconds) / 1000.0));
        prop_assert_eq!(latency_text(&milliseconds.to_string()), by_float);
    }

    #[test]
    fn any_rows_are_as_many_lines(texts in proptest::collection::vec(awkward_text(), 1..20), cut in 1usize..200) {
        let cells = |text: &String| row([text.as_bytes(); 6].map(Some));
        let rows: Vec<u8> = texts.iter().flat_map(cells).collect();
        let stream = stream(&header(&COLUMNS), &rows);
        let (file, result) = export(&stream, &options("{}"));
        prop_assert_eq!(result, Ok(()));
        let lines = std::str::from_utf8(&file).unwrap().split('\n').count();
        prop_assert_eq!(lines, texts.len());
        prop_assert_eq!(export_chunks(stream.chunks(cut), &options("{}")).0, file);
    }

    #[test]
    fn any_bytes_are_one_line(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let (file, _) = export(&stream(&header(&COLUMNS), &row([&bytes[..]; 6].map(Some))), &options("{}"));
        prop_assert!(!String::from_utf8(file).unwrap().contains(['\n', '\r']));
    }
}
