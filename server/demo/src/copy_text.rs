//! Rows in the text format that `COPY … FROM STDIN` reads.

use std::io::Write;

use jiff::Timestamp;

/// Rows under construction. Cells are appended one after the other, and then the row is ended.
#[derive(Debug, Default)]
pub(crate) struct CopyText {
    bytes: Vec<u8>,
}

impl CopyText {
    pub(crate) fn null(&mut self) -> &mut Self {
        self.cell(b"\\N")
    }

    /// Appends text without characters to escape.
    pub(crate) fn plain(&mut self, text: &str) -> &mut Self {
        debug_assert!(!text.contains(['\\', '\t', '\n', '\r']), "{text:?} is not plain");
        self.cell(text.as_bytes())
    }

    /// Appends any text, escaped.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for &byte in text.as_bytes() {
            match byte {
                b'\\' => self.bytes.extend(b"\\\\"),
                b'\t' => self.bytes.extend(b"\\t"),
                b'\n' => self.bytes.extend(b"\\n"),
                b'\r' => self.bytes.extend(b"\\r"),
                _ => self.bytes.push(byte),
            }
        }
        self.cell(b"")
    }

    pub(crate) fn boolean(&mut self, value: bool) -> &mut Self {
        self.cell(if value { b"t" } else { b"f" })
    }

    pub(crate) fn number(&mut self, value: i64) -> &mut Self {
        self.written(format_args!("{value}"))
    }

    /// Appends the text of `Display`, which must need no escapes.
    pub(crate) fn written(&mut self, value: std::fmt::Arguments<'_>) -> &mut Self {
        self.bytes.write_fmt(value).expect("a Vec takes everything");
        self.cell(b"")
    }

    /// Appends a time, given in microseconds since 1970.
    pub(crate) fn time(&mut self, microseconds: i64) -> &mut Self {
        let time =
            Timestamp::from_microsecond(microseconds).expect("demo times are within four digits of years");
        self.written(format_args!("{time}"))
    }

    /// Appends `value` with `write`, or null.
    pub(crate) fn or_null<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T) -> &mut Self,
    ) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    pub(crate) fn nulls(&mut self, count: usize) -> &mut Self {
        (0..count).fold(self, |row, _| row.null())
    }

    /// Ends the row by turning the last cell's tab into a newline.
    pub(crate) fn end_row(&mut self) {
        if let Some(last) = self.bytes.last_mut() {
            *last = b'\n';
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    fn cell(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self.bytes.push(b'\t');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_escaped_and_rows_end_with_a_newline() {
        let mut rows = CopyText::default();
        rows.number(-7)
            .null()
            .text("a\tb\\c\r\nd\n\\.")
            .time(1_000_001)
            .boolean(true)
            .end_row();
        let expected = "-7\t\\N\ta\\tb\\\\c\\r\\nd\\n\\\\.\t1970-01-01T00:00:01.000001Z\tt\n";
        assert_eq!(String::from_utf8_lossy(rows.bytes()), expected);
    }
}
