//! Plain text: the log of probes, one line for each, as claude-code-hub's page downloads it.
//!
//! ```text
//! [20:34:56] OK 200 123ms
//! [20:34:55] FAIL - - connect ETIMEDOUT 10.0.0.1:443
//! ```
//!
//! The bytes are those of the hub. The time of day is that of the file's zone, and `-` stands for no status or latency. A
//! line without a message ends in a space. Line feeds stand between the lines and **not after the last**.
//!
//! One thing differs: line ends in a message become `⏎`, because a log has one line for each row. Other control
//! characters become visible symbols (`␛`, and `�` for those from U+0080 to U+009F), because people read logs in terminals.

use std::io::Write as _;

use wide::u8x16;

use super::markup::{Cells, Markup, replace};
use super::scan::Special;
use super::visible::{mark_pictured, picture, utf8};
use super::{ColumnRef, FileFormat, FormatError, Made};
use crate::options::{Format, Fraction, Metadata, Options, TimestampStyle};
use crate::rows::{Header, NULL, ReadError, Row};
use crate::value::{CellText, Value, Written};

/// Text within a line.
struct Visible;

impl Special for Visible {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte| bytes.simd_eq(u8x16::splat(byte));
        // The first bytes of U+0080 to U+00BF, and of U+2028.
        is(b'\\') | is(0xc2) | is(0xe2) | mark_pictured(bytes)
    }
}

impl Markup for Visible {
    fn write(text: &[u8], out: &mut Vec<u8>) {
        let text = &*utf8(text);
        replace(text, out, |at, byte| match byte {
            b'\t' => None,
            b'\n' if text[..at].ends_with(b"\r") => Some(""),
            b'\n' | b'\r' => Some("⏎"),
            0x80.. => beyond_ascii(&text[..at], &text[at..]),
            other => picture(other),
        });
    }
}

/// Returns the text in the place of the first byte of `rest`, whose first character, or the one that it belongs to, is a control
/// character or a line end beyond ASCII. A later byte of such a character is left out.
fn beyond_ascii(before: &[u8], rest: &[u8]) -> Option<&'static str> {
    match (before, rest) {
        // U+0085 (next line), U+2028 (line separator), U+2029 (paragraph separator).
        (_, [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..]) => Some("⏎"),
        (_, [0xc2, 0x80..=0x9f, ..]) => Some("\u{fffd}"),
        ([.., 0xc2], [0x80..=0x9f, ..])
        | ([.., 0xe2], [0x80, 0xa8 | 0xa9, ..])
        | ([.., 0xe2, 0x80], [0xa8 | 0xa9, ..]) => Some(""),
        _ => None,
    }
}

/// Writes the log of probes.
pub(super) struct Probes {
    time: ColumnRef,
    ok: ColumnRef,
    status: ColumnRef,
    latency: ColumnRef,
    message: ColumnRef,
    clock: CellText,
    cells: Cells<Visible>,
    is_first: bool,
}

impl Probes {
    /// Returns a writer for rows that have these five columns.
    ///
    /// # Errors
    /// When the rows lack one of them, or the options ask for metadata.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        if options.metadata == Metadata::With {
            return Err(FormatError::NoMetadata(Format::Text));
        }
        let made = Made {
            file: "a text file",
            rows: "probe logs",
        };
        let names = ["created_at", "ok", "status_code", "latency_ms", "error_message"];
        let [time, ok, status, latency, message] = made.columns(header, positions, names)?;
        let options = Options {
            zone: options.zone.clone(),
            timestamps: TimestampStyle::Local,
            fraction: Some(Fraction::Seconds),
            ..Options::default()
        };
        Ok(Self {
            time,
            ok,
            status,
            latency,
            message,
            clock: CellText::new(&options),
            cells: Cells::new(Visible, header, &options),
            is_first: true,
        })
    }

    fn write_line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let raw = |(position, _): ColumnRef| self.cells.raw(line, position);
        let (time, ok, status, latency) = (raw(self.time), raw(self.ok), raw(self.status), raw(self.latency));
        out.push(b'[');
        out.extend_from_slice(match self.clock.write(time, self.time.1) {
            // `2026-01-28 20:34:56`
            Written::Plain(time) if time.len() == 19 => &time[11..],
            _ => b"--:--:--",
        });
        let is_ok = matches!(
            Value::read(ok, self.ok.1),
            Value::Boolean(true) | Value::Text(b"true")
        );
        out.extend_from_slice(if is_ok { b"] OK " } else { b"] FAIL " });
        if matches!(status, NULL | b"0" | b"") {
            out.push(b'-');
        } else {
            self.cells.write(line, self.status.0, self.status.1, out);
        }
        out.push(b' ');
        write_latency(latency, out);
        out.push(b' ');
        self.cells.write(line, self.message.0, self.message.1, out);
    }
}

impl FileFormat for Probes {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.cells.read(row)?;
        if !self.is_first {
            out.push(b'\n');
        }
        self.is_first = false;
        self.write_line(row.line(), out);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

/// Appends milliseconds as the hub's page shows them: `-`, `123ms`, `1.23s`.
fn write_latency(cell: &[u8], out: &mut Vec<u8>) {
    let text = std::str::from_utf8(cell).unwrap_or_default();
    let written = match text.parse::<u32>() {
        Ok(whole) if whole < 1000 => write!(out, "{whole}ms"),
        // Apart from halves, the float nearest to such a number is never rounded to another digit.
        Ok(whole) if whole % 10 != 5 => {
            let hundredths = (u64::from(whole) + 5) / 10;
            write!(out, "{}.{:02}s", hundredths / 100, hundredths % 100)
        }
        _ => match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
            None => write!(out, "-"),
            // Like JavaScript's `Math.round`, which rounds halves up. Adding 0.0 turns -0 into 0, which JavaScript
            // prints.
            Some(number) if number < 1000.0 => write!(out, "{:.0}ms", (number + 0.5).floor() + 0.0),
            Some(number) => write!(out, "{:.2}s", for_fixed_2(number / 1000.0)),
        },
    };
    written.expect("a Vec takes every byte");
}

/// Returns a number that Rust rounds to two digits as JavaScript's `toFixed(2)` rounds this positive one. Of two
/// equally near results JavaScript takes the greater, and Rust the even one.
fn for_fixed_2(number: f64) -> f64 {
    // Only numbers that end in .125, .375, .625 or .875 lie exactly between two results, because no float ends in
    // other decimals with a last 5.
    let eighths = number * 8.0;
    let is_between = eighths.fract() == 0.0 && eighths % 2.0 != 0.0;
    if is_between { number + 0.001 } else { number }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
