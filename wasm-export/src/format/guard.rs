//! The strict guard against formulas. No spreadsheet evaluates guarded text, under any delimiter, and [`decode`]
//! returns the original text.
//!
//! A spreadsheet that reads a file under another delimiter does not recognise the quotes, so that a formula can begin
//! within a cell. Therefore every *start* is checked: the beginning of the cell, and the place behind each carriage
//! return, line feed, and common delimiter other than the file's own. The guard puts one `'` at a start where a
//! formula would begin, or where the text has a `'` itself. Hence [`decode`] removes one `'` at each start, and no
//! two texts become the same cell.

use std::borrow::Cow;

use memchr::memchr;

use crate::number::Number;

/// Returns the guarded form of a cell's text, in a file with this delimiter. A number stays as it is.
pub fn encode(text: &[u8], delimiter: u8) -> Cow<'_, [u8]> {
    if is_number(text) {
        return Cow::Borrowed(text);
    }
    let mut guarded = Vec::new();
    let mut taken = 0;
    let mut start = 0;
    loop {
        if needs_mark(text, start, delimiter) {
            guarded.extend_from_slice(&text[taken..start]);
            guarded.push(b'\'');
            taken = start;
        }
        match text[start..].iter().position(|&byte| ends_cell(byte, delimiter)) {
            Some(length) => start += length + 1,
            None => break,
        }
    }
    if guarded.is_empty() {
        return Cow::Borrowed(text);
    }
    guarded.extend_from_slice(&text[taken..]);
    Cow::Owned(guarded)
}

/// Returns the original text of a guarded cell. `delimiter` is that of the file.
pub fn decode(cell: &[u8], delimiter: u8) -> Cow<'_, [u8]> {
    if memchr(b'\'', cell).is_none() {
        return Cow::Borrowed(cell);
    }
    let mut text = Vec::with_capacity(cell.len());
    let mut at_start = true;
    for &byte in cell {
        if at_start && byte == b'\'' {
            at_start = false;
            continue;
        }
        text.push(byte);
        at_start = ends_cell(byte, delimiter);
    }
    Cow::Owned(text)
}

/// Returns whether some reader begins a new cell behind this byte: one with another common delimiter, or one without
/// quotes across lines.
pub(super) fn ends_cell(byte: u8, delimiter: u8) -> bool {
    matches!(byte, b'\r' | b'\n') || (byte != delimiter && matches!(byte, b',' | b';' | b'\t' | b'|'))
}

/// Returns whether a start with this byte may need a mark. The byte begins a formula, or a character that
/// spreadsheets skip before one.
pub(super) fn is_suspicious(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'=' | b'+' | b'-' | b'@' | b'\'' | b'"' | 0x7f | 0xc2 | 0xd8 | 0xe1..=0xe3 | 0xef)
}

fn needs_mark(text: &[u8], start: usize, delimiter: u8) -> bool {
    let rest = &text[start..];
    match rest.first() {
        Some(b'\'') => true,
        // Some spreadsheets drop these at the beginning of a cell and then check again. Within a cell they only
        // indent a line.
        Some(b'\t' | b'\r' | b'\n' | b'\0') if start == 0 => true,
        Some(&first) => is_suspicious(first) && begins_formula(rest, start > 0, delimiter),
        None => false,
    }
}

/// Returns whether the text begins a formula behind characters that are invisible. Within a cell the check ends with
/// the cell, because the place behind it is another start.
fn begins_formula(text: &[u8], within_cell: bool, delimiter: u8) -> bool {
    let mut rest = text;
    while let Some((character, length)) = first_character(rest) {
        match character {
            '=' | '+' | '-' | '@' => return true,
            // Full-width and small forms of these signs, and the minus sign.
            '＝' | '＋' | '－' | '＠' | '﹢' | '﹣' | '﹦' | '﹫' | '\u{2212}' => return true,
            _ if within_cell && ends_cell(rest[0], delimiter) => return false,
            _ if is_skipped(character) => rest = &rest[length..],
            _ => return false,
        }
    }
    false
}

/// Returns whether some program drops the character before it looks for a formula: control characters and white space
/// (by Unicode, not by locale), invisible marks, and quotes.
fn is_skipped(character: char) -> bool {
    matches!(
        character,
        '\0'..=' ' | '"' | '\u{7f}'..='\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}'
    )
}

fn first_character(text: &[u8]) -> Option<(char, usize)> {
    let character = text[..text.len().min(4)]
        .utf8_chunks()
        .next()?
        .valid()
        .chars()
        .next()?;
    Some((character, character.len_utf8()))
}

