use std::io::BufReader;

use proptest::prelude::*;

use super::*;
use crate::options::{Compression, Guard, HeaderStyle};
use crate::rows::Kind;
use crate::sample::{any_options, awkward_text, export, header, row, stream};
use crate::{Options, Verified, verify};

fn read_options(name: &str) -> ReadOptions {
    ReadOptions::from_file_name(name, None).unwrap()
}

/// Verifies a file that comes `size` bytes at a time.
fn read_by(size: usize, name: &str, file: &[u8]) -> Result<Verified, ReadBackError> {
    verify(BufReader::with_capacity(size, file), &read_options(name))
}

/// The cells that were read, as text for people. `None` is null.
#[derive(Default)]
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
}

impl Rows for Table {
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        self.columns = head.columns.iter().map(|column| column.name.clone()).collect();
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), Refusal> {
        let cell = |cell: Cell<'_>| match cell {
            Cell::Null => None,
            Cell::Text(text) | Cell::Json(text) => Some(text.to_vec()),
            Cell::JsonString(string) => {
                let mut text = Vec::new();
                assert!(crate::json::decode(string, &mut text));
                Some(text)
            }
        };
        self.rows.push(row.cells().map(cell).collect());
        Ok(())
    }
}

fn table(name: &str, file: &str) -> Vec<Vec<Option<String>>> {
    let mut all = Vec::new();
    for size in [1, 7, 4096] {
        let mut table = Table::default();
        let input = BufReader::with_capacity(size, file.as_bytes());
        read(input, &read_options(name), &mut table).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let text = |cell: Option<Vec<u8>>| cell.map(|text| String::from_utf8(text).unwrap());
        let mut rows = vec![table.columns.into_iter().map(Some).collect::<Vec<_>>()];
        rows.extend(
            table
                .rows
                .into_iter()
                .map(|row| row.into_iter().map(text).collect()),
        );
        all.push(rows);
    }
    assert!(
        all.windows(2).all(|two| two[0] == two[1]),
        "{file:?} by any pieces"
    );
    all.swap_remove(0)
}

/// Returns rows with `|` between cells, and `-` for null.
fn shown(name: &str, file: &str) -> String {
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let line = |row: &Vec<Option<String>>| row.iter().map(cell).collect::<Vec<_>>().join("|");
    table(name, file).iter().map(line).collect::<Vec<_>>().join("/")
}

fn check_errors(name: &str, cases: &[(&[u8], &str)]) {
    for (file, expected) in cases {
        for size in [1, 5, 4096] {
            let error = read_by(size, name, file).unwrap_err().to_string();
            let file = String::from_utf8_lossy(file);
            assert!(
                error.starts_with(expected),
                "{file:?} by {size}: {error}, not {expected}"
            );
        }
    }
}

#[test]
fn csv_of_every_dialect_is_read() {
    for (file, expected) in [
        ("a,b\r\n1,2\r\n", "a|b/1|2"),
        ("\u{feff}a;b\n1;\"x;y\"\n", "a|b/1|x;y"),
        ("a\tb\n1\t2", "a|b/1|2"),
        ("a|b\n1|\"\"\n", "a|b/1|"),
        ("a,b\n,\"\"\n", "a|b/-|"),
        ("a,b\n\"x\"\"y\",\"line\r\nline\"\n", "a|b/x\"y|line\r\nline"),
        ("one\nx\n\"\"\n", "one/x/"),
        ("a,b\n\"1\",\"2\"", "a|b/1|2"),
        ("\"a,b\";c\n1;2\n", "a,b|c/1|2"),
        ("a,b\nx\ry,\r\n", "a|b/x\ry|-"),
        ("id,name\r1,a\r2,b\r", "id|name/1|a/2|b"),
        ("a\r\"x\"\r\"y\r\"", "a/x/y\r"),
        ("sep=;\r\na;b\r\n1;x,y\r\n", "a|b/1|x,y"),
        ("\u{feff}\"sep=^\"\na^b\n1^2\n", "a|b/1|2"),
        ("a,b\n1,2\n\n\r\n", "a|b/1|2"),
        ("a\n1\n\n", "a/1/-"),
    ] {
        assert_eq!(shown("x.csv", file), expected, "{file:?}");
    }
}

