//! Cases after public suites of test files: csv-spectrum and the vectors of Go's and Papa Parse's CSV readers,
//! JSONTestSuite, and the not-well-formed documents of the W3C XML suite.

use std::io::BufReader;

use super::*;
use crate::verify;

/// Returns the reader's error, which is the same by any pieces, or `None`.
fn error(name: &str, file: &[u8]) -> Option<String> {
    let options = ReadOptions::from_file_name(name, None).unwrap();
    let by = |size| {
        let read = verify(BufReader::with_capacity(size, file), &options);
        read.err().map(|error| error.to_string())
    };
    let whole = by(4096);
    assert_eq!(by(1), whole, "{:?}", String::from_utf8_lossy(file));
    whole
}

fn check(name: &str, good: &[&[u8]], bad: &[&[u8]]) {
    for file in good {
        let shown = String::from_utf8_lossy(file);
        assert_eq!(error(name, file), None, "{shown:?}");
    }
    for file in bad {
        let shown = String::from_utf8_lossy(file);
        let error = error(name, file).unwrap_or_else(|| panic!("{shown:?} is accepted"));
        assert!(
            error.starts_with("line ") || error.contains("UTF-16") || error.contains("ends too early"),
            "{shown:?}: {error}"
        );
    }
}

#[test]
fn csv() {
    check(
        "x.csv",
        &[
            b"a,b\n1,2\n",
            b"a,b\r\n1,2\r\n",
            b"a,b\r1,2\r",
            b"a,b\r\"1\",2\r\"3\",\"4\r\n5\"",
            b"a\n\"\"\n",
            b"first,last\nJohn,\"120 any st., \"\"A\"\"\"\n",
            b"a,b\n\"ha \n\"\"ha\"\" \nha\",1\n",
            b"a,b,c\n1,\"\",\"\"\n2,,\n",
            b"key,val\n1,\"{\"\"type\"\": \"\"Point\"\", \"\"at\"\": [102.0, 0.5]}\"\n",
            "a,b\n1,ʤ\n".as_bytes(),
            "\u{feff}a,b\n1,2".as_bytes(),
            b"sep=;\na;b\n1;2\n",
            b"sep=;\r\na;b\r\n1;2\r\n",
            b"\"sep=\t\"\na\tb\n1\t2\n",
            b"a,b\n1,2\n\n\r\n",
            b"a,b\n1,2\n\n",
            b"a b,c\n x , y \n",
        ],
        &[
            b"",
            b"a,b\n\"1,2\n",
            b"a,b\n1\"2,3\n",
            b"a,b\n\"1\"2,3\n",
            b"a,b\n1,2,3\n",
            b"a,b\n1\n",
            b"a,b\n\n1,2\n",
            b"\xff\xfea\0,\0b\0",
            b"\xfe\xff\0a\0,\0b",
            b"a,b\n1,\xff\n",
        ],
    );
}

#[test]
fn json() {
    let in_row = |value: &[u8]| [b"[{\"a\":", value, b"}]"].concat();
    for value in [
        &b"[]"[..],
        b"[[]   ]",
        b"{}",
        b"{\"a\":[]}",
        b"{\"\":0}",
        b"{\"a\":\"b\",\"a\":\"c\"}",
        b"{\"foo\\u0000bar\": 42}",
        b"123e65",
        b"0e+1",
        b"0e1",
        b" 4",
        b"-0",
        b"-0.1",
        b"1E22",
        b"1E-2",
        b"1E+2",
        b"123.456e78",
        b"-0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
        b"\"\\u0060\\u012a\\u12AB\"",
        b"\"\\uD801\\udc37\"",
        b"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        b"\"\\u0000\"",
        b"\"\xf4\x8f\xbf\xbf\"",
        b"\"\xef\xbf\xbf\"",
        b"\"\xe2\x80\xa8\"",
        b"\"\x7f\"",
        b"true",
        b"null",
    ] {
        let shown = String::from_utf8_lossy(value);
        assert_eq!(error("x.json", &in_row(value)), None, "{shown:?}");
    }
    for value in [
        &b"[1 true]"[..],
        b"[1,,2]",
        b"[,1]",
        b"[1,]",
        b"[1",
        b"[\"\": 1]",
        b"[*]",
        b"[\n4\n,1,",
        b"{\"a\":1,}",
        b"{\"a\" 1}",
        b"{1:1}",
        b"{'a':0}",
        b"{a:1}",
        b"{\"a\"",
        b"{\"a\":\"b\"}#",
        b"-01",
        b"-",
        b"+1",
        b"--1",
        b".5",
        b"1.",
        b"0.e1",
        b"1e",
        b"1e+",
        b"0x1",
        b"012",
        b"1 000",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"nul",
        b"True",
        b"\"\\x00\"",
        b"\"\\u00A\"",
        b"\"\\u\"",
        b"\"\\a\"",
        b"\"\\",
        b"\"a\nb\"",
        b"\"\t\"",
        b"\"\0\"",
        b"\"\xff\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xc0\xaf\"",
        b"\"\xf4\xbf\xbf\xbf\"",
        b"\xe2\x81\xa0",
        b"/* comment */ 1",
        b"",
    ] {
        let shown = String::from_utf8_lossy(value);
        assert!(error("x.json", &in_row(value)).is_some(), "{shown:?} is accepted");
    }
}

/// A document with this declaration, these attributes and content of a cell, and this text behind the root.
fn document(before: &str, attributes: &str, cell: &str, behind: &str) -> Vec<u8> {
    format!(
        "{before}<export xmlns=\"urn:decant:export:1\" dataset=\"t\"><columns><column element=\"c\" kind=\"text\">\
         <name>c</name><label>c</label></column></columns><row><c{attributes}>{cell}</c></row><end rows=\"1\"/>\
         </export>{behind}"
    )
    .into_bytes()
}

