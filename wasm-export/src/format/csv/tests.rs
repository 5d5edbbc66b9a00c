use crate::ExportError;
use crate::format::guard;
use crate::options::{Bom, Guard, Newline, Options};
use crate::rows::{Kind, ReadError};
use crate::sample::{export, header, row, stream};

/// Returns options from JSON, without byte order mark and with line feeds unless the test changes them.
fn options(json: &str) -> Options {
    let mut members = serde_json::json!({"bom": "false", "newline": "lf"});
    let given: serde_json::Value = serde_json::from_str(json).unwrap();
    members
        .as_object_mut()
        .unwrap()
        .extend(given.as_object().unwrap().clone());
    serde_json::from_value(members).unwrap()
}

/// Checks that rows under a header become this file.
fn check(columns: &[(&str, Kind)], rows: &str, json: &str, expected: &str) {
    let (file, result) = export(&stream(&header(columns), rows.as_bytes()), &options(json));
    assert_eq!(result, Ok(()), "{json}");
    assert_eq!(String::from_utf8(file).unwrap(), expected, "{rows} with {json}");
}

/// Checks that each text becomes this cell between two others.
fn check_text(json: &str, cases: &[(&str, &str)]) {
    let columns = [("a", Kind::Integer), ("b", Kind::Text), ("c", Kind::Integer)];
    let delimiter = char::from(options(json).delimiter.byte());
    for (text, expected) in cases {
        let rows = String::from_utf8(row([Some(&b"1"[..]), Some(text.as_bytes()), Some(b"3")])).unwrap();
        let json = json.replace('{', r#"{"header":"none","#).replace(",}", "}");
        check(
            &columns,
            &rows,
            &json,
            &format!("1{delimiter}{expected}{delimiter}3\n"),
        );
    }
}

#[test]
fn a_usage_log_looks_like_this() {
    let columns = [
        ("Time", Kind::Timestamp),
        ("User", Kind::Text),
        ("Provider", Kind::Text),
        ("Input Tokens", Kind::Integer),
        ("Cost (USD)", Kind::Decimal),
        ("Replay", Kind::Boolean),
    ];
    let rows = "2026-01-28 12:34:56.789123+00\tMüller, Jörg\t\\N\t-5\t0.000000000000001\tt\n\
                2026-01-28 12:34:55+00\t=cmd|' /C calc'!A0\t\t\\N\t\\N\tf\n\
                2026-01-28 12:34:54.1+00\tsaid \"hi\"\\nthere\tmain\t7\t1.50\t\\N\n";
    check(
        &columns,
        rows,
        "{}",
        "\"Time\",User,Provider,Input Tokens,Cost (USD),Replay\n\
         2026-01-28T12:34:56.789Z,\"Müller, Jörg\",,-5,0.000000000000001,true\n\
         2026-01-28T12:34:55.000Z,\"'=cmd|'' /C calc'!A0\",\"\",,,false\n\
         2026-01-28T12:34:54.100Z,\"said \"\"hi\"\"\nthere\",main,7,1.50,\n",
    );
    check(
        &columns,
        rows,
        r#"{"zone":"Asia/Shanghai","timestamps":"local","delimiter":"semicolon","decimal":"comma","newline":"crlf"}"#,
        "\"Time (Asia/Shanghai)\";User;Provider;Input Tokens;Cost (USD);Replay\r\n\
         2026-01-28 20:34:56;\"Müller, Jörg\";;-5;0,000000000000001;true\r\n\
         2026-01-28 20:34:55;\"'=cmd|'' /C calc'!A0\";\"\";;;false\r\n\
         2026-01-28 20:34:54;\"said \"\"hi\"\"\nthere\";main;7;1,50;\r\n",
    );
}

#[test]
fn excel_is_told_that_the_file_is_utf_8_unless_it_must_not_be() {
    let stream = stream(&header(&[("ID", Kind::Integer)]), b"1\n");
    assert_eq!(
        export(&stream, &Options::default()).0,
        "\u{feff}\"ID\"\r\n1\r\n".as_bytes()
    );
    let plain = Options {
        bom: Bom::Without,
        newline: Newline::Lf,
        guard: Guard::None,
        ..Options::default()
    };
    assert_eq!(export(&stream, &plain).0, b"ID\n1\n");
}

#[test]
fn columns_can_be_chosen_and_put_in_another_order() {
    let columns = [
        ("a", Kind::Integer),
        ("b", Kind::Text),
        ("c", Kind::Boolean),
        ("d", Kind::Text),
    ];
    let rows = "1\tx\tt\ty\n2\t\\N\tf\t=1\n";
    check(
        &columns,
        rows,
        r#"{"columns":["d","a","b"]}"#,
        "\"d\",a,b\ny,1,x\n\"'=1\",2,\n",
    );
    check(
        &columns,
        rows,
        r#"{"columns":["b","c"]}"#,
        "\"b\",c\nx,true\n,false\n",
    );
    check(
        &columns,
        rows,
        r#"{"columns":["c"],"header":"none"}"#,
        "true\nfalse\n",
    );
}

#[test]
fn columns_that_cannot_be_had_are_named() {
    let mut header = header(&[("a", Kind::Integer), ("b", Kind::Text), ("id", Kind::Integer)]);
    header.columns[2].hidden = true;
    for (columns, message) in [
        (&["a", "x"][..], "there is no column `x`; there are `a`, `b`"),
        (&["id"], "there is no column `id`; there are `a`, `b`"),
        (
            &["a", "b", "a"],
            "the column `a` is chosen twice; the columns are `a`, `b`",
        ),
        (&[], "no column is chosen; there are `a`, `b`"),
    ] {
        let columns = Some(columns.iter().map(|&name| name.to_owned()).collect());
        let (file, result) = export(
            &stream(&header, b"1\tx\t9\n"),
            &Options {
                columns,
                ..Options::default()
            },
        );
        assert_eq!(result.unwrap_err().to_string(), message);
        assert_eq!(file, b"");
    }
}

#[test]
fn hidden_columns_never_reach_the_file() {
    let mut header = header(&[("a", Kind::Integer), ("id", Kind::Integer)]);
    header.columns[1].hidden = true;
    let (file, _) = export(&stream(&header, b"1\t99\n2\t98\n"), &options("{}"));
    assert_eq!(file, b"\"a\"\n1\n2\n");
}

#[test]
fn the_header_speaks_the_language_that_was_asked_for() {
    let mut header = header(&[("created_at", Kind::Timestamp), ("model", Kind::Text)]);
    header.columns[0].label = "Time".to_owned();
    header.columns[0]
        .labels
        .insert("zh".to_owned(), "时间".to_owned());
    header.columns[0]
        .labels
        .insert("pt-BR".to_owned(), "Horário".to_owned());
    for (json, expected) in [
        (r#"{"language":"zh-CN"}"#, "\"时间\",model\n"),
        (r#"{"language":"ZH"}"#, "\"时间\",model\n"),
        (
            r#"{"language":"pt-br","timestamps":"local"}"#,
            "\"Horário (UTC)\",model\n",
        ),
        (r#"{"language":"pt"}"#, "\"Time\",model\n"),
        (
            r#"{"header":"name","language":"zh","timestamps":"local"}"#,
            "\"created_at\",model\n",
        ),
        (r#"{"header":"none"}"#, ""),
    ] {
        assert_eq!(
            String::from_utf8(export(&stream(&header, b""), &options(json)).0).unwrap(),
            expected,
            "{json}"
        );
    }
}

#[test]
fn header_cells_are_guarded_like_text() {
    check(
        &[("=a", Kind::Integer), ("-b", Kind::Text), ("c,d", Kind::Text)],
        "",
        "{}",
        "\"'=a\",\"'-b\",\"c,d\"\n",
    );
    check(
        &[("-1", Kind::Integer), ("=b", Kind::Text)],
        "",
        r#"{"guard":"seeds"}"#,
        "'-1,'=b\n",
    );
    check(
        &[("=a", Kind::Integer), ("", Kind::Text)],
        "",
        r#"{"guard":"none"}"#,
        "=a,\"\"\n",
    );
}

#[test]
fn null_and_empty_text_stay_apart_as_postgresql_has_it() {
    let columns = [("a", Kind::Text), ("b", Kind::Text), ("c", Kind::Text)];
    for json in [r#"{"header":"none"}"#, r#"{"header":"none","guard":"none"}"#] {
        check(&columns, "\\N\t\tx\n\t\\N\t\n", json, ",\"\",x\n\"\",,\"\"\n");
    }
    check(
        &columns,
        "\\N\t\tx\n",
        r#"{"header":"none","guard":"seeds"}"#,
        ",,x\n",
    );
}

#[test]
fn a_row_of_one_empty_cell_is_no_blank_line() {
    for guard in Guard::ALL {
        check(
            &[("a", Kind::Text)],
            "\\N\n\nx\n",
            &format!(r#"{{"guard":"{guard}","header":"none"}}"#),
            "\"\"\n\"\"\nx\n",
        );
    }
}

#[test]
fn without_a_guard_only_what_rfc_4180_wants_is_quoted() {
    let cases = [
        ("=1", "=1"),
        (" a ", " a "),
        ("a;b", "a;b"),
        ("'x", "'x"),
        ("tab\there", "tab\there"),
        (r"\.", r#""\.""#),
    ];
    check_text(r#"{"guard":"none"}"#, &cases);
    let cases = [
        ("a,b", "\"a,b\""),
        ("a\"b", "\"a\"\"b\""),
        ("a\rb", "\"a\rb\""),
        ("a\nb", "\"a\nb\""),
        ("\"", "\"\"\"\""),
    ];
    check_text(r#"{"guard":"none"}"#, &cases);
    check_text(
        r#"{"guard":"none","delimiter":"tab"}"#,
        &[("tab\there", "\"tab\there\""), ("a,b", "a,b")],
    );
    check_text(r#"{"guard":"none","delimiter":"pipe"}"#, &[("a|b", "\"a|b\"")]);
}

#[test]
fn the_seeds_guard_is_exactly_the_rule_of_the_seeds() {
    check_text(
        r#"{"guard":"seeds"}"#,
        &[
            ("x\r=cmd|1", "x\r=cmd|1"),
            ("\r=1+1", "'\r=1+1"),
            ("a;=1+1", "a;=1+1"),
            (" =1+1", " =1+1"),
            ("＝1+1", "＝1+1"),
            ("\n=1", "\"\n=1\""),
            ("-5", "'-5"),
            ("+1-555", "'+1-555"),
            ("@x,y", "\"'@x,y\""),
            ("=\"a\"", "\"'=\"\"a\"\"\""),
            ("'=1", "'=1"),
            ("\tx", "'\tx"),
            ("", ""),
            (r"\.", r"\."),
        ],
    );
    check_text(
        r#"{"guard":"seeds","delimiter":"semicolon"}"#,
        &[("a;b", "\"a;b\""), ("a,b", "\"a,b\"")],
    );
    let columns = [("n", Kind::Integer), ("t", Kind::Timestamp)];
    check(
        &columns,
        "-5\t-infinity\n",
        r#"{"guard":"seeds","header":"none"}"#,
        "'-5,'-infinity\n",
    );
}

/// Cells for which the rule of claude-code-hub fails.
#[test]
fn the_strict_guard_holds_where_that_of_the_seeds_does_not() {
    check_text(
        "{}",
        &[
            ("x\r=cmd|1", "\"x\r'=cmd|1\""),
            ("\r=1+1", "\"'\r'=1+1\""),
            ("a;=1+1", "\"a;'=1+1\""),
            (" =1+1", "\"' =1+1\""),
            ("\u{a0}=1+1", "\"'\u{a0}=1+1\""),
            ("\u{3000}=1+1", "\"'\u{3000}=1+1\""),
            ("\u{feff}=1+1", "\"'\u{feff}=1+1\""),
            ("\u{200b}=1+1", "\"'\u{200b}=1+1\""),
            ("＝1+1", "\"'＝1+1\""),
            ("\n=1", "\"'\n'=1\""),
            ("-5", "-5"),
            ("-1.25e-3", "-1.25e-3"),
            ("+1-555", "\"'+1-555\""),
            ("=1", "\"'=1\""),
            ("'=1", "\"''=1\""),
            ("=1+2\";=1+2", "\"'=1+2\"\";'=1+2\""),
        ],
    );
}

#[test]
fn the_strict_guard_quotes_what_other_readers_would_split_or_trim() {
    check_text(
        "{}",
        &[
            ("a;b", "\"a;b\""),
            ("a|b", "\"a|b\""),
            ("a\tb", "\"a\tb\""),
            (" a", "\" a\""),
            ("a ", "\"a \""),
            ("a b", "a b"),
            (r"\.", r#""\.""#),
            (r"\.x", r"\.x"),
            ("张伟", "张伟"),
            ("ábc", "ábc"),
        ],
    );
    check_text(
        r#"{"delimiter":"tab"}"#,
        &[("a,b", "\"a,b\""), ("a,=b", "\"a,'=b\"")],
    );
}

#[test]
fn typed_columns_are_never_prefixed() {
    let columns = [
        ("a", Kind::Integer),
        ("b", Kind::Decimal),
        ("c", Kind::Float),
        ("d", Kind::Timestamp),
        ("e", Kind::Date),
        ("f", Kind::Interval),
        ("g", Kind::Time),
    ];
    let rows = "-5\t-0.50\t-Infinity\t-infinity\t-infinity\t-P1D\t12:00:00+02\n";
    check(
        &columns,
        rows,
        r#"{"header":"none"}"#,
        "-5,-0.50,-Infinity,-infinity,-infinity,-P1D,12:00:00+02\n",
    );
}

#[test]
fn a_number_that_holds_the_delimiter_is_quoted() {
    let columns = [("a", Kind::Decimal), ("b", Kind::Integer)];
    let json = |delimiter| format!(r#"{{"header":"none","decimal":"comma","delimiter":"{delimiter}"}}"#);
    check(&columns, "-1.5\t2\n", &json("comma"), "\"-1,5\",2\n");
    check(&columns, "-1.5\t2\n", &json("semicolon"), "-1,5;2\n");
}

#[test]
fn rows_of_every_length_come_out_whole() {
    let columns = [("a", Kind::Text), ("b", Kind::Text), ("c", Kind::Text)];
    for length in 0..200 {
        let long = "x".repeat(length);
        check(
            &columns,
            &format!("{long}\ty\t{long}\ny\t{long} \t\\N\n"),
            r#"{"header":"none","guard":"none"}"#,
            &format!(
                "{cell},y,{cell}\ny,{long} ,\n",
                cell = if length == 0 { "\"\"" } else { &long }
            ),
        );
    }
}

#[test]
fn a_cell_stands_out_wherever_in_the_row_it_is() {
    let columns = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| (name, Kind::Text));
    for length in 1..200 {
        let pad = "x".repeat(length);
        check(
            &columns,
            &format!("{pad}\t=1\ta \t\t\\N\tq\"q\t-\t+\n"),
            r#"{"header":"none"}"#,
            &format!("{pad},\"'=1\",\"a \",\"\",,\"q\"\"q\",\"'-\",\"'+\"\n"),
        );
        for (last, expected) in [
            ("", "\"\""),
            (" ", "\" \""),
            ("a ", "\"a \""),
            ("-", "\"'-\""),
            ("\\N", ""),
        ] {
            check(
                &[("a", Kind::Text), ("b", Kind::Text)],
                &format!("{pad}\t{last}\n"),
                r#"{"header":"none"}"#,
                &format!("{pad},{expected}\n"),
            );
        }
    }
}

#[test]
fn a_formula_is_found_behind_whatever_byte_a_cell_begins_with() {
    let header = header(&[("a", Kind::Integer), ("b", Kind::Text)]);
    // A quote would be doubled.
    for first in (0..=u8::MAX).filter(|&first| first != b'"') {
        let text = [first, b'=', b'1'];
        let (file, _) = export(
            &stream(&header, &row([Some(&b"1"[..]), Some(&text[..])])),
            &options("{}"),
        );
        let guarded = guard::encode(&text, b',');
        let is_marked = file.windows(guarded.len()).any(|window| window == &*guarded);
        assert!(is_marked, "{}", file.escape_ascii());
    }
}

#[test]
fn a_table_may_have_more_columns_than_fit_in_a_word() {
    let names: Vec<String> = (0..200).map(|index| format!("c{index}")).collect();
    let columns: Vec<(&str, Kind)> = names
        .iter()
        .map(|name| {
            (
                name.as_str(),
                if name.ends_with('7') {
                    Kind::Boolean
                } else {
                    Kind::Text
                },
            )
        })
        .collect();
    let raw: Vec<String> = (0..200)
        .map(|index| {
            if index % 10 == 7 {
                "t".to_owned()
            } else {
                format!("v{index}")
            }
        })
        .collect();
    let cells: Vec<String> = raw
        .iter()
        .map(|cell| {
            if cell == "t" {
                "true".to_owned()
            } else {
                cell.clone()
            }
        })
        .collect();
    check(
        &columns,
        &format!("{}\n", raw.join("\t")),
        r#"{"header":"none"}"#,
        &format!("{}\n", cells.join(",")),
    );
}

#[test]
fn a_row_with_too_many_cells_leaves_nothing_behind() {
    let header = header(&[("a", Kind::Integer), ("b", Kind::Integer)]);
    let many = "\t".repeat(500);
    for (line, found) in [("3", 1), ("3\t4\t5", 3), (many.as_str(), 501)] {
        let (file, result) = export(
            &stream(&header, format!("1\t2\n{line}\n").as_bytes()),
            &options("{}"),
        );
        assert_eq!(
            result,
            Err(ExportError::Read(ReadError::Cells {
                row: 2,
                expected: 2,
                found
            }))
        );
        assert_eq!(file, b"\"a\",b\n1,2\n");
    }
}
