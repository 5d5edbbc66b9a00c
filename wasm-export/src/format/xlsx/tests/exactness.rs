//! Tests that numbers keep their digits, and that sums are exact.

use super::*;

fn is_kept(text: &str) -> bool {
    Number::read(text.as_bytes()).is_some_and(|number| number.is_kept())
}

#[test]
fn a_number_has_at_most_fifteen_digits() {
    for kept in [
        "0",
        "-0.5",
        "999999999999999",
        "-999999999999999",
        "1.500000000000000000000000",
        "0.000000000012345",
        "0.000000000000000000000000000000123456789012345",
        "123456.789012345000000",
    ] {
        assert!(is_kept(kept), "{kept}");
    }
    let far = format!("0.{}1", "0".repeat(400));
    for not in [
        "1000000000000000",
        "0.1234567890123456",
        "1234567890.123456",
        "12345678901234567890123456789",
        "123456789012345678901234567890.000000",
        "",
        "-",
        ".5",
        "5.",
        "1.2.3",
        "007",
        "+1",
        "1e5",
        "NaN",
        &far,
    ] {
        assert!(!is_kept(not), "{not}");
    }
    for (text, kept) in [
        ("1e+20", true),
        ("-1.5e-07", true),
        ("0.1", true),
        ("0.30000000000000004", false),
        ("1e+308", false),
        ("5e-324", false),
        ("Infinity", false),
        ("1e", false),
    ] {
        assert_eq!(number::is_kept_float(text.as_bytes()), kept, "{text}");
    }
}

const COLUMNS: [(&str, Kind); 6] = [
    ("id", Kind::Integer),
    ("created_at", Kind::Timestamp),
    ("user_id", Kind::Integer),
    ("status_code", Kind::Integer),
    ("tokens", Kind::Integer),
    ("cost", Kind::Decimal),
];

#[test]
fn days_are_added_up() {
    let rows = b"1\t2026-01-28 22:30:00+00\t7\t200\t5\t0.100000000000001\n\
                 2\t2026-01-28 23:30:00+00\t7\t200\t\\N\t0.200000000000002\n\
                 3\t\\N\t7\t200\t1\t0.3\n\
                 4\t2026-01-27 12:00:00+00\t7\t200\t-1\t1234567890.123456789\n\
                 5\t2026-01-28 22:31:00+00\t7\t200\t1\t0.1\n";
    let sheets = exported(
        &COLUMNS,
        rows,
        r#"{"zone":"Europe/Berlin","long_decimals":"text"}"#,
    );
    let (name, rows) = &sheets[1];
    assert_eq!(name, "Daily totals");
    let rows: Vec<Vec<String>> = rows.iter().map(|row| plain(row)).collect();
    assert_eq!(rows[0], ["Day (Europe/Berlin)", "Rows", "tokens", "cost"]);
    assert_eq!(
        rows[1],
        ["2026-01-27 00:00:00.000", "1", "-1", "1234567890.123456789"]
    );
    assert_eq!(
        rows[2],
        ["2026-01-28 00:00:00.000", "2", "6", "0.200000000000001"]
    );
    assert_eq!(
        rows[3],
        ["2026-01-29 00:00:00.000", "1", "0", "0.200000000000002"]
    );
    assert_eq!(rows[4], ["(no time)", "1", "1", "0.3"]);
    assert_eq!(rows[5], ["Total", "5", "6", "1234567890.823456789000003"]);
    assert_eq!(rows.len(), 6);
}

#[test]
fn sums_that_a_spreadsheet_rounds_are_numbers_and_have_all_digits_beside_them() {
    let rows = b"1\t2026-01-28 12:30:00+00\t7\t200\t5\t1234567890.123456789\n\
                 2\t2026-01-29 12:30:00+00\t7\t200\t5\t0.5\n";
    let sheets = exported(&COLUMNS, rows, "{}");
    let rows = &sheets[1].1;
    assert_eq!(
        plain(&rows[0]),
        ["Day (UTC)", "Rows", "tokens", "cost", "cost (all digits)"]
    );
    assert_eq!(
        rows[1][3..],
        [Data::Float(1234567890.12346), text("1234567890.123456789")]
    );
    assert_eq!(rows[2][3..], [Data::Float(0.5), text("0.5")]);
    assert_eq!(
        rows[3][3..],
        [Data::Float(1234567890.62346), text("1234567890.623456789")]
    );
}

