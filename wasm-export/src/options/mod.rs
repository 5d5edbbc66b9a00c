//! Options of a file. Addresses, the command line and the worker use the same words for them.

use serde::{Deserialize, Serialize};

mod compression;
mod format;
mod words;

pub use compression::Compression;
pub use format::Format;
pub(crate) use format::for_each_format;
pub use words::UnknownWord;
pub(crate) use words::option_words;

use crate::zone::Zone;

/// All options of a file. Each has a default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The file format, CSV by default.
    pub format: Format,
    /// Names of the columns, in the order of the file. `None` stands for all columns that the stream shows, in its
    /// order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The time zone of timestamps in the file.
    pub zone: Zone,
    /// The style of timestamps, ISO 8601 by default.
    pub timestamps: TimestampStyle,
    /// Digits of the seconds' fraction in timestamps. `None` stands for the dataset's digits, or six where it names
    /// none; a dataset that names its digits has whole seconds in the style `local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<Fraction>,
    /// The language of the headings, a BCP 47 tag. A label that the dataset lacks in it keeps its default language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The names in the header row, labels by default.
    pub header: HeaderStyle,
    /// The separator between the cells of CSV, a comma by default.
    pub delimiter: Delimiter,
    /// Whether a CSV file begins with a byte order mark, true by default.
    pub bom: Bom,
    /// The bytes that end a CSV row, CRLF by default.
    pub newline: Newline,
    /// The mark before a number's fraction in CSV, a point by default.
    pub decimal: DecimalMark,
    /// How XLSX holds long decimals, rounded by default.
    pub long_decimals: LongDecimals,
    /// The protection of CSV cells against formulas, strict by default.
    pub guard: Guard,
    /// Whether the file describes itself, false by default.
    pub metadata: Metadata,
    /// The layout of Markdown, which other formats lack.
    pub layout: Layout,
    /// The compression of the file, none by default.
    pub compression: Compression,
}

impl Options {
    /// Returns the media type of the file, which is that of its compression if it has one.
    pub fn media_type(&self) -> &'static str {
        self.compression
            .media_type()
            .unwrap_or_else(|| self.format.media_type())
    }
}

option_words! {
    /// Whether a file describes itself: dataset, filters, time of the export, number of rows.
    Metadata, "metadata choice" {
        /// The file contains the rows alone.
        #[default] Without = "false",
        /// The file also contains its description.
        With = "true",
    }
}
option_words! {
    /// How a Markdown file arranges its rows.
    Layout, "layout" {
        /// A table, one line for each row.
        #[default] Table = "table",
        /// A conversation whose messages are the rows.
        Transcript = "transcript",
    }
}
option_words! {
    /// How a timestamp is written.
    TimestampStyle, "timestamp style" {
        /// `2026-01-28T12:34:56.789123Z`, and the offset of the zone where it is not UTC.
        #[default] Iso = "iso",
        /// `2026-01-28 20:34:56.789123`, with the zone in the heading: `Time (Asia/Shanghai)`.
        Local = "local",
    }
}
option_words! {
    /// The digits of the seconds' fraction in a timestamp. All timestamps of a file have the same number, so that they
    /// sort as texts. The others are cut off.
    Fraction, "fraction of seconds" {
        /// Six digits, all that PostgreSQL has.
        #[default] Microseconds = "microseconds",
        /// Three digits.
        Milliseconds = "milliseconds",
        /// None.
        Seconds = "seconds",
    }
}
option_words! {
    /// Which names the header row shows.
    HeaderStyle, "header style" {
        /// The labels, which are names for people.
        #[default] Label = "label",
        /// The names, which programs use.
        Name = "name",
        /// The file has no header row.
        None = "none",
    }
}
option_words! {
    /// The separator between the cells of a row.
    Delimiter, "delimiter" {
        /// `,`
        #[default] Comma = "comma",
        /// `;`, which Excel expects where the decimal mark is a comma.
        Semicolon = "semicolon",
        /// A tab character (U+0009).
        Tab = "tab",
        /// `|`
        Pipe = "pipe",
    }
}
option_words! {
    /// Whether a file begins with a UTF-8 byte order mark.
    Bom, "byte order mark choice" {
        /// It does, because Excel recognises UTF-8 by the mark.
        #[default] With = "true",
        /// It begins with the first heading or row.
        Without = "false",
    }
}
option_words! {
    /// The bytes that end a row.
    Newline, "newline" {
        /// Carriage return and line feed, which RFC 4180 requires.
        #[default] Crlf = "crlf",
        /// A line feed alone.
        Lf = "lf",
    }
}
option_words! {
    /// The mark before a number's fraction.
    DecimalMark, "decimal mark" {
        /// `1.5`
        #[default] Dot = "dot",
        /// `1,5`
        Comma = "comma",
    }
}
option_words! {
    /// How XLSX holds a decimal with a fraction and more than the 15 digits that a spreadsheet keeps. A longer integer
    /// is always text, because it may be an id.
    LongDecimals, "choice for long decimals" {
        /// As a number of 15 digits, which `SUM` and other formulas count.
        #[default] Rounded = "rounded",
        /// As text with all digits, which formulas leave out.
        Text = "text",
    }
}
option_words! {
    /// How cells are protected that a spreadsheet would run as a formula.
    Guard, "guard" {
        /// A text cell that would become a formula under any common delimiter is quoted and prefixed with `'`. Typed
        /// columns stay as they are. [`crate::format::guard::decode`] returns the original text.
        #[default] Strict = "strict",
        /// The rule of claude-code-hub: `'` before a cell that begins with `=`, `+`, `-`, `@`, tab or carriage
        /// return.
        Seeds = "seeds",
        /// Cells stay as they are, as RFC 4180 writes them. For programs that do not evaluate formulas.
        None = "none",
    }
}

impl Fraction {
    /// Returns the number of digits behind the point.
    pub(crate) fn digits(self) -> usize {
        match self {
            Self::Seconds => 0,
            Self::Milliseconds => 3,
            Self::Microseconds => 6,
        }
    }
}

impl Newline {
    /// Returns the bytes that end a row.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Crlf => b"\r\n",
            Self::Lf => b"\n",
        }
    }
}

impl Delimiter {
    /// Returns the byte between two cells.
    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_chosen_is_the_default() {
        assert_eq!(serde_json::from_str::<Options>("{}").unwrap(), Options::default());
    }

    #[test]
    fn options_survive_the_way_to_the_worker() {
        let json = r#"{"format":"json","columns":["a"],"zone":"Asia/Shanghai","timestamps":"local","fraction":"seconds","language":"zh",
            "header":"name","delimiter":"tab","bom":"false","newline":"lf","decimal":"comma","long_decimals":"text","guard":"seeds",
            "metadata":"true","layout":"transcript","compression":"gzip"}"#;
        let options: Options = serde_json::from_str(json).unwrap();
        assert_eq!(
            serde_json::from_str::<Options>(&serde_json::to_string(&options).unwrap()).unwrap(),
            options
        );
        assert_ne!(options, Options::default());
    }

    #[test]
    fn an_unknown_option_or_word_is_refused_with_what_there_is() {
        assert!(serde_json::from_str::<Options>(r#"{"quote":"always"}"#).is_err());
        let error = "dot-comma".parse::<DecimalMark>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`dot-comma` is not a decimal mark; it is one of `dot`, `comma`"
        );
    }

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for guard in Guard::ALL {
            assert_eq!(guard.to_string().parse(), Ok(*guard));
            assert_eq!(serde_json::to_string(guard).unwrap(), format!("\"{guard}\""));
        }
        assert_eq!(Guard::ALL[0], Guard::default());
    }
}