#[test]
fn what_is_wrong_in_csv_has_a_place() {
    check_errors(
        "x.csv",
        &[
            (b"", "line 1, column 1: the file is empty"),
            (
                b"a,b\n1,2,3\n",
                "line 2, column 1: the row has 3 cells where there are 2",
            ),
            (
                b"a,b\n1\n",
                "line 2, column 1: the row has 1 cells where there are 2",
            ),
            ("a,b\né\"x,1\n".as_bytes(), "line 2, column 2: there is a quote"),
            (
                b"a,b\n\"x\"y,1\n",
                "line 2, column 4: text follows the closing quote",
            ),
            (
                b"a,b\n\"x\"\ry,1\n",
                "line 2, column 5: text follows the closing quote",
            ),
            (
                b"a,b\n1,\"x\n\n",
                "line 2, column 3: the quote that opens this cell is never closed",
            ),
            (b"a,b\n1,\xff\n", "line 2, column 3: the cell is not UTF-8"),
            (
                b"a,b\n\n1,2\n",
                "line 2, column 1: the line is blank, and rows follow it",
            ),
            (b"a,b\r1,2\r3\r", "line 3, column 1: the row has 1 cells"),
            (b"\xff\xfea\0\n\0", "the file is UTF-16"),
        ],
    );
}

