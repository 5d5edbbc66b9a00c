//! Files formatted by the server, for the fallback endpoint and the command line.

use std::sync::LazyLock;

use bytes::Bytes;
use futures_util::Stream;
use wasm_export::bundle::{Bundle, BundleError, BundleSummary};
use wasm_export::options::{
    Bom, Compression, DecimalMark, Delimiter, Format, Fraction, Guard, HeaderStyle, Layout, LongDecimals,
    Metadata, Newline, Options, TimestampStyle,
};
use wasm_export::rows::Header;
use wasm_export::{Export, ExportError, Summary};

use crate::parameter::{ParameterError, check_given_once};

/// The size of a chunk of the file in bytes, more or less.
const CHUNK_BYTES: usize = 64 * 1024;

/// The parameters that describe the file and not its rows, each with its help.
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
        (
            "fraction",
            format!(
                "Digits of seconds in timestamps: {} [default: the dataset's, or six]",
                Fraction::WORDS.join(", ")
            ),
        ),
        ("language", "Language of the header, e.g. zh-CN".to_owned()),
        ("header", one_of("Header row", HeaderStyle::WORDS)),
        ("delimiter", one_of("Delimiter", Delimiter::WORDS)),
        ("bom", one_of("Byte order mark", Bom::WORDS)),
        ("newline", one_of("Newline", Newline::WORDS)),
        ("decimal", one_of("Decimal mark", DecimalMark::WORDS)),
        (
            "long_decimals",
            one_of("Decimals of more than 15 digits in XLSX", LongDecimals::WORDS),
        ),
        ("guard", one_of("Guard against formulas", Guard::WORDS)),
    ]
});

/// Parses the parameters that describe the file, and `zone`, which the selection parses, too. Others are ignored.
///
/// # Errors
/// [`ParameterError`] that names the parameter: its value cannot be used, or it has two values.
pub fn parse_options(pairs: &[(String, String)]) -> Result<Options, ParameterError> {
    let is_of_file = |name: &str| name == "zone" || WORDS.iter().any(|(word, _)| *word == name);
    check_given_once(pairs.iter().filter(|(name, _)| is_of_file(name)))?;
    let is_given = |value: &str| !value.trim().is_empty();
    let locale = pairs
        .iter()
        .find(|(name, value)| name == "locale" && is_given(value));
    let mut options = match locale {
        Some((name, tag)) => Options::for_locale(language_tag(name, tag.trim())?),
        None => Options::default(),
    };
    for (name, value) in pairs.iter().filter(|(_, value)| is_given(value)) {
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
            "fraction" => options.fraction = Some(value.parse().map_err(|error| wrong(&error))?),
            "language" => options.language = Some(language_tag(name, value)?.to_owned()),
            "header" => options.header = value.parse().map_err(|error| wrong(&error))?,
            "delimiter" => options.delimiter = value.parse().map_err(|error| wrong(&error))?,
            "bom" => options.bom = value.parse().map_err(|error| wrong(&error))?,
            "newline" => options.newline = value.parse().map_err(|error| wrong(&error))?,
            "decimal" => options.decimal = value.parse().map_err(|error| wrong(&error))?,
            "long_decimals" => options.long_decimals = value.parse().map_err(|error| wrong(&error))?,
            "guard" => options.guard = value.parse().map_err(|error| wrong(&error))?,
            _ => {}
        }
    }
    Ok(options)
}

/// The languages of ISO 639-1.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv \
     dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu \
     ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne \
     ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv \
     sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Checks that a text begins with a known language and is a language tag (BCP 47). An empty text is none.
fn language_tag<'a>(name: &str, tag: &'a str) -> Result<&'a str, ParameterError> {
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_language = match language.len() {
        2 => LANGUAGES.split_whitespace().any(|known| known == language),
        // ISO 639-3 has thousands.
        3 => language.chars().all(|letter| letter.is_ascii_alphabetic()),
        _ => false,
    };
    let is_part = |part: &str| {
        (2..=8).contains(&part.len()) && part.chars().all(|letter| letter.is_ascii_alphanumeric())
    };
    match tag.is_empty() || is_language && parts.all(is_part) {
        true => Ok(tag),
        false => Err(ParameterError::invalid(
            name,
            "must be a language, or a language and a region, for example de-DE or zh-CN",
        )),
    }
}

/// Returns whether the parameters name a format.
pub fn is_format_chosen(pairs: &[(String, String)]) -> bool {
    pairs
        .iter()
        .any(|(name, value)| name == "format" && !value.trim().is_empty())
}

/// Returns the parameters that do not describe the file.
pub fn without_file_words(pairs: &[(String, String)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .filter(|(name, _)| !WORDS.iter().any(|(word, _)| word == name))
        .cloned()
        .collect()
}

/// The formats and layouts that a dataset declares. `None` allows all.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    pub formats: Option<&'a [Format]>,
    pub layouts: Option<&'a [Layout]>,
}