/// Returns whether every program takes the text for a number: `-5`, `1.5e-3`, but not `+49 30` or `+5`.
fn is_number(text: &[u8]) -> bool {
    Number::read(text).is_some_and(|number| {
        !number.whole.is_empty() || number.fraction.is_some_and(|digits| !digits.is_empty())
    })
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::awkward_text;

    fn check(delimiter: u8, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let guarded = encode(text.as_bytes(), delimiter);
            assert_eq!(std::str::from_utf8(&guarded).unwrap(), *expected, "{text:?}");
            assert_eq!(*decode(&guarded, delimiter), *text.as_bytes(), "{text:?} again");
        }
    }

    #[test]
    fn formulas_are_marked() {
        check(
            b',',
            &[
                ("=1+1", "'=1+1"),
                ("+1-555", "'+1-555"),
                ("+5", "'+5"),
                ("-1+1", "'-1+1"),
                ("@SUM(A1)", "'@SUM(A1)"),
                ("\t=1", "'\t'=1"),
                ("\r=1+1", "'\r'=1+1"),
                ("\n=1", "'\n'=1"),
                ("\0=1", "'\0=1"),
                ("\tx", "'\tx"),
                ("＝1+1", "'＝1+1"),
                ("＋1", "'＋1"),
                ("－1", "'－1"),
                ("＠x", "'＠x"),
                ("﹢1", "'﹢1"),
                ("﹣1", "'﹣1"),
                ("﹦1", "'﹦1"),
                ("﹫x", "'﹫x"),
                ("\u{2212}1", "'\u{2212}1"),
            ],
        );
    }

    #[test]
    fn what_is_invisible_hides_no_formula() {
        let invisible = " \u{a0}\u{3000}\u{feff}\u{200b}\u{200f}\u{85}\u{ad}\u{61c}\u{180e}\u{1680}\u{2003}\u{2028}\u{202e}\u{2060}";
        for skipped in invisible.chars().chain(['\u{1}', '\u{7f}', '"']) {
            let text = format!("{skipped}{skipped}=1");
            check(b',', &[(text.as_str(), format!("'{text}").as_str())]);
        }
    }

    #[test]
    fn a_formula_after_another_delimiter_or_a_line_end_is_marked() {
        check(
            b',',
            &[
                ("x\r=cmd|1", "x\r'=cmd|1"),
                ("a;=1+1", "a;'=1+1"),
                ("a; =1", "a;' =1"),
                ("a|-b|c", "a|'-b|c"),
                ("a\t@b", "a\t'@b"),
                ("a\r\n=1", "a\r\n'=1"),
                ("a;\"=1", "a;'\"=1"),
                ("a,=1", "a,=1"),
                ("one\n\n- two\n\tthree", "one\n\n'- two\n\tthree"),
            ],
        );
        check(b';', &[("a,=1", "a,'=1"), ("a;=1", "a;=1")]);
        check(b'\t', &[("a\t=1", "a\t=1"), ("a;\t=1", "a;'\t=1")]);
    }

    #[test]
    fn plain_text_and_numbers_stay_as_they_are() {
        for text in [
            "", "plain", "-5", "-1.25e-3", "5.", ".5", "-.5E+7", "1=1", "a-b", "3 - 2", "it's", "a\nb;c",
            "\\.",
        ] {
            check(b',', &[(text, text)]);
        }
    }

    #[test]
    fn what_only_resembles_a_number_is_marked() {
        check(
            b',',
            &[
                ("-", "'-"),
                ("-5a", "'-5a"),
                ("-.", "'-."),
                ("-e5", "'-e5"),
                ("-1e", "'-1e"),
                ("-1 ", "'-1 "),
            ],
        );
        check(
            b',',
            &[
                ("--1", "'--1"),
                ("-0x1", "'-0x1"),
                ("-1.2.3", "'-1.2.3"),
                ("-٣", "'-٣"),
            ],
        );
    }

    #[test]
    fn a_mark_that_was_there_is_kept_apart_from_ours() {
        check(
            b',',
            &[
                ("'=1", "''=1"),
                ("'", "''"),
                ("''", "'''"),
                ("a;'b", "a;''b"),
                ("'-5", "''-5"),
            ],
        );
    }

    proptest! {
        #[test]
        fn decoding_gives_the_text_back(text in awkward_text(), delimiter in proptest::sample::select(&b",;\t|"[..])) {
            let guarded = encode(text.as_bytes(), delimiter);
            prop_assert_eq!(&*decode(&guarded, delimiter), text.as_bytes());
        }

        #[test]
        fn any_bytes_survive(bytes: Vec<u8>) {
            let guarded = encode(&bytes, b',');
            prop_assert_eq!(&*decode(&guarded, b','), &*bytes);
        }

        #[test]
        fn no_two_texts_become_the_same_cell(left in "['=a;\n-]{0,4}", right in "['=a;\n-]{0,4}") {
            prop_assume!(left != right);
            prop_assert_ne!(encode(left.as_bytes(), b','), encode(right.as_bytes(), b','));
        }
    }
}