#[test]
fn json_of_every_layout_is_read() {
    for (name, file, expected) in [
        ("x.json", "[]\n", ""),
        (
            "x.json",
            r#"[{"a":1,"b":"x\n\u00e9"},{"b":null,"a":1.0}]"#,
            "a|b/1|x\né/1.0|-",
        ),
        (
            "x.json",
            r#"[{"a":{ "x" : [1, 2 ,{}] },"b":true},{"a":[]}]"#,
            "a|b/{\"x\":[1,2,{}]}|true/[]|-",
        ),
        ("x.json", "\u{feff}[{}]", "/"),
        (
            "x.json",
            r#"{"metadata":{"dataset":"d","columns":[{"name":"a","label":"A","kind":"text"},{"name":"b"}]},"rows":[{"a":"1"}],"row_count":1}"#,
            "a|b/1|-",
        ),
        ("x.json", r#"{"rows":[{"a":"1"},{"a":2}]}"#, "a/1/2"),
        ("x.jsonl", "{\"a\":1}\n\n{\"a\":2}", "a/1/2"),
        ("x.jsonl", "", ""),
        (
            "x.jsonl",
            "{\"metadata\":{\"columns\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}\n{\"b\":1}\n",
            "a|b/-|1",
        ),
        ("x.ndjson", "{\"metadata\":1}\n{\"metadata\":2}\n", "metadata/1/2"),
        (
            "x.jsonl",
            "{\"metadata\":{\"zone\":\"UTC\"}}\n",
            "metadata/{\"zone\":\"UTC\"}",
        ),
    ] {
        assert_eq!(shown(name, file), expected, "{file:?}");
    }
}

#[test]
fn what_is_wrong_in_json_has_a_place() {
    check_errors(
        "x.json",
        &[
            (
                b"[{\"a\":1,\"a\":2}]",
                "line 1, column 14: the row has the key `a` twice",
            ),
            (
                b"[1]",
                "line 1, column 3: the value that ends here is not an object",
            ),
            (b"[[]]", "line 1, column 2: a row must be an object"),
            (
                b"3",
                "line 1, column 2: the value that ends here is not an object",
            ),
            (
                b"{\"rows\":[],\"row_count\":1}",
                "line 1, column 25: `row_count` is 1, but there are 0 rows",
            ),
            (b"{\"rows\":{}}", "line 1, column 9: `rows` must be an array"),
            (b"{}", "line 1, column 2: the object has no `rows`"),
            (b"{\"other\":1}", "line 1, column 9: \"other\" is not expected"),
            (
                b"[{\"a\":1}",
                "line 1, column 9: there is the end where `,` or `]` is expected",
            ),
        ],
    );
    check_errors(
        "x.jsonl",
        &[
            (b"{\"a\":1}\n[1]\n", "line 2, column 1: a row must be an object"),
            (
                b"{\"a\":1}\n{\"a\":\n2}\n",
                "line 2, column 6: there is a line end",
            ),
            (
                b"{\"a\":1} {\"a\":2}\n",
                "line 1, column 9: there is `{` where a line end is expected",
            ),
            (
                b"7\n",
                "line 1, column 2: the value that ends here is not an object",
            ),
        ],
    );
}

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<export xmlns="urn:decant:export:1" dataset="samples">
<columns>
<column element="a" kind="integer">
<name>a</name>
<label>A</label>
</column>
<column element="b_x0020_c" kind="text">
<name>b c</name>
<label>B &amp; C</label>
</column>
</columns>
<row><a>1</a><b_x0020_c>x &lt; y&#10;&#32;</b_x0020_c></row>
<row><b_x0020_c></b_x0020_c></row>
<row><a>3</a><b_x0020_c encoding="base64">AQI=</b_x0020_c></row>
<end rows="3"/>
</export>
"#;

#[test]
fn json_rows_may_have_different_keys() {
    let file = r#"[{"a":1},{"b":3,"a":2},{},{"c":null}]"#;
    let options = read_options("x.json");
    let (columns, counts) = columns(file.as_bytes(), &options).unwrap();
    assert_eq!((columns.len(), counts.rows), (3, 4));
    let new = read(file.as_bytes(), &options, &mut Table::default()).unwrap_err();
    assert!(
        matches!(
            new,
            ReadBackError::NewKey {
                line: 1,
                column: 14,
                ..
            }
        ),
        "{new:?}"
    );
    let mut table = Table::default();
    let options = ReadOptions { columns, ..options };
    read(file.as_bytes(), &options, &mut table).unwrap();
    assert_eq!(table.columns, ["a", "b", "c"]);
    let row = |cells: [Option<&str>; 3]| {
        cells
            .map(|cell| cell.map(|text| text.as_bytes().to_vec()))
            .to_vec()
    };
    assert_eq!(
        table.rows,
        [
            row([Some("1"), None, None]),
            row([Some("2"), Some("3"), None]),
            row([None, None, None]),
            row([None, None, None]),
        ]
    );
}

#[test]
fn the_keys_of_json_rows_are_bounded_and_those_of_metadata_are_fixed() {
    let rows = |count: usize| {
        (0..count)
            .map(|n| format!("{{\"{n:01000}\":1}}\n"))
            .collect::<String>()
    };
    assert_eq!(
        columns(rows(1000).as_bytes(), &read_options("x.jsonl"))
            .unwrap()
            .0
            .len(),
        1000
    );
    let refused = columns(rows(1100).as_bytes(), &read_options("x.jsonl")).unwrap_err();
    assert!(refused.to_string().contains("the keys of all rows"), "{refused}");
    let with_metadata = r#"{"metadata":{"columns":[{"name":"a"}]},"rows":[{"a":1},{"b":1}],"row_count":2}"#;
    let refused = columns(with_metadata.as_bytes(), &read_options("x.json")).unwrap_err();
    assert!(
        refused.to_string().contains("the metadata does not name"),
        "{refused}"
    );
}

#[test]
fn a_file_with_too_many_columns_is_refused() {
    let error = verify(",".repeat(100_000).as_bytes(), &read_options("x.csv")).unwrap_err();
    assert!(
        error.to_string().contains("the file has 100001 columns"),
        "{error}"
    );
}

#[test]
fn a_guarded_cell_can_be_refused() {
    let options = ReadOptions {
        guarded: Guarded::Refused,
        ..read_options("x.csv")
    };
    let error = verify("a,b\n1,'=x\n".as_bytes(), &options).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("line 2, column 3: the cell has a mark"),
        "{error}"
    );
    assert!(verify("a,b\n1,it's\n".as_bytes(), &options).is_ok());
}

#[test]
fn line_ends_in_xml_are_newlines() {
    for (cell, expected) in [
        ("x\r\ny", "x\ny"),
        ("x\ry", "x\ny"),
        ("<![CDATA[\r\n]]>", "\n"),
        ("&#13;", "\r"),
    ] {
        let file = XML.replacen("<a>1</a>", &format!("<a>{cell}</a>"), 1);
        let read = table("x.xml", &file);
        assert_eq!(read[1][0].as_deref(), Some(expected), "{cell:?}");
    }
}

#[test]
fn our_xml_is_read() {
    let expected = "a|b c/1|x < y\n /-|/3|\u{1}\u{2}";
    assert_eq!(shown("x.xml", XML), expected);
    assert_eq!(shown("x.xml", &format!("\u{feff}{XML}")), expected);
}