impl Allowed<'_> {
    /// Parses the parameters that describe the file, as [`parse_options`] does. Where no format or no layout is given, it is the
    /// first of the dataset.
    ///
    /// # Errors
    /// As of [`parse_options`].
    pub fn parse_options(self, pairs: &[(String, String)]) -> Result<Options, ParameterError> {
        let mut options = parse_options(pairs)?;
        let is_given = |word: &str| {
            pairs
                .iter()
                .any(|(name, value)| name == word && !value.trim().is_empty())
        };
        if let (Some([first, ..]), false) = (self.formats, is_given("format")) {
            options.format = *first;
        }
        if let (Some([first, ..]), Format::Markdown, false) =
            (self.layouts, options.format, is_given("layout"))
        {
            options.layout = *first;
        }
        Ok(options)
    }

    /// Returns the formats that can have the columns of this header, the default first.
    #[must_use]
    pub fn formats(self, header: &Header) -> Vec<Format> {
        let formats = self.formats.unwrap_or(Format::ALL).iter().copied();
        let options = |format| Options {
            format,
            ..Options::default()
        };
        formats.filter(|format| fits(header, &options(*format))).collect()
    }

    /// Returns the layouts of a Markdown file that can have the columns of this header, the default first.
    #[must_use]
    pub fn layouts(self, header: &Header) -> Vec<Layout> {
        let layouts = self.layouts.unwrap_or(Layout::ALL).iter().copied();
        let options = |layout| Options {
            format: Format::Markdown,
            layout,
            ..Options::default()
        };
        layouts.filter(|layout| fits(header, &options(*layout))).collect()
    }

    /// Checks before the first row whether the rows can be written with these options.
    ///
    /// # Errors
    /// [`ParameterError::Invalid`] of the parameter `format` or `layout`.
    pub fn check(self, header: &Header, options: &Options) -> Result<(), ParameterError> {
        if let Some(formats) = self.formats
            && !formats.contains(&options.format)
        {
            let words = formats.iter().map(|format| format.word());
            return Err(not_allowed("format", options.format.word(), words));
        }
        if let (Some(layouts), Format::Markdown) = (self.layouts, options.format)
            && !layouts.contains(&options.layout)
        {
            let words = layouts.iter().map(|layout| layout.word());
            return Err(not_allowed("layout", options.layout.word(), words));
        }
        wasm_export::format::check(header, options)
            .map_err(|error| ParameterError::invalid("format", format!("cannot be used: {error}")))
    }
}

fn fits(header: &Header, options: &Options) -> bool {
    wasm_export::format::check(header, options).is_ok()
}

fn not_allowed<'a>(name: &str, given: &str, allowed: impl Iterator<Item = &'a str>) -> ParameterError {
    let allowed = allowed.collect::<Vec<_>>().join(", ");
    ParameterError::invalid(name, format!("is `{given}`; this dataset can have {allowed}"))
}

/// Makes a file from the pieces of a raw-row stream.
pub trait Formatter {
    type Summary;
    type Error: std::error::Error;

    /// Takes the next piece, and appends the file's next bytes to `file`.
    ///
    /// # Errors
    /// When there can be no whole file any more.
    fn push(&mut self, raw: &[u8], file: &mut Vec<u8>) -> Result<(), Self::Error>;

    /// Appends the end of the file.
    ///
    /// # Errors
    /// When the stream was not whole.
    fn finish(&mut self, file: &mut Vec<u8>) -> Result<Self::Summary, Self::Error>;

    /// Returns the number of rows so far.
    fn rows(&self) -> u64;
}

impl Formatter for Export {
    type Summary = Summary;
    type Error = ExportError;

    fn push(&mut self, raw: &[u8], file: &mut Vec<u8>) -> Result<(), ExportError> {
        Self::push(self, raw, file)
    }

    fn finish(&mut self, file: &mut Vec<u8>) -> Result<Summary, ExportError> {
        Self::finish(self, file)
    }

    fn rows(&self) -> u64 {
        self.progress().rows
    }
}

impl Formatter for Bundle {
    type Summary = BundleSummary;
    type Error = BundleError;

    fn push(&mut self, raw: &[u8], file: &mut Vec<u8>) -> Result<(), BundleError> {
        Self::push(self, raw, file)
    }

    fn finish(&mut self, file: &mut Vec<u8>) -> Result<BundleSummary, BundleError> {
        Self::finish(self, file)
    }

    fn rows(&self) -> u64 {
        self.progress().rows
    }
}

/// Returns the bytes of the file. After an error the file is incomplete, and the caller must make that visible.
pub fn format<F: Formatter>(
    rows: impl Stream<Item = Bytes>,
    mut export: F,
) -> impl Stream<Item = Result<Bytes, F::Error>> {
    async_stream::try_stream! {
        let mut file = Vec::with_capacity(2 * CHUNK_BYTES);
        for await raw in rows {
            export.push(&raw, &mut file)?;
            if file.len() >= CHUNK_BYTES {
                yield Bytes::from(std::mem::replace(&mut file, Vec::with_capacity(2 * CHUNK_BYTES)));
            }
        }
        export.finish(&mut file)?;
        yield Bytes::from(file);
    }
}
