//! Raw rows to a finished file, natively: what the fallback endpoint and the command line share.

use std::sync::LazyLock;

use bytes::Bytes;
use futures_util::Stream;
use wasm_export::options::{
    Bom, Compression, DecimalMark, Delimiter, Format, Guard, HeaderStyle, Layout, Metadata, Newline, Options,
    TimestampStyle,
};
use wasm_export::rows::Header;
use wasm_export::{Export, ExportError};

use crate::parameter::ParameterError;

/// The file's bytes are handed on in pieces of about this size.
pub const PIECE_BYTES: usize = 64 * 1024;

/// The words of an address or a command line that are about the file, not about its rows, each with its help.
pub static WORDS: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let one_of = |what: &str, words: &[&str]| format!("{what}: {} [default: {}]", words.join(", "), words[0]);
    vec![
        ("format", one_of("Format", Format::WORDS)),
        (
            "locale",
            "What Excel expects in this language, e.g. de-DE: delimiter, decimal mark, times, headings"
                .to_owned(),
        ),
        (
            "compression",
            one_of("Compression of the file", Compression::WORDS),
        ),
        ("metadata", one_of("Say in the file what it is", Metadata::WORDS)),
        ("layout", one_of("Layout of a Markdown file", Layout::WORDS)),
        ("timestamps", one_of("Timestamps", TimestampStyle::WORDS)),
        ("language", "Language of the header, e.g. zh-CN".to_owned()),
        ("header", one_of("Header row", HeaderStyle::WORDS)),
        ("delimiter", one_of("Delimiter", Delimiter::WORDS)),
        ("bom", one_of("Byte order mark", Bom::WORDS)),
        ("newline", one_of("Newline", Newline::WORDS)),
        ("decimal", one_of("Decimal mark", DecimalMark::WORDS)),
        ("guard", one_of("Guard against formulas", Guard::WORDS)),
    ]
});

/// Parses what the caller chose about the file. `zone` is about both; everything else is left to the selection.
///
/// # Errors
/// [`ParameterError`] naming the word.
pub fn parse_options(pairs: &[(String, String)]) -> Result<Options, ParameterError> {
    let locale = pairs.iter().find(|(name, _)| name == "locale");
    let mut options = locale.map_or_else(Options::default, |(_, tag)| Options::for_locale(tag.trim()));
    for (name, value) in pairs.iter().filter(|(_, value)| !value.trim().is_empty()) {
        let value = value.trim();
        let wrong =
            |error: &dyn std::fmt::Display| ParameterError::invalid(name, format!("cannot be used: {error}"));
        match name.as_str() {
            "zone" => options.zone = value.parse().map_err(|error| wrong(&error))?,
            "format" => options.format = value.parse().map_err(|error| wrong(&error))?,
            "compression" => options.compression = value.parse().map_err(|error| wrong(&error))?,
            "metadata" => options.metadata = value.parse().map_err(|error| wrong(&error))?,
            "layout" => options.layout = value.parse().map_err(|error| wrong(&error))?,
            "timestamps" => options.timestamps = value.parse().map_err(|error| wrong(&error))?,
            "language" => options.language = Some(value.to_owned()),
            "header" => options.header = value.parse().map_err(|error| wrong(&error))?,
            "delimiter" => options.delimiter = value.parse().map_err(|error| wrong(&error))?,
            "bom" => options.bom = value.parse().map_err(|error| wrong(&error))?,
            "newline" => options.newline = value.parse().map_err(|error| wrong(&error))?,
            "decimal" => options.decimal = value.parse().map_err(|error| wrong(&error))?,
            "guard" => options.guard = value.parse().map_err(|error| wrong(&error))?,
            _ => {}
        }
    }
    Ok(options)
}

/// The pairs that are about the rows.
#[must_use]
pub fn without_file_words(pairs: &[(String, String)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .filter(|(name, _)| !WORDS.iter().any(|(word, _)| word == name))
        .cloned()
        .collect()
}

/// Makes sure that the rows can be written as the caller wants them, before the first of them is.
///
/// # Errors
/// [`ParameterError`] naming the word `format`.
pub fn check(header: &Header, options: &Options) -> Result<(), ParameterError> {
    wasm_export::format::check(header, options)
        .map_err(|error| ParameterError::invalid("format", format!("cannot be used: {error}")))
}

/// The file's bytes. An error is the end: whoever passes the bytes on must not let them look whole.
pub fn format(
    rows: impl Stream<Item = Bytes>,
    options: Options,
) -> impl Stream<Item = Result<Bytes, ExportError>> {
    async_stream::try_stream! {
        let mut export = Export::new(options);
        let mut file = Vec::with_capacity(2 * PIECE_BYTES);
        for await raw in rows {
            export.push(&raw, &mut file)?;
            if file.len() >= PIECE_BYTES {
                yield Bytes::from(std::mem::replace(&mut file, Vec::with_capacity(2 * PIECE_BYTES)));
            }
        }
        export.finish(&mut file)?;
        yield Bytes::from(file);
    }
}