/// Counts the rows that a reader hands out, and fails on text that is not UTF-8.
#[derive(Default)]
struct OnlyUtf8 {
    heads: usize,
    rows: usize,
}

impl Rows for OnlyUtf8 {
    fn head(&mut self, _head: &Head<'_>) -> Result<(), Refusal> {
        self.heads += 1;
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), Refusal> {
        self.rows += 1;
        for cell in row.cells() {
            if let Cell::Text(bytes) | Cell::Json(bytes) | Cell::JsonString(bytes) = cell {
                assert!(std::str::from_utf8(bytes).is_ok(), "{bytes:?}");
            }
        }
        Ok(())
    }
}

#[test]
fn no_row_is_handed_out_before_its_bytes_are_known_to_be_utf8() {
    // `4oI=` is base64 of the first two bytes of `€`.
    let xml = |row: &str| {
        format!(
            "<export xmlns=\"urn:decant:export:1\"><columns><column element=\"a\"><name>a</name></column>\
             </columns><row><a>1</a></row>{row}"
        )
        .into_bytes()
    };
    let in_xml = xml("<row><a encoding=\"base64\">4oI=</a></row>");
    let cut_character = |before: &[u8], after: &[u8]| [before, b"\xe2\x82", after].concat();
    for (name, file, rows) in [
        ("x.xml", in_xml, 1),
        ("x.xml", cut_character(&xml("<row><a>"), b"</a></row>"), 1),
        ("x.csv", cut_character(b"a\n1\n", b"\n"), 1),
        ("x.csv", cut_character(b"a\n1\n\"", b"\"\n"), 1),
        ("x.csv", cut_character(b"a\n1\n\"'=", b"\"\n"), 1),
        ("x.csv", cut_character(b"a\n1\n", b""), 1),
        ("x.csv", cut_character(b"a,b", b"\n1,2\n"), 0),
        ("x.json", cut_character(b"[{\"a\":1},{\"a\":\"", b"\"}]"), 1),
        ("x.json", cut_character(b"[{\"a\":1},{\"a\":[\"", b"\"]}]"), 1),
        ("x.json", cut_character(b"[{\"a\":1},{\"a", b"\":1}]"), 1),
        ("x.jsonl", cut_character(b"{\"a\":1}\n{\"a\":\"", b"\"}\n"), 1),
        (
            "x.jsonl",
            cut_character(b"{\"a\":1}\n{\"a\":{\"b", b"\":1}}\n"),
            1,
        ),
    ] {
        for size in [1, 7, 4096] {
            for guarded in [Guarded::Kept, Guarded::Decoded] {
                let read_options = ReadOptions {
                    guarded,
                    ..read_options(name)
                };
                let mut found = OnlyUtf8::default();
                let result = read(
                    BufReader::with_capacity(size, file.as_slice()),
                    &read_options,
                    &mut found,
                );
                let shown = String::from_utf8_lossy(&file);
                let error = result.expect_err(&shown).to_string();
                assert!(error.ends_with("not UTF-8"), "{shown}: {error}");
                assert_eq!(found.rows, rows, "{shown}");
            }
        }
    }
}

#[test]
fn a_name_that_is_not_utf8_is_refused() {
    let file = XML.replacen("<name>a</name>", "<name encoding=\"base64\">4oI=</name>", 1);
    let mut found = OnlyUtf8::default();
    let error = read(file.as_bytes(), &read_options("x.xml"), &mut found).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 5, column 29: the bytes in this base64 are not UTF-8"
    );
    assert_eq!(found.heads, 0);
}

