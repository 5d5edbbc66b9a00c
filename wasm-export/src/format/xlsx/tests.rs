use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx as Workbook, open_workbook_from_rs};
use proptest::prelude::*;

use super::*;
use crate::rows::{Event, Reader};
use crate::sample::{awkward_text, end, export, export_chunks, header, row, stream};

mod exactness;

/// Returns options for a workbook, with these in addition.
fn options(json: &str) -> Options {
    let mut members = serde_json::json!({"format": "xlsx"});
    let given: serde_json::Value = serde_json::from_str(json).unwrap();
    members
        .as_object_mut()
        .unwrap()
        .extend(given.as_object().unwrap().clone());
    serde_json::from_value(members).unwrap()
}

/// Returns the sheets of a workbook by name, with the cells of every row.
fn sheets(file: &[u8]) -> Vec<(String, Vec<Vec<Data>>)> {
    let mut workbook: Workbook<_> = open_workbook_from_rs(Cursor::new(file)).unwrap();
    let cells = |range: calamine::Range<Data>| range.rows().map(<[Data]>::to_vec).collect();
    let sheets = workbook.worksheets();
    sheets
        .into_iter()
        .map(|(name, range)| (name, cells(range)))
        .collect()
}

/// Returns the sheets of a stream.
fn exported(columns: &[(&str, Kind)], rows: &[u8], json: &str) -> Vec<(String, Vec<Vec<Data>>)> {
    let (file, result) = export(&stream(&header(columns), rows), &options(json));
    assert_eq!(result, Ok(()), "{json}");
    sheets(&file)
}

/// Returns the same with other limits.
fn exported_with(
    columns: &[(&str, Kind)],
    rows: &[u8],
    limit: impl FnOnce(&mut Xlsx),
) -> Vec<(String, Vec<Vec<Data>>)> {
    let header = header(columns);
    let positions: Vec<usize> = (0..columns.len()).collect();
    let mut xlsx = Xlsx::new(&header, &positions, &options("{}")).unwrap();
    limit(&mut xlsx);
    let mut file = Vec::new();
    xlsx.begin(&mut file);
    let mut reader = Reader::new();
    let stream = stream(&header, rows);
    let mut events = reader.read(&stream);
    while let Some(event) = events.next().unwrap() {
        if let Event::Row(row) = event {
            xlsx.row(&row, &mut file).unwrap();
        }
    }
    xlsx.finish(&mut file);
    sheets(&file)
}

fn text(text: &str) -> Data {
    Data::String(text.to_owned())
}

/// Returns the cells of one row as text, without their types.
fn plain(cells: &[Data]) -> Vec<String> {
    let cell = |cell: &Data| match cell {
        Data::DateTime(time) => {
            let (year, month, day, hour, minute, second, millisecond) = time.to_ymd_hms_milli();
            format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millisecond:03}")
        }
        other => other.to_string(),
    };
    cells.iter().map(cell).collect()
}

fn raw_rows(texts: &[Vec<Option<String>>]) -> Vec<u8> {
    texts
        .iter()
        .flat_map(|cells| row(cells.iter().map(|cell| cell.as_deref().map(str::as_bytes))))
        .collect()
}