proptest! {
    #[test]
    fn every_row_is_counted_once(
        times in proptest::collection::vec((0..4_u8, 0..24_u8, -1000..1000_i64), 0..40), days in 1..4_u8,
    ) {
        let mut expected = std::collections::BTreeMap::<String, (i64, i64)>::new();
        let mut rows = String::new();
        let known: std::collections::BTreeSet<u8> =
            times.iter().filter(|(day, _, _)| *day > 0).map(|(day, _, _)| day % days).collect();
        let are_hours = known.len() == 1;
        for (day, hour, tokens) in &times {
            let date = format!("2026-01-{:02}", 10 + day % days);
            let (time, key) = match (day, are_hours) {
                (0, _) => ("\\N".to_owned(), "~".to_owned()),
                (_, true) => (format!("{date} {hour:02}:30:00+00"), format!("{date} {hour:02}:00:00.000")),
                (_, false) => (format!("{date} {hour:02}:30:00+00"), format!("{date} 00:00:00.000")),
            };
            rows += &format!("1\t{time}\t7\t200\t{tokens}\t0\n");
            let total = expected.entry(key).or_default();
            *total = (total.0 + 1, total.1 + tokens);
        }
        let sheets = exported(&COLUMNS, rows.as_bytes(), "{}");
        let read: Vec<Vec<String>> = sheets[1].1.iter().skip(1).map(|row| plain(row)).collect();
        let mut lines: Vec<Vec<String>> = expected.iter().map(|(key, (rows, tokens))| {
            let key = if key == "~" { "(no time)" } else { key };
            vec![key.to_owned(), rows.to_string(), tokens.to_string(), "0".to_owned()]
        }).collect();
        let sum: i64 = times.iter().map(|(_, _, tokens)| tokens).sum();
        lines.push(vec!["Total".to_owned(), times.len().to_string(), sum.to_string(), "0".to_owned()]);
        prop_assert_eq!(read, lines);
    }
}

#[test]
fn hours_are_added_up_where_all_rows_are_of_one_day() {
    let rows = b"1\t2026-01-28 12:30:00+00\t7\t200\t5\t0.1\n\
                 2\t2026-01-28 12:59:59.999+00\t7\t200\t5\tNaN\n\
                 3\t2026-01-28 09:00:00+00\t7\t200\t5\t0.5\n";
    let sheets = exported(&COLUMNS, rows, "{}");
    let (name, rows) = &sheets[1];
    assert_eq!(name, "Hourly totals");
    let rows: Vec<Vec<String>> = rows.iter().map(|row| plain(row)).collect();
    assert_eq!(rows[0], ["Hour (UTC)", "Rows", "tokens", "cost"]);
    assert_eq!(rows[1], ["2026-01-28 09:00:00.000", "1", "5", "0.5"]);
    assert_eq!(rows[2], ["2026-01-28 12:00:00.000", "2", "10", "NaN"]);
    assert_eq!(rows[3], ["Total", "3", "15", "NaN"]);
}

#[test]
fn a_day_that_a_spreadsheet_does_not_have_has_its_date_as_text() {
    let rows = b"1\t1850-01-01 00:00:00+00\t7\t200\t5\t0.1\n\
                 2\t9999-12-31 23:00:00+00\t7\t200\t5\t0.1\n\
                 3\t1850-01-02 00:00:00+00\t7\t200\t5\t0.1\n";
    let sheets = exported(&COLUMNS, rows, r#"{"zone":"Asia/Shanghai"}"#);
    let keys: Vec<String> = sheets[1].1.iter().map(|row| plain(row)[0].clone()).collect();
    assert_eq!(
        keys,
        [
            "Day (Asia/Shanghai)",
            "1850-01-01",
            "1850-01-02",
            "(no time)",
            "Total"
        ]
    );
    let sheets = exported(&COLUMNS, b"1\t1850-01-01 07:00:00+00\t7\t200\t5\t0.1\n", "{}");
    assert_eq!(plain(&sheets[1].1[1])[0], "1850-01-01 07:00:00");
}

#[test]
fn there_are_no_totals_without_a_time() {
    let sheets = exported(&COLUMNS, b"", r#"{"columns":["id","tokens"]}"#);
    assert_eq!(sheets.len(), 1);
    let sheets = exported(&COLUMNS, b"", "{}");
    assert_eq!(plain(&sheets[1].1[1]), ["Total", "0", "0", "0"]);
}
