//! Removes the blanks between the values of a JSON text.

use memchr::memchr2;

/// Removes the blanks outside of strings from the JSON text at the end of `out`, which begins at `start`. Digits, escapes and
/// the order of keys stay as they are.
pub(super) fn compact(out: &mut Vec<u8>, start: usize) {
    let (mut read, mut kept) = (start, start);
    while let Some(&byte) = out.get(read) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => read += 1,
            b'"' => {
                let end = read + string_length(&out[read..]);
                out.copy_within(read..end, kept);
                kept += end - read;
                read = end;
            }
            other => {
                out[kept] = other;
                kept += 1;
                read += 1;
            }
        }
    }
    out.truncate(kept);
}

/// Returns the length of the string at the beginning of a text, with its quotes, or of the whole text if the string does not end.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(next) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += next;
        match text[at] {
            b'"' => return at + 1,
            _ => at += 2,
        }
    }
    text.len()
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compacted(text: &str) -> String {
        let mut out = b"before ".to_vec();
        out.extend_from_slice(text.as_bytes());
        compact(&mut out, 7);
        String::from_utf8(out.split_off(7)).unwrap()
    }

    #[test]
    fn only_blanks_outside_of_strings_are_removed() {
        for (text, expected) in [
            ("", ""),
            (
                "{\"role\" : \"user\", \"content\" : \" a  b \"}",
                "{\"role\":\"user\",\"content\":\" a  b \"}",
            ),
            (
                "[1.50,\n 12345678901234567890, 1e400]",
                "[1.50,12345678901234567890,1e400]",
            ),
            (
                r#"{"b" : "\\", "a" : "\" , \"", "b" : null}"#,
                r#"{"b":"\\","a":"\" , \"","b":null}"#,
            ),
            // No JSON, which PostgreSQL does not send.
            ("\" a", "\" a"),
            ("\"\\", "\"\\"),
        ] {
            assert_eq!(compacted(text), expected);
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let scalar = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[ \"\\\\,:{}\\[\\]\r\n\ta\u{e9}🦀]{0,8}".prop_map(Into::into),
        ];
        scalar.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                proptest::collection::btree_map("[ \"\\\\:a]{0,3}", inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_indented_document_becomes_the_compact_one(json in any_json()) {
            let indented = serde_json::to_string_pretty(&json).unwrap();
            prop_assert_eq!(compacted(&indented), json.to_string());
        }
    }
}
