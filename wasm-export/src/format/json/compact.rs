//! Removes the blanks between the values of a JSON text.

use wide::u8x16;

use crate::format::block::{BLOCK, append, filled_up};
use crate::rows::read_escape;

/// Appends a JSON cell without COPY's escapes and without the blanks outside of strings. Digits, escapes of JSON and the order of
/// keys stay as they are.
///
/// PostgreSQL has validated the text. COPY writes each backslash of JSON twice, and line ends and tabs between values as escapes.
pub(super) fn compact_into(cell: &[u8], out: &mut Vec<u8>) {
    // The bytes from here on are not written yet. Marks before `read` belong to an escape that has been read.
    let (mut from, mut read) = (0, 0);
    let mut is_in_string = false;
    for at in Marks::of(cell) {
        if at < read {
            continue;
        }
        if cell[at] == b'"' {
            match is_in_string {
                true => {
                    append(&cell[from..], at + 1 - from, out);
                    from = at + 1;
                }
                false => {
                    append_without_blanks(&cell[from..at], out);
                    from = at;
                }
            }
            is_in_string = !is_in_string;
            continue;
        }
        match is_in_string {
            true => append(&cell[from..], at - from, out),
            false => append_without_blanks(&cell[from..at], out),
        }
        let (byte, rest) = read_escape(&cell[at + 1..]);
        (from, read) = (cell.len() - rest.len(), cell.len() - rest.len());
        if is_in_string || !is_blank(byte) {
            out.push(byte);
        }
        if byte != b'\\' || !is_in_string {
            continue;
        }
        // The character behind a backslash of JSON belongs to it.
        match rest.first() {
            Some(b'"') => read += 1,
            Some(b'\\') => {
                let (byte, rest) = read_escape(&rest[1..]);
                out.push(byte);
                (from, read) = (cell.len() - rest.len(), cell.len() - rest.len());
            }
            _ => {}
        }
    }
    match is_in_string {
        true => out.extend_from_slice(&cell[from..]),
        false => append_without_blanks(&cell[from..], out),
    }
}

fn append_without_blanks(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if !is_blank(byte) {
            out.push(byte);
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The places of quotes and backslashes in a text.
struct Marks<'a> {
    text: &'a [u8],
    /// The place of the block behind the current one.
    next: usize,
    /// One bit for each byte of the current block that is left.
    bits: u64,
}

impl<'a> Marks<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self {
            text,
            next: 0,
            bits: 0,
        }
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            let rest = self.text.get(self.next..).filter(|rest| !rest.is_empty())?;
            self.bits = match rest.first_chunk() {
                Some(block) => marks_of(block),
                None => marks_of(&filled_up(rest)),
            };
            self.next += BLOCK;
        }
        let at = self.next - BLOCK + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(at)
    }
}

#[inline]
fn marks_of(block: &[u8; BLOCK]) -> u64 {
    let (parts, _) = block.as_chunks::<16>();
    let marks = parts.iter().map(|part| {
        let bytes = u8x16::new(*part);
        bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))
    });
    let masks = marks.enumerate();
    masks.fold(0, |bits, (index, marks)| {
        bits | u64::from(marks.to_bitmask()) << (16 * index)
    })
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rows::escape_into;

    fn compacted(text: &str) -> String {
        let (mut cell, mut out) = (Vec::new(), b"before ".to_vec());
        escape_into(text.as_bytes(), &mut cell);
        compact_into(&cell, &mut out);
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
            "[ \"\\\\,:{}\\[\\]\r\n\ta\u{e9}🦀]{0,90}".prop_map(Into::into),
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
