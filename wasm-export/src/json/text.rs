//! Decodes the escapes of strings.

/// Appends the text of a string, which the tokenizer has accepted and which has its quotes. Returns false for an
/// escaped half of a surrogate pair, and the appended text is incomplete then.
pub(crate) fn decode(string: &[u8], out: &mut Vec<u8>) -> bool {
    let inner = string.strip_prefix(b"\"").unwrap_or(string);
    let mut rest = inner.strip_suffix(b"\"").unwrap_or(inner);
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..backslash]);
        let Some((&letter, after)) = rest[backslash + 1..].split_first() else {
            return false;
        };
        rest = after;
        let byte = match letter {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                let Some((character, after)) = code_point(rest) else {
                    return false;
                };
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
                continue;
            }
            other => other,
        };
        out.push(byte);
    }
    out.extend_from_slice(rest);
    true
}

/// Returns the character whose hexadecimal digits begin the text, and the rest of the text.
fn code_point(text: &[u8]) -> Option<(char, &[u8])> {
    let (high, rest) = code_unit(text)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((char::from_u32(high)?, rest));
    }
    let (low, rest) = code_unit(rest.strip_prefix(b"\\u")?)?;
    if !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    let character = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
    Some((character, rest))
}

fn code_unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let unit = digits.iter().try_fold(0, |unit, &digit| {
        char::from(digit).to_digit(16).map(|digit| unit << 4 | digit)
    })?;
    Some((unit, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_decoded() {
        for (string, text) in [
            (r#""""#, Some("")),
            (r#""a\"\\\/\b\f\n\r\t""#, Some("a\"\\/\u{8}\u{c}\n\r\t")),
            (r#""\u00e9\u5f35\ud83c\udf89!""#, Some("é張🎉!")),
            (r#""\ud83c""#, None),
            (r#""\udf89""#, None),
            (r#""\ud83c\u0041""#, None),
            (r#""\ud83c x""#, None),
        ] {
            let mut out = Vec::new();
            let is_text = decode(string.as_bytes(), &mut out);
            assert_eq!(
                is_text.then_some(String::from_utf8_lossy(&out).as_ref()),
                text,
                "{string}"
            );
        }
    }
}
