//! Cursors: the values that identify a row in the order of its stream.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::copy_text::{NULL, unescape};

/// The longest cursor that a caller may send, in characters.
const CURSOR_CHARS_MAX: usize = 16 * 1024;

/// The values of a row's order columns. The next page, or a resumed export, begins behind that row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    values: Vec<Option<String>>,
    is_reversed: bool,
}

/// Begins the cursor of a stream in reversed order. It is no letter of base64url.
const REVERSED: &str = "~";

/// The error for a text that is not a cursor from a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// The text is longer than any cursor.
    #[error("the cursor has more than {CURSOR_CHARS_MAX} characters; take it unchanged from an end record")]
    TooLong,
    /// The text is not URL-safe base64 without padding.
    #[error("the cursor is not base64url; take it unchanged from an end record")]
    NotBase64,
    /// The values are not text that PostgreSQL can hold.
    #[error("the cursor does not hold text; take it unchanged from an end record")]
    NotText,
}

impl Cursor {
    /// Returns a cursor of these raw order cells, which have COPY's escapes, in a stream of the dataset's order or of the
    /// reversed one.
    pub fn encode<'a>(cells: impl IntoIterator<Item = &'a [u8]>, is_reversed: bool) -> String {
        let cells: Vec<&[u8]> = cells.into_iter().collect();
        let prefix = if is_reversed { REVERSED } else { "" };
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(cells.join(&b'\t')))
    }

    /// Reads a cursor. The caller checks the number of values.
    ///
    /// # Errors
    /// When the text is too long, is not base64url, or holds NUL or bytes that are not UTF-8.
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        if text.len() > CURSOR_CHARS_MAX {
            return Err(CursorError::TooLong);
        }
        let (is_reversed, encoded) = match text.strip_prefix(REVERSED) {
            Some(encoded) => (true, encoded),
            None => (false, text),
        };
        let raw = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| CursorError::NotBase64)?;
        let values = raw
            .split(|&byte| byte == b'\t')
            .map(value)
            .collect::<Result<_, _>>()?;
        Ok(Self { values, is_reversed })
    }

    /// Returns the values in the order of the order columns, without escapes. `None` stands for null.
    pub fn values(&self) -> &[Option<String>] {
        &self.values
    }

    /// Returns whether the stream has the reversed order.
    pub fn is_reversed(&self) -> bool {
        self.is_reversed
    }
}

fn value(cell: &[u8]) -> Result<Option<String>, CursorError> {
    if cell == NULL {
        return Ok(None);
    }
    let text = String::from_utf8(unescape(cell).into_owned()).map_err(|_| CursorError::NotText)?;
    if text.contains('\0') {
        Err(CursorError::NotText)
    } else {
        Ok(Some(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gives_back_the_values_of_its_cells() {
        let text = Cursor::encode(
            [&b"2026-01-28 12:34:56.789123+00"[..], b"\\N", b"a\\tb", b""],
            true,
        );
        let cursor = Cursor::decode(&text).unwrap();
        assert!(cursor.is_reversed());
        let expected = [
            Some("2026-01-28 12:34:56.789123+00"),
            None,
            Some("a\tb"),
            Some(""),
        ];
        assert_eq!(cursor.values(), expected.map(|value| value.map(str::to_owned)));
    }

    #[test]
    fn what_no_stream_gave_out_is_refused() {
        let cases: [(String, CursorError); 6] = [
            ("not base64!".to_owned(), CursorError::NotBase64),
            ("YQ==".to_owned(), CursorError::NotBase64),
            (URL_SAFE_NO_PAD.encode(b"\xff"), CursorError::NotText),
            (URL_SAFE_NO_PAD.encode(b"a\0b"), CursorError::NotText),
            (URL_SAFE_NO_PAD.encode(b"a\\000b"), CursorError::NotText),
            ("A".repeat(CURSOR_CHARS_MAX + 1), CursorError::TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(Cursor::decode(&text), Err(error), "{text}");
        }
    }
}