#[test]
fn what_is_wrong_in_xml_has_a_place() {
    let broken = |from: &str, to: &str| XML.replacen(from, to, 1).into_bytes();
    check_errors(
        "x.xml",
        &[
            (
                &broken("rows=\"3\"", "rows=\"4\""),
                "line 16, column 1: `end` announces 4 rows, but there are 3",
            ),
            (
                &broken("<end rows=\"3\"/>\n", ""),
                "line 16, column 1: the file has no `end` element",
            ),
            (&broken("</export>\n", ""), "line 17"),
            (
                &broken("<a>1</a>", "<z>1</z>"),
                "line 13, column 6: the row's element `z`",
            ),
            (&broken("<a>1</a>", "<a>1</b>"), "line 13"),
            (
                &broken("<a>1</a>", "<a>&no;</a>"),
                "line 13, column 9: the reference `&no;`",
            ),
            (
                &broken("<row>", "<row>text"),
                "line 13, column 6: there is text between elements",
            ),
            (&broken("AQI=", "AQ!="), "line 15"),
            (
                &broken("urn:decant:export:1", "urn:other"),
                "line 2, column 1: only Decant's own XML is read",
            ),
            (
                b"<!--\n\xc3\xa9\xff -->",
                "line 2, column 2: the bytes are not UTF-8",
            ),
            (
                b"\xef\xbb\xbf<!-- \xff -->",
                "line 1, column 6: the bytes are not UTF-8",
            ),
            // Columns do not count a byte order mark.
            (
                b"\xef\xbb\xbf<?xml",
                "line 1, column 1: syntax error: XML declaration not closed",
            ),
            (
                b"\xef\xbb\xbf <a/>",
                "line 1, column 2: only Decant's own XML is read",
            ),
            (b"<a/>", "line 1, column 1: only Decant's own XML is read"),
            (b"", "line 1, column 1: the file is incomplete"),
        ],
    );
}

#[test]
fn a_name_says_format_and_compression() {
    for (name, expected) in [
        ("a.csv", Some((InputFormat::Csv, Compression::None))),
        ("A.CSV.GZ", Some((InputFormat::Csv, Compression::Gzip))),
        ("a.b.jsonl.zst", Some((InputFormat::Jsonl, Compression::Zstd))),
        ("a.xml.zip", Some((InputFormat::Xml, Compression::Zip))),
        ("a.zip", None),
        ("a", None),
        ("csv", None),
    ] {
        let found = ReadOptions::from_file_name(name, None)
            .ok()
            .map(|options| (options.format, options.compression));
        assert_eq!(found, expected, "{name}");
    }
    let given = ReadOptions::from_file_name("a.zip", Some(InputFormat::Json)).unwrap();
    assert_eq!(
        (given.format, given.compression),
        (InputFormat::Json, Compression::Zip)
    );
}

fn sample_rows(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|id| row([Some(id.to_string().as_bytes()), Some(b"=1+1".as_slice()), None]))
        .collect()
}

#[test]
fn packed_files_are_unpacked_and_checked() {
    let header = header(&[("id", Kind::Integer), ("said", Kind::Text), ("none", Kind::Text)]);
    let stream = stream(&header, &sample_rows(20_000));
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Zip] {
        let options = Options {
            compression,
            ..Options::default()
        };
        let (file, result) = export(&stream, &options);
        result.unwrap();
        let name = format!("x.csv.{}", compression.extension().unwrap());
        for size in [1, 100, 65536] {
            let verified = read_by(size, &name, &file).unwrap();
            assert_eq!(
                (verified.rows, verified.guarded_cells),
                (20_000, 20_000),
                "{name}"
            );
        }
        // Every cut, change or addition is noticed.
        for cut in [file.len() - 1, file.len() / 2, 20, 1] {
            let error = read_by(4096, &name, &file[..cut]);
            assert!(error.is_err(), "{name} cut to {cut}");
        }
        let longer = [&file[..], b"more"].concat();
        assert!(
            read_by(4096, &name, &longer).is_err(),
            "{name} with more behind it"
        );
        for place in [file.len() / 2, file.len() / 3] {
            let mut other = file.clone();
            other[place] ^= 0x10;
            assert!(
                read_by(4096, &name, &other).is_err(),
                "{name} with another byte at {place}"
            );
        }
    }
}

#[test]
fn what_is_unpacked_has_a_bound() {
    let header = header(&[("id", Kind::Integer), ("said", Kind::Text), ("none", Kind::Text)]);
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Zip] {
        let options = Options {
            compression,
            ..Options::default()
        };
        let (file, _) = export(&stream(&header, &sample_rows(1000)), &options);
        let mut input = unpacked(file.as_slice(), compression, 100).unwrap();
        let error = std::io::copy(&mut input, &mut std::io::sink()).unwrap_err();
        assert!(error.to_string().contains("longer"), "{error}");
    }
}

/// Generates rows of two text cells, some of which are null.
fn text_rows() -> impl Strategy<Value = Vec<[Option<String>; 2]>> {
    let cell = || proptest::option::weighted(0.8, awkward_text());
    proptest::collection::vec((cell(), cell()).prop_map(|(left, right)| [left, right]), 0..6)
}

