use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;
use crate::json::Fault;

fn pretty<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<String, JsonError> {
    let mut pretty = Pretty::new();
    let mut out = Vec::new();
    for piece in pieces {
        pretty.push(piece, &mut out)?;
    }
    pretty.finish(&mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(pretty([text.as_bytes()]).as_deref(), Ok(*expected), "{text}");
        let bytewise = pretty(text.as_bytes().chunks(1));
        assert_eq!(bytewise.as_deref(), Ok(*expected), "{text} byte by byte");
    }
}

/// Line, column and offset.
type Location = (u64, u64, u64);

fn check_errors(cases: &[(&[u8], Location, &str)]) {
    for (text, place, fault) in cases {
        let shown = String::from_utf8_lossy(text);
        for size in [1, 3, 1000] {
            let error = pretty(text.chunks(size)).unwrap_err();
            assert_eq!(error.fault.to_string(), *fault, "{shown} by {size}");
            assert_eq!(
                (error.line, error.column, error.offset),
                *place,
                "{shown} by {size}"
            );
        }
    }
}

#[test]
fn the_layout_is_that_of_json_stringify() {
    check(&[
        ("{}", "{}"),
        (" [ ] ", "[]"),
        ("[{}]", "[\n  {}\n]"),
        (r#"{"a":1}"#, "{\n  \"a\": 1\n}"),
        (r#"{"a":[],"b":{}}"#, "{\n  \"a\": [],\n  \"b\": {}\n}"),
        (
            "[1,[2,[3]],true,false,null]",
            "[\n  1,\n  [\n    2,\n    [\n      3\n    ]\n  ],\n  true,\n  false,\n  null\n]",
        ),
        ("\"text\"", "\"text\""),
        ("0", "0"),
        ("\t\r\nnull\n", "null"),
    ]);
}

#[test]
fn nothing_is_lost() {
    check(&[
        ("12345678901234567890", "12345678901234567890"),
        (
            "[1.0,1e21,-0,0.10,1E+2]",
            "[\n  1.0,\n  1e21,\n  -0,\n  0.10,\n  1E+2\n]",
        ),
        (
            r#"{"b":1,"2":2,"1":3,"b":4}"#,
            "{\n  \"b\": 1,\n  \"2\": 2,\n  \"1\": 3,\n  \"b\": 4\n}",
        ),
        (
            r#""\u00e9\/\ud800 \n\"\\ é 張 🎉""#,
            r#""\u00e9\/\ud800 \n\"\\ é 張 🎉""#,
        ),
    ]);
}

#[test]
fn an_error_says_where_and_what_is_expected() {
    check_errors(&[
        (b"", (1, 1, 0), "there is the end where a value is expected"),
        (
            b"{\"a\":1,\n  }",
            (2, 3, 10),
            "there is `}` where a key in quotes is expected",
        ),
        (b"[1 2]", (1, 4, 3), "there is `2` where `,` or `]` is expected"),
        (b"{\"a\" 1}", (1, 6, 5), "there is `1` where `:` is expected"),
        (
            b"{\"a\":1]",
            (1, 7, 6),
            "there is `]` where `,` or `}` is expected",
        ),
        (b"[,]", (1, 2, 1), "there is `,` where a value or `]` is expected"),
        (
            b"{1:2}",
            (1, 2, 1),
            "there is `1` where a key in quotes or `}` is expected",
        ),
        (b"{} {}", (1, 4, 3), "there is `{` where nothing more is expected"),
        (
            b"[01]",
            (1, 3, 2),
            "there is `1` where `.`, an exponent or the number's end is expected",
        ),
        (b"[-]", (1, 3, 2), "there is `]` where a digit is expected"),
        (b"[1.]", (1, 4, 3), "there is `]` where a digit is expected"),
        (b"1e", (1, 3, 2), "there is the end where a digit is expected"),
        (
            b"[tru]",
            (1, 5, 4),
            "there is `]` where the rest of `true`, `false` or `null` is expected",
        ),
        (
            b"nul",
            (1, 4, 3),
            "there is the end where the rest of `true`, `false` or `null` is expected",
        ),
        (
            b"\"abc",
            (1, 5, 4),
            "there is the end where the closing quote is expected",
        ),
        (
            b"\"\\x\"",
            (1, 3, 2),
            "there is `x` where one of `\"\\/bfnrtu` is expected",
        ),
        (
            b"\"\\u12g4\"",
            (1, 6, 5),
            "there is `g` where a hexadecimal digit is expected",
        ),
        (
            b"[\"a\nb\"]",
            (1, 4, 3),
            "the control character 0x0a must be escaped in a string",
        ),
        // Columns count characters.
        (
            "[\"張🎉é\", x]".as_bytes(),
            (1, 9, 14),
            "there is `x` where a value is expected",
        ),
        (b"\n\n [\"a\xff\"]", (3, 5, 6), "the bytes are not UTF-8"),
        (b"\"\xe5\xbc\"", (1, 2, 1), "the bytes are not UTF-8"),
        (b"\"\xed\xa0\x80\"", (1, 2, 1), "the bytes are not UTF-8"),
        (b"\"\xf0\x9f", (1, 2, 1), "the bytes are not UTF-8"),
        (
            b"\xef\xbb\xbf{}",
            (1, 1, 0),
            "there is the byte 0xef where a value is expected",
        ),
        (
            b"[1,\0]",
            (1, 4, 3),
            "there is the byte 0x00 where a value is expected",
        ),
    ]);
}

#[test]
fn depth_has_a_bound() {
    let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    let deepest = pretty([nested(DEPTH_MAX).as_bytes()]).unwrap();
    let longest = deepest.lines().map(str::len).max();
    assert_eq!(longest, Some(2 * (DEPTH_MAX - 1) + 2), "the innermost line");
    let error = pretty([nested(DEPTH_MAX + 1).as_bytes()]).unwrap_err();
    assert_eq!(error.fault, Fault::TooDeep);
    assert_eq!(error.offset, DEPTH_MAX as u64);
}

#[test]
fn an_error_stays() {
    let mut pretty = Pretty::new();
    let mut out = Vec::new();
    let error = pretty.push(b"]", &mut out).unwrap_err();
    assert_eq!(pretty.push(b"[]", &mut out), Err(error.clone()));
    assert_eq!(pretty.finish(&mut out), Err(error));
    assert!(out.is_empty());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[\\x00-\\x7f]{0,80}".prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::hash_map("\\PC{0,20}", inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Generates bytes that are nearly JSON.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[\\[\\]{},:\" ]",
        2 => "[-+.eE0-9]{1,4}",
        2 => "true|false|null|nul|tru",
        2 => "\"([a-zé張🎉]|\\\\[\"\\\\/bfnrtux]|\\\\u[0-9a-fg]{4}){0,6}\"",
        1 => "[\\n\\r\\t\\x00\\x1f]",
    ];
    let pieces = proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes());
    let spoilt = (any_json(), any::<u16>(), any::<u8>()).prop_map(|(value, place, byte)| {
        let mut text = value.to_string().into_bytes();
        let place = usize::from(place) % text.len();
        text[place] = byte;
        text
    });
    prop_oneof![pieces, spoilt, proptest::collection::vec(any::<u8>(), 0..12)]
}

proptest! {
    #[test]
    fn any_document_is_laid_out_as_serde_does_it_however_it_is_cut(
        value in any_json(),
        sizes in proptest::collection::vec(1_usize..40, 1..20),
    ) {
        let compact = value.to_string();
        let expected = serde_json::to_string_pretty(&value).unwrap();
        let mut rest = compact.as_bytes();
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(pretty(pieces), Ok(expected.clone()));
        // An indented document stays as it is.
        prop_assert_eq!(pretty([expected.as_bytes()]), Ok(expected));
    }

    #[test]
    fn what_is_json_is_so_to_serde_too(text in nearly_json(), size in 1_usize..9) {
        // serde does not check the characters of strings that it ignores.
        let is_json = serde_json::from_slice::<IgnoredAny>(&text).is_ok() && std::str::from_utf8(&text).is_ok();
        let whole = pretty([text.as_slice()]);
        prop_assert_eq!(whole.is_ok(), is_json, "{:?}: {:?}", String::from_utf8_lossy(&text), whole);
        prop_assert_eq!(pretty(text.chunks(size)), whole);
    }
}
