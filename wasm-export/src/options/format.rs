//! The list of formats.

use super::words::option_words;

/// Passes the list of formats to another macro.
///
/// One line of the list is a format: its word, its name for people, the extension of its files, its media type, and the
/// constructor of its writer in `crate::format`. The list stands here and not beside the writers, because the writers
/// import [`Options`](super::Options), which holds a [`Format`].
macro_rules! for_each_format {
    ($then:ident) => {
        $then! {
            /// Comma-separated values, RFC 4180.
            #[default] Csv = "csv", "CSV", "csv", "text/csv; charset=utf-8", csv::Csv::new;
            /// One JSON array of objects, RFC 8259.
            Json = "json", "JSON", "json", "application/json", json::Json::array;
            /// One JSON object a line.
            Jsonl = "jsonl", "JSON lines", "jsonl", "application/jsonl", json::Json::lines;
            /// A table of GitHub Flavored Markdown, or a conversation to read.
            Markdown = "markdown", "Markdown", "md", "text/markdown; charset=utf-8", markdown::Markdown::new;
            /// A report in one page, with a summary.
            Html = "html", "HTML report", "html", "text/html; charset=utf-8", html::Html::new;
            /// Logs of probes, a line each.
            Text = "text", "Text", "txt", "text/plain; charset=utf-8", text::Probes::new;
            /// XML 1.0, described by `schema/export-1.xsd`.
            Xml = "xml", "XML", "xml", "application/xml", xml::Xml::new;
            /// A workbook of spreadsheets, ISO/IEC 29500.
            Xlsx = "xlsx", "Excel (XLSX)", "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx::Xlsx::new;
        }
    };
}
pub(crate) use for_each_format;

macro_rules! format_enum {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $label:literal, $extension:literal, $media_type:literal, $writer:path;)+) => {
        option_words! {
            /// The format of a file.
            Format, "format" { $($(#[$doc])* $name = $word,)+ }
        }

        impl Format {
            /// Returns the name for people: `Excel (XLSX)`.
            pub fn label(self) -> &'static str { match self { $(Self::$name => $label),+ } }

            /// Returns how the names of its files end, without the dot.
            pub fn extension(self) -> &'static str { match self { $(Self::$name => $extension),+ } }

            /// Returns the media type of its files.
            pub fn media_type(self) -> &'static str { match self { $(Self::$name => $media_type),+ } }
        }
    };
}

for_each_format!(format_enum);

impl Format {
    /// Returns whether a file can have the parts of a bundle.
    pub fn has_parts(self) -> bool {
        matches!(self, Self::Json | Self::Csv | Self::Xml | Self::Xlsx | Self::Html)
    }

    /// Returns whether its files are logs, which people read from the oldest row on.
    pub fn is_log(self) -> bool {
        self == Self::Text
    }
}