#[test]
fn every_cell_has_the_type_of_its_column() {
    let columns = [
        ("Time", Kind::Timestamp),
        ("Name", Kind::Text),
        ("Tokens", Kind::Integer),
        ("Cost", Kind::Decimal),
        ("Ratio", Kind::Float),
        ("Replay", Kind::Boolean),
        ("Day", Kind::Date),
    ];
    let rows = b"2026-01-28 12:34:56.789123+00\tx & <y>\t-5\t1.500000000000000\t1.5e-07\tt\t2026-01-28\n\
                 \\N\t=1+1\t\\N\t0.000000000012345\tNaN\tf\t\\N\n\
                 infinity\t\t1234567890123456\t0.123456789012345678\t1e-320\t\\N\t1900-02-28\n";
    let sheets = exported(&columns, rows, r#"{"zone":"Asia/Shanghai"}"#);
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Samples", "Hourly totals"]);
    let rows = &sheets[0].1;
    assert_eq!(
        plain(&rows[0]),
        [
            "Time (Asia/Shanghai)",
            "Name",
            "Tokens",
            "Cost",
            "Ratio",
            "Replay",
            "Day"
        ]
    );
    assert_eq!(plain(&rows[1][..1]), ["2026-01-28 20:34:56.789"]);
    assert_eq!(
        rows[1][1..6],
        [
            text("x & <y>"),
            Data::Float(-5.0),
            Data::Float(1.5),
            Data::Float(1.5e-7),
            Data::Bool(true)
        ]
    );
    assert_eq!(plain(&rows[1][6..]), ["2026-01-28 00:00:00.000"]);
    assert_eq!(
        rows[2],
        [
            Data::Empty,
            text("=1+1"),
            Data::Empty,
            Data::Float(0.000000000012345),
            text("NaN"),
            Data::Bool(false),
            Data::Empty
        ]
    );
    assert_eq!(
        rows[3],
        [
            text("infinity"),
            text(""),
            text("1234567890123456"),
            Data::Float(0.123456789012346),
            text("1e-320"),
            Data::Empty,
            text("1900-02-28")
        ]
    );
}

#[test]
fn the_header_is_what_the_options_say() {
    let mut header = header(&[("at", Kind::Timestamp), ("who", Kind::Text)]);
    header.columns[1]
        .labels
        .insert("zh".to_owned(), "用户".to_owned());
    let first_row = |json: &str| {
        let (file, _) = export(&stream(&header, b"\\N\tx\n"), &options(json));
        plain(&sheets(&file)[0].1[0])
    };
    assert_eq!(first_row("{}"), ["at (UTC)", "who"]);
    assert_eq!(first_row(r#"{"language":"zh-CN"}"#), ["at (UTC)", "用户"]);
    assert_eq!(first_row(r#"{"header":"name"}"#), ["at", "who"]);
    assert_eq!(first_row(r#"{"header":"none","columns":["who"]}"#), ["x"]);
}

#[test]
fn times_are_those_of_the_zone_also_when_its_clocks_change() {
    for (zone, cell, shown) in [
        ("UTC", "2026-01-28 00:00:00+00", "2026-01-28 00:00:00.000"),
        (
            "Asia/Shanghai",
            "2026-01-28 16:00:00.5+00",
            "2026-01-29 00:00:00.500",
        ),
        (
            "Europe/Berlin",
            "2026-03-29 00:59:59.999+00",
            "2026-03-29 01:59:59.999",
        ),
        (
            "Europe/Berlin",
            "2026-03-29 01:00:00+00",
            "2026-03-29 03:00:00.000",
        ),
        (
            "Europe/Berlin",
            "2026-10-25 00:30:00+00",
            "2026-10-25 02:30:00.000",
        ),
        (
            "Europe/Berlin",
            "2026-10-25 01:30:00+00",
            "2026-10-25 02:30:00.000",
        ),
        (
            "America/New_York",
            "1900-03-01 05:00:00+00",
            "1900-03-01 00:00:00.000",
        ),
        (
            "America/New_York",
            "1900-03-01 04:59:59+00",
            "1900-02-28 23:59:59",
        ),
        (
            "Asia/Shanghai",
            "9999-12-31 15:59:59+00",
            "9999-12-31 23:59:59.000",
        ),
        (
            "Asia/Shanghai",
            "9999-12-31 16:00:00+00",
            "9999-12-31 16:00:00+00",
        ),
        ("UTC", "0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00+00 BC"),
    ] {
        let json = format!(r#"{{"zone":"{zone}"}}"#);
        let sheets = exported(&[("at", Kind::Timestamp)], format!("{cell}\n").as_bytes(), &json);
        assert_eq!(plain(&sheets[0].1[1]), [shown], "{cell} in {zone}");
        let is_time = matches!(sheets[0].1[1][0], Data::DateTime(_));
        assert_eq!(is_time, shown.contains('.'), "{cell} in {zone}");
    }
}

#[test]
fn a_serial_is_the_number_that_a_spreadsheet_has_for_the_time() {
    for millisecond in (0..86_400_000).step_by(977) {
        let time = WallTime {
            day: 20_481,
            millisecond,
        };
        let mut written = Vec::new();
        assert!(serial::write_time(time, &mut written));
        let serial: f64 = String::from_utf8(written).unwrap().parse().unwrap();
        let exact = (46_050_f64 * 86_400_000.0 + f64::from(millisecond)) / 86_400_000.0;
        assert!(
            (exact.next_down()..=exact.next_up()).contains(&serial),
            "{serial} for {exact}"
        );
    }
}

#[test]
fn a_further_sheet_begins_when_one_is_full() {
    let rows: Vec<u8> = (1..=7)
        .flat_map(|number| format!("{number}\n").into_bytes())
        .collect();
    let sheets = exported_with(&[("id", Kind::Integer)], &rows, |xlsx| xlsx.rows_max = 4);
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Samples", "Samples (2)", "Samples (3)"]);
    let numbers =
        |sheet: usize| -> Vec<String> { sheets[sheet].1.iter().flat_map(|row| plain(row)).collect() };
    assert_eq!(numbers(0), ["id", "1", "2", "3"]);
    assert_eq!(numbers(1), ["id", "4", "5", "6"]);
    assert_eq!(numbers(2), ["id", "7"]);
}

#[test]
fn a_full_sheet_is_not_followed_by_an_empty_one() {
    let sheets = exported_with(&[("id", Kind::Integer)], b"1\n2\n3\n", |xlsx| xlsx.rows_max = 4);
    assert_eq!(sheets.len(), 1);
}

#[test]
fn a_text_that_is_too_long_for_a_cell_goes_on_in_a_sheet_of_its_own() {
    let long = format!("{}🎉<{}", "a".repeat(32_766), "b".repeat(70_000));
    let json = "{}".repeat(20_000);
    let rows = raw_rows(&[
        vec![Some("short".to_owned()), None],
        vec![Some(long.clone()), Some(json.clone())],
    ]);
    let sheets = exported(&[("name", Kind::Text), ("body", Kind::Json)], &rows, "{}");
    let rows = &sheets[0].1;
    assert_eq!(rows[2][0].to_string(), "a".repeat(32_766));
    let parts = |reference: &str| -> Vec<String> {
        let rows = sheets[1].1.iter().skip(1).enumerate();
        rows.filter(|(_, row)| row[..2] == [text("Samples"), text(reference)])
            .map(|(_, row)| row[3].to_string())
            .collect()
    };
    assert_eq!(sheets[1].0, "Long texts");
    assert_eq!(plain(&sheets[1].1[1][..3]), ["Samples", "A3", "2"]);
    assert_eq!(plain(&sheets[1].1[4][..3]), ["Samples", "B3", "2"]);
    assert_eq!(rows[2][0].to_string() + &parts("A3").concat(), long);
    assert_eq!(rows[2][1].to_string() + &parts("B3").concat(), json);
}

#[test]
fn no_more_of_long_texts_is_held_than_the_limit() {
    let long = "x".repeat(40_000);
    let rows = raw_rows(&vec![vec![Some(long)]; 5]);
    let sheets = exported_with(&[("body", Kind::Text)], &rows, |xlsx| {
        xlsx.long_texts.hold_at_most(0)
    });
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..3], ["Samples", "Samples (2)", "Samples (3)"]);
    let parts: Vec<Vec<String>> = sheets
        .iter()
        .filter(|(name, _)| name.starts_with("Long texts"))
        .flat_map(|(_, rows)| rows.iter().skip(1).map(|row| plain(row)))
        .collect();
    assert_eq!(parts.len(), 5);
    assert!(parts.iter().all(|part| part[3] == "x".repeat(40_000 - 32_767)));
}

#[test]
fn a_workbook_says_what_it_is_if_it_is_asked_to() {
    let sheets = exported(&[("id", Kind::Integer)], b"1\n2\n", r#"{"metadata":"true"}"#);
    let (name, rows) = &sheets[1];
    assert_eq!(name, "About");
    let lines: Vec<Vec<String>> = rows.iter().map(|row| plain(row)).collect();
    assert!(lines.contains(&vec![
        "Exported at".to_owned(),
        "2026-01-28T12:00:00Z".to_owned(),
        String::new()
    ]));
    assert!(lines.contains(&vec!["Rows".to_owned(), "2".to_owned(), String::new()]));
}

#[test]
fn sheets_have_names_that_a_spreadsheet_takes() {
    let mut names = sheet_names::SheetNames::new();
    let long = "🎉".repeat(40);
    for (wanted, taken) in [
        ("Usage logs", "Usage logs"),
        ("usage LOGS", "usage LOGS (2)"),
        ("'a/b'", "a-b"),
        ("", "Rows"),
        (" '' \u{7}", "Rows (2)"),
        ("History", "History (2)"),
        (&long, &"🎉".repeat(15)),
        (&long, &format!("{} (2)", "🎉".repeat(13))),
    ] {
        assert_eq!(names.take(wanted), taken);
    }
}

#[test]
fn what_looks_like_an_escape_is_escaped() {
    for (plain, written) in [
        ("_x0041_", ">_x005F_x0041_"),
        ("_x0041_x0042_", ">_x005F_x0041_x005F_x0042_"),
        ("_x0041\u{1}", ">_x005F_x0041_x0001_"),
        ("_x004_ _y", ">_x004_ _y"),
        ("\u{1f}a\u{fffe}\u{fffd}", ">_x001F_a_xFFFE_\u{fffd}"),
        (" a", " xml:space=\"preserve\"> a"),
        ("a\r\n", " xml:space=\"preserve\">a&#13;\n"),
        ("", ">"),
    ] {
        let mut xml = Vec::new();
        text::write_content(plain, &mut xml);
        assert_eq!(String::from_utf8(xml).unwrap(), written);
    }
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    let sheets = exported(&[("a", Kind::Text)], b"a\xff\xc3(\n", "{}");
    assert_eq!(sheets[0].1[1], [text("a\u{fffd}\u{fffd}(")]);
}

fn texts() -> impl Strategy<Value = Vec<Vec<Option<String>>>> {
    let piece =
        prop_oneof![4 => awkward_text(), 1 => "[<>&_x0-9A-F\\]\u{fffe} é]{0,20}", 1 => "[a-z_]{50,90}"];
    let cell = proptest::option::weighted(0.8, piece);
    proptest::collection::vec(proptest::collection::vec(cell, 3), 0..6)
}

proptest! {
    #[test]
    fn every_text_is_read_back(texts in texts(), more in 0..3_usize) {
        let columns = [("a", Kind::Text), ("b", Kind::Json), ("c", Kind::Text)];
        // Twice, so that cells come from the cache.
        let texts: Vec<_> = std::iter::repeat_n(texts, more + 1).flatten().collect();
        let sheets = exported(&columns, &raw_rows(&texts), "{}");
        let rows = &sheets[0].1;
        for (cells, read) in texts.iter().zip(rows.iter().skip(1)) {
            for (cell, read) in cells.iter().zip(read) {
                let expected = cell.as_deref().map_or(Data::Empty, text);
                prop_assert_eq!(read, &expected);
            }
        }
    }

    #[test]
    fn the_same_rows_are_the_same_bytes_however_they_come(
        texts in texts(), cuts in proptest::collection::vec(1..5000_usize, 1..20), repeated in 1..400_usize,
    ) {
        let header = header(&[("a", Kind::Text), ("b", Kind::Text), ("c", Kind::Text)]);
        let rows = raw_rows(&texts).repeat(repeated);
        let stream = [crate::rows::header_line(&header), rows.clone(), end(&header, &rows)].concat();
        let mut chunks = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            let (chunk, further) = rest.split_at(rest.len().min(*cut));
            chunks.push(chunk);
            rest = further;
            if rest.is_empty() {
                break;
            }
        }
        let options = options("{}");
        prop_assert_eq!(export_chunks(chunks, &options).0, export(&stream, &options).0);
    }

    #[test]
    fn no_bytes_break_it(cells in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 8)) {
        let kinds = [Kind::Timestamp, Kind::LocalTimestamp, Kind::Date, Kind::Integer, Kind::Decimal, Kind::Float,
            Kind::Boolean, Kind::Text];
        let columns: Vec<(String, Kind)> = kinds.iter().enumerate().map(|(index, kind)| (format!("c{index}"), *kind)).collect();
        let columns: Vec<(&str, Kind)> = columns.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
        let rows = row(cells.iter().map(|cell| Some(&cell[..])));
        let sheets = exported(&columns, &rows, "{}");
        prop_assert_eq!(sheets[0].1.len(), 2);
    }
}
