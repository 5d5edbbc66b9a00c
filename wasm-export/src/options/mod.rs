//! What the caller may choose about a file. The same words serve the address, the command line and the worker.

use serde::{Deserialize, Serialize};

mod compression;
mod format;
mod words;

pub use compression::Compression;
pub use format::Format;
pub(crate) use format::for_each_format;
pub use words::UnknownWord;
pub(crate) use words::words;

use crate::zone::Zone;

/// Everything a caller may choose about a file. The defaults are what most people want.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The format of the file.
    pub format: Format,
    /// Which columns, in which order, by name; `None`: all that the stream shows, in its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The zone of timestamps in the file.
    pub zone: Zone,
    /// How a timestamp is written.
    pub timestamps: TimestampStyle,
    /// The language of the header, a BCP 47 tag; labels the dataset lacks in it stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the header row holds.
    pub header: HeaderStyle,
    /// What separates the cells.
    pub delimiter: Delimiter,
    /// Whether the file begins with a UTF-8 byte order mark, by which Excel knows it is UTF-8.
    pub bom: Bom,
    /// What ends a row.
    pub newline: Newline,
    /// What separates a number's fraction.
    pub decimal: DecimalMark,
    /// What is done to cells that a spreadsheet would run as a formula.
    pub guard: Guard,
    /// Whether the file says of itself what it is.
    pub metadata: Metadata,
    /// How the rows of a document for people are laid out.
    pub layout: Layout,
    /// How the whole file is packed.
    pub compression: Compression,
}

impl Options {
    /// The media type of the file.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        self.compression
            .media_type()
            .unwrap_or_else(|| self.format.media_type())
    }
}

words! {
    /// Whether a file says of itself what it is: dataset, filters, when it was made, how many rows.
    Metadata, "metadata choice" {
        /// It holds the rows and nothing else.
        #[default] Without = "false",
        /// It does.
        With = "true",
    }
}
words! {
    /// How the rows of a document for people are laid out.
    Layout, "layout" {
        /// A table: a row each.
        #[default] Table = "table",
        /// A conversation to read: the rows are its messages.
        Transcript = "transcript",
    }
}
words! {
    /// How a timestamp is written.
    TimestampStyle, "timestamp style" {
        /// `2026-01-28T12:34:56.789Z`, milliseconds always, with the zone's offset where it is not UTC.
        #[default] Iso = "iso",
        /// `2026-01-28 20:34:56`, with the zone in the header: `Time (Asia/Shanghai)`.
        Local = "local",
    }
}
words! {
    /// What the header row of a file holds.
    HeaderStyle, "header style" {
        /// The names people read.
        #[default] Label = "label",
        /// The names programs use.
        Name = "name",
        /// There is no header row.
        None = "none",
    }
}
words! {
    /// What separates the cells of a row.
    Delimiter, "delimiter" {
        /// `,`
        #[default] Comma = "comma",
        /// `;`, what Excel expects where the decimal mark is a comma.
        Semicolon = "semicolon",
        /// A tab.
        Tab = "tab",
        /// `|`
        Pipe = "pipe",
    }
}
words! {
    /// Whether a file begins with a UTF-8 byte order mark.
    Bom, "byte order mark choice" {
        /// It does, so that Excel reads it as UTF-8.
        #[default] With = "true",
        /// It does not.
        Without = "false",
    }
}
words! {
    /// What ends a row.
    Newline, "newline" {
        /// Carriage return and line feed, as RFC 4180 has it.
        #[default] Crlf = "crlf",
        /// Line feed.
        Lf = "lf",
    }
}
words! {
    /// What separates a number's whole part from its fraction.
    DecimalMark, "decimal mark" {
        /// `1.5`
        #[default] Dot = "dot",
        /// `1,5`
        Comma = "comma",
    }
}
words! {
    /// What is done to cells that a spreadsheet would run as a formula.
    Guard, "guard" {
        /// Text cells that would become a formula under any common delimiter are prefixed with `'` and quoted;
        /// typed columns are never touched; [`crate::format::guard::decode`] gives the text back.
        #[default] Strict = "strict",
        /// The rule of claude-code-hub: `'` before a cell that begins with `=`, `+`, `-`, `@`, tab or return.
        Seeds = "seeds",
        /// Nothing: RFC 4180 and no more, for programs.
        None = "none",
    }
}

impl Newline {
    /// The bytes that end a row.
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Crlf => b"\r\n",
            Self::Lf => b"\n",
        }
    }
}

impl Delimiter {
    /// The byte that separates the cells.
    #[must_use]
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
        let json = r#"{"format":"json","columns":["a"],"zone":"Asia/Shanghai","timestamps":"local","language":"zh",
            "header":"name","delimiter":"tab","bom":"false","newline":"lf","decimal":"comma","guard":"seeds",
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