#[test]
fn well_formed_xml() {
    for (before, attributes, cell, behind) in [
        ("<?xml version=\"1.0\"?>", "", "", ""),
        (
            "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n",
            "",
            "",
            "\n",
        ),
        ("<?xml version=\"1.1\" encoding=\"US-ASCII\"?>", "", "", ""),
        ("\u{feff}<?xml version=\"1.0\"?>", "", "x", ""),
        ("<!-- a - b --><?target?>", "", "x", "<?xml-style a?><!---->"),
        ("", " a = '1' b=\"&amp;&#10;&#x1F600;\"", "x", ""),
        ("", " \u{e9}t\u{e9}.1-2='>'", "x", ""),
        ("", "", "&lt;&gt;&quot;&apos;&amp;&#9;&#xd;&#x10FFFF;", ""),
        ("", "", "a<![CDATA[<&>]]]]><![CDATA[>]]>b", ""),
        ("", "", "a]]b ]> \u{fffd}\u{10ffff}\u{7f}", ""),
        ("", "", "a<!-- c --><?pi d?>b", " \r\n\t"),
    ] {
        let file = document(before, attributes, cell, behind);
        let shown = String::from_utf8_lossy(&file);
        assert_eq!(error("x.xml", &file), None, "{shown}");
    }
}

#[test]
fn xml_that_is_not_well_formed() {
    for (before, attributes, cell, behind) in [
        // Declarations.
        ("<?xml VERSION=\"9\"?>", "", "x", ""),
        ("<?xml version=\"2.0\"?>", "", "x", ""),
        ("<?xml encoding=\"UTF-8\"?>", "", "x", ""),
        ("<?xml encoding=\"UTF-8\" version=\"1.0\"?>", "", "x", ""),
        ("<?xml version=\"1.0\" standalone=\"maybe\"?>", "", "x", ""),
        (
            "<?xml version=\"1.0\" standalone=\"no\" encoding=\"UTF-8\"?>",
            "",
            "x",
            "",
        ),
        ("<?xml version=\"1.0\"encoding=\"UTF-8\"?>", "", "x", ""),
        ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "", "é", ""),
        ("<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "", "x", ""),
        ("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>", "", "x", ""),
        (" <?xml version=\"1.0\"?>", "", "x", ""),
        ("<!-- --><?xml version=\"1.0\"?>", "", "x", ""),
        ("<?XML version=\"1.0\"?>", "", "x", ""),
        // Comments and processing instructions.
        ("<!-- a -- b -->", "", "x", ""),
        ("<!-- a --->", "", "x", ""),
        ("<!-- \u{1} -->", "", "x", ""),
        ("<?1?>", "", "x", ""),
        ("<? target?>", "", "x", ""),
        ("<?target \u{1}?>", "", "x", ""),
        ("", "", "<!- a -->", ""),
        ("", "", "<!-- a", ""),
        // Text outside the root element.
        ("text", "", "x", ""),
        ("", "", "x", "text"),
        ("", "", "x", "&#32;"),
        ("&#32;", "", "x", ""),
        ("", "", "x", "<![CDATA[y]]>"),
        ("<![CDATA[]]>", "", "x", ""),
        ("", "", "x", "<export/>"),
        ("", "", "x", "</export>"),
        // Attributes.
        ("", " 12=\"3\"", "x", ""),
        ("", " a", "x", ""),
        ("", " a=1", "x", ""),
        ("", " a=\"1", "x", ""),
        ("", " a=\"1\" a=\"2\"", "x", ""),
        ("", " a=\"1\"b=\"2\"", "x", ""),
        ("", " a=\"<\"", "x", ""),
        ("", " a=\"&nope;\"", "x", ""),
        ("", " a=\"&\"", "x", ""),
        ("", " a=\"&#0;\"", "x", ""),
        ("", " a=\"\u{1}\"", "x", ""),
        ("", " =\"1\"", "x", ""),
        ("", " a=\"1\" =", "x", ""),
        // Text.
        ("", "", "a]]>b", ""),
        ("", "", "a\u{1}b", ""),
        ("", "", "a\0b", ""),
        ("", "", "\u{fffe}", ""),
        ("", "", "\u{ffff}", ""),
        ("", "", "<![CDATA[\u{b}]]>", ""),
        ("", "", "<![CDATA[", ""),
        ("", "", "<![cdata[x]]>", ""),
        ("", "", "&#0;", ""),
        ("", "", "&#1;", ""),
        ("", "", "&#xD800;", ""),
        ("", "", "&#x110000;", ""),
        ("", "", "&#XA;", ""),
        ("", "", "&#;", ""),
        ("", "", "&#1a;", ""),
        ("", "", "&amp", ""),
        ("", "", "& ", ""),
        ("", "", "&nope;", ""),
        ("", "", "&;", ""),
        ("", "", "<", ""),
        // Tags.
        ("", "", "x</d>", ""),
        ("", "", "<c></c>", ""),
        ("", "", "x</ c>", ""),
        ("", "", "x</c a=\"1\">", ""),
        ("", "", "<>", ""),
        ("", "", "<1/>", ""),
        ("<!DOCTYPE export [<!ENTITY e \"x\">]>", "", "&e;", ""),
    ] {
        let file = document(before, attributes, cell, behind);
        let shown = String::from_utf8_lossy(&file);
        let error = error("x.xml", &file).unwrap_or_else(|| panic!("accepted: {shown}"));
        assert!(error.starts_with("line "), "{shown}: {error}");
    }
}
