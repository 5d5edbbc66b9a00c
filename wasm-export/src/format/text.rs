//! Plain text: the log of probes, a line each, as claude-code-hub's page downloads it.
//!
//! ```text
//! [20:34:56] OK 200 123ms
//! [20:34:55] FAIL - - connect ETIMEDOUT 10.0.0.1:443
//! ```
//!
//! The bytes are those of the hub: the time of day in the file's zone, `-` for no status or latency, the space at the
//! end where there is no message, line feeds between the lines and **none after the last**. One thing is not: line
//! ends in a message, with which a log would not be a line, are shown as `⏎`, and other control characters as their
//! pictures (`␛`), since logs are read in terminals.

use super::marks::replace;
use super::visible::{picture, utf8};
use super::{FileFormat, Format, FormatError, Made};
use crate::options::{Metadata, Options, TimestampStyle};
use crate::rows::{Header, Kind, ReadError, Row};
use crate::value::{CellText, Written};

/// Where a cell stands in a row.
type Place = (usize, Kind);

/// Writes the log of probes.
pub(super) struct Probes {
    time: Place,
    ok: Place,
    status: Place,
    latency: Place,
    message: Place,
    text: CellText,
    is_first: bool,
}

impl Probes {
    /// A file of rows that have these five columns.
    ///
    /// # Errors
    /// When they lack one of them, or the options want metadata in the file.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        if options.metadata == Metadata::With {
            return Err(FormatError::NoMetadata(Format::Text));
        }
        let made = Made {
            file: "a text file",
            rows: "probe logs",
        };
        let names = ["created_at", "ok", "status_code", "latency_ms", "error_message"];
        let [time, ok, status, latency, message] = made.places(header, positions, names)?;
        Ok(Self {
            time,
            ok,
            status,
            latency,
            message,
            text: CellText::new(&Options {
                zone: options.zone.clone(),
                timestamps: TimestampStyle::Local,
                ..Options::default()
            }),
            is_first: true,
        })
    }

    /// The bytes of a cell; `None` for null.
    fn read<'a>(&'a mut self, cells: &[&'a [u8]], (position, kind): Place) -> Option<&'a [u8]> {
        match self.text.write(cells[position], kind) {
            Written::Null => None,
            Written::Plain(text) | Written::Text(text) => Some(text),
        }
    }

    fn write_line(&mut self, cells: &[&[u8]], out: &mut Vec<u8>) {
        out.push(b'[');
        let (position, kind) = self.time;
        out.extend_from_slice(match self.text.write(cells[position], kind) {
            // `2026-01-28 20:34:56`
            Written::Plain(time) if time.len() == 19 => &time[11..],
            _ => b"--:--:--",
        });
        let is_ok = self.read(cells, self.ok) == Some(b"true");
        out.extend_from_slice(if is_ok { b"] OK " } else { b"] FAIL " });
        match self.read(cells, self.status) {
            None | Some(b"0" | b"") => out.push(b'-'),
            Some(status) => write_visible(status, out),
        }
        out.push(b' ');
        let latency = self.read(cells, self.latency);
        out.extend_from_slice(latency_text(latency).as_bytes());
        out.push(b' ');
        if let Some(message) = self.read(cells, self.message) {
            write_visible(message, out);
        }
    }
}

impl FileFormat for Probes {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let cells: Vec<&[u8]> = row.cells()?.collect();
        if !self.is_first {
            out.push(b'\n');
        }
        self.is_first = false;
        self.write_line(&cells, out);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

/// Milliseconds as the hub's page shows them: `-`, `123ms`, `1.23s`.
fn latency_text(milliseconds: Option<&[u8]>) -> String {
    let number = milliseconds.and_then(|text| std::str::from_utf8(text).ok()?.parse::<f64>().ok());
    match number.filter(|number| number.is_finite()) {
        None => "-".to_owned(),
        // JavaScript's `Math.round`: halves go up. Adding 0.0 makes -0 what JavaScript prints it as.
        Some(number) if number < 1000.0 => format!("{:.0}ms", (number + 0.5).floor() + 0.0),
        Some(number) => format!("{}s", to_fixed_2(number / 1000.0)),
    }
}

/// JavaScript's `toFixed(2)` of a positive number: of two that are as near, the greater. Rust takes the even one.
fn to_fixed_2(number: f64) -> String {
    // Only numbers that end in .125, .375, .625 or .875 stand exactly between two: others that end in a 5 are not
    // what a float holds.
    let eighths = number * 8.0;
    let is_between = eighths.fract() == 0.0 && eighths % 2.0 != 0.0;
    format!("{:.2}", if is_between { number + 0.001 } else { number })
}

/// Writes text within a line.
fn write_visible(text: &[u8], out: &mut Vec<u8>) {
    let text = &*utf8(text);
    replace(text, out, |at, byte| match byte {
        b'\t' => None,
        b'\n' if text[..at].ends_with(b"\r") => Some(""),
        b'\n' | b'\r' => Some("⏎"),
        other => picture(other),
    });
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