proptest! {
    #[test]
    fn a_packed_file_with_a_changed_bit_is_not_whole_or_the_same(at in any::<prop::sample::Index>(), bit in 0..8, compression in proptest::sample::select(Compression::ALL)) {
        prop_assume!(compression != Compression::None);
        let header = header(&[("a", Kind::Text)]);
        let raw: String = (0..200).map(|row| format!("a text that comes again {}\n", row % 7)).collect();
        let options = Options { compression, ..Options::default() };
        let mut file = export(&stream(&header, raw.as_bytes()), &options).0;
        let name = format!("x.csv.{}", compression.extension().unwrap());
        let rows = |file: &[u8]| {
            let mut table = Table::default();
            read(BufReader::new(file), &read_options(&name), &mut table).map(|_| table.rows)
        };
        let whole = rows(&file).unwrap();
        let at = at.index(file.len());
        file[at] ^= 1_u8 << bit;
        // Bits of the file's time, system or compression level may differ.
        if let Ok(rows) = rows(&file) {
            prop_assert!(rows == whole, "bit {bit} of byte {at} of {}", file.len());
        }
    }

    #[test]
    fn what_we_write_is_read_back(rows in text_rows(), options in any_options(), size in 1_usize..64) {
        prop_assume!(options.header != HeaderStyle::None);
        // The guard `seeds` writes carriage returns without quotes, and cannot be undone.
        prop_assume!(options.guard != Guard::Seeds);
        let header = header(&[("a", Kind::Text), ("b", Kind::Text)]);
        let raw: Vec<u8> = rows
            .iter()
            .flat_map(|cells| row(cells.iter().map(|cell| cell.as_deref().map(str::as_bytes))))
            .collect();
        let stream = stream(&header, &raw);
        for (name, format) in [("x.csv", "csv"), ("x.json", "json"), ("x.jsonl", "jsonl"), ("x.xml", "xml")] {
            let options = Options { format: format.parse().unwrap(), ..options.clone() };
            let (file, result) = export(&stream, &options);
            prop_assert!(result.is_ok());
            let read_options = ReadOptions {
                guarded: match options.guard {
                    Guard::Strict => Guarded::Decoded,
                    _ => Guarded::Kept,
                },
                delimiter: Some(options.delimiter),
                ..read_options(name)
            };
            let mut table = Table::default();
            let counts = read(BufReader::with_capacity(size, file.as_slice()), &read_options, &mut table);
            prop_assert!(counts.is_ok(), "{:?}: {:?}", counts, String::from_utf8_lossy(&file));
            let expected: Vec<Vec<Option<Vec<u8>>>> = rows
                .iter()
                .map(|cells| cells.iter().map(|cell| cell.clone().map(String::into_bytes)).collect())
                .collect();
            prop_assert_eq!(table.rows, expected);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "[\\[\\]{}\",:;|\\n\\r<>/&a0 ]{0,60}",
    ) {
        for name in ["x.csv", "x.json", "x.jsonl", "x.xml", "x.csv.gz", "x.csv.zst", "x.csv.zip"] {
            for file in [bytes.as_slice(), text.as_bytes()] {
                let whole = read_by(4096, name, file).map_err(|error| error.to_string());
                let bytewise = read_by(1, name, file).map_err(|error| error.to_string());
                prop_assert_eq!(whole, bytewise);
            }
        }
    }

    #[test]
    fn no_spoilt_file_makes_a_reader_panic(place in any::<usize>(), byte in any::<u8>(), which in 0_usize..4) {
        let header = header(&[("id", Kind::Integer), ("said", Kind::Text), ("none", Kind::Text)]);
        let raw = stream(&header, &sample_rows(20));
        let (mut file, name) = match which {
            0 => (XML.as_bytes().to_vec(), "x.xml"),
            other => {
                let compression = [Compression::Gzip, Compression::Zstd, Compression::Zip][other - 1];
                let options = Options { compression, ..Options::default() };
                let (file, _) = export(&raw, &options);
                (file, ["x.csv.gz", "x.csv.zst", "x.csv.zip"][other - 1])
            }
        };
        let place = place % file.len();
        file[place] = byte;
        let _ = read_by(64, name, &file);
    }
}
