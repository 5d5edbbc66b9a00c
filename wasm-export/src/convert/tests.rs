use super::*;
use crate::options::Metadata;
use crate::reading::Guarded;
use crate::sample::{export, header, row, stream};

fn converted(name: &str, file: &str, options: &str) -> Result<String, ConvertError> {
    let options: Options = serde_json::from_str(options).unwrap();
    let read_options = ReadOptions::from_file_name(name, None).unwrap();
    let mut out = Vec::new();
    convert(file.as_bytes(), &read_options, "rows", options, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

const PLAIN_CSV: &str = r#"{"format":"csv","bom":"false","newline":"lf","guard":"none"}"#;

#[test]
fn each_format_becomes_each_other() {
    for (name, file, options, expected) in [
        (
            "x.json",
            r#"[{"a":1.0,"b":"x,\ny","c":{"d":[1,null]}},{"a":12345678901234567890,"b":null,"c":true}]"#,
            PLAIN_CSV,
            "a,b,c\n1.0,\"x,\ny\",\"{\"\"d\"\":[1,null]}\"\n12345678901234567890,,true\n",
        ),
        (
            "x.csv",
            "a,b\r\n1,\"\"\r\n,x\r\n",
            r#"{"format":"jsonl"}"#,
            "{\"a\":\"1\",\"b\":\"\"}\n{\"a\":null,\"b\":\"x\"}\n",
        ),
        (
            "x.json",
            r#"[ {"a" : 1e21, "b\u00e9":"\ud800\n"} ]"#,
            r#"{"format":"jsonl"}"#,
            "{\"a\":1e21,\"bé\":\"\\ud800\\n\"}\n",
        ),
        (
            "x.jsonl",
            "{\"a\":\"=1+1\"}\n",
            r#"{"format":"csv","bom":"false","newline":"lf"}"#,
            "\"a\"\n\"'=1+1\"\n",
        ),
        (
            "x.xml",
            "<export xmlns=\"urn:decant:export:1\"><columns>\
             <column element=\"n\" kind=\"decimal\"><name>n</name><label>N</label></column>\
             <column element=\"ok\" kind=\"boolean\"><name>ok</name><label>OK</label></column>\
             <column element=\"t\" kind=\"timestamp\"><name>t</name><label>T</label></column>\
             <column element=\"j\" kind=\"json\"><name>j</name><label>J</label></column></columns>\
             <row><n>1.50</n><ok>true</ok><t>2026-01-28T12:34:56.789Z</t><j>{\"a\":1}</j></row>\
             <end rows=\"1\"/></export>",
            r#"{"format":"jsonl","zone":"Asia/Shanghai"}"#,
            "{\"n\":1.50,\"ok\":true,\"t\":\"2026-01-28T20:34:56.789000+08:00\",\"j\":{\"a\":1}}\n",
        ),
        (
            "x.xml",
            "<export xmlns=\"urn:decant:export:1\"><columns fraction=\"milliseconds\">\
             <column element=\"t\" kind=\"timestamp\"><name>t</name><label>T</label></column></columns>\
             <row><t>2026-01-28T12:34:56.789Z</t></row><end rows=\"1\"/></export>",
            r#"{"format":"jsonl"}"#,
            "{\"t\":\"2026-01-28T12:34:56.789Z\"}\n",
        ),
    ] {
        assert_eq!(converted(name, file, options).unwrap(), expected, "{file}");
    }
}

#[test]
fn the_strict_guard_is_undone_on_request() {
    let file = "\"'=a\",b\n\"'=1+1\",\"it's\"\n";
    let mut read_options = ReadOptions::from_file_name("x.csv", None).unwrap();
    read_options.guarded = Guarded::Decoded;
    let options: Options = serde_json::from_str(PLAIN_CSV).unwrap();
    let mut out = Vec::new();
    convert(file.as_bytes(), &read_options, "rows", options, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "=a,b\n=1+1,it's\n");
}

#[test]
fn what_cannot_be_converted_is_refused_with_its_place() {
    for (name, file, options, expected) in [
        ("x.json", "[]", PLAIN_CSV, "the file has no columns"),
        (
            "x.csv",
            "a,a\n1,2\n",
            PLAIN_CSV,
            "line 1, column 1: the column `a` is there twice",
        ),
        (
            "x.json",
            r#"[{"a":"\ud800"}]"#,
            PLAIN_CSV,
            "line 1, column 15: a string of the row holds half",
        ),
        // A typed column is not guarded, so that a formula in it must be refused.
        (
            "x.json",
            r#"{"metadata":{"columns":[{"name":"a","kind":"integer"}]},"rows":[{"a":"=1+1"}]}"#,
            PLAIN_CSV,
            "line 1, column 76: the row has `=1+1` in a column of another kind",
        ),
        (
            "x.json",
            "[{\"a\":1}]",
            r#"{"columns":["b"]}"#,
            "there is no column `b`",
        ),
    ] {
        let error = converted(name, file, options).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}, not {expected}");
    }
}

#[test]
fn a_file_of_ours_with_metadata_comes_back_the_same() {
    let header = header(&[
        ("id", Kind::Integer),
        ("name", Kind::Text),
        ("cost", Kind::Decimal),
        ("at", Kind::Timestamp),
        ("local", Kind::LocalTimestamp),
        ("ok", Kind::Boolean),
        ("data", Kind::Json),
        ("took", Kind::Interval),
        ("blob", Kind::Bytes),
    ]);
    let cells = [
        "-5",
        "=tab\there\\",
        "NaN",
        "2026-01-28 12:34:56.789+00",
        "2026-01-28 12:34:56",
        "t",
        "{\"a\": [1, \"\\n\"]}",
        "-P1DT2H",
        "\\x00ff",
    ];
    let rows = [
        row(cells.map(|cell| Some(cell.as_bytes()))),
        row(cells.map(|_| None)),
    ]
    .concat();
    for format in [Format::Json, Format::Jsonl] {
        let options = Options {
            format,
            metadata: Metadata::With,
            ..Options::default()
        };
        let (file, result) = export(&stream(&header, &rows), &options);
        result.unwrap();
        let read_options = ReadOptions::from_file_name(&format!("x.{format}"), None).unwrap();
        let mut again = Vec::new();
        convert(file.as_slice(), &read_options, "rows", options, &mut again).unwrap();
        // JSON within a cell loses its white space.
        let compact = String::from_utf8(file)
            .unwrap()
            .replace("{\"a\": [1, \"", "{\"a\":[1,\"");
        assert_eq!(String::from_utf8(again).unwrap(), compact);
    }
}

#[test]
fn many_rows_are_passed_on_in_pieces() {
    let file: String = (0..200_000).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    let out = converted("x.jsonl", &file, r#"{"format":"jsonl"}"#).unwrap();
    assert!(out == file);
}
