//! Excel's delimiter and decimal mark for a language and region.

use crate::options::{DecimalMark, Delimiter, Options, TimestampStyle};

/// Languages that write a decimal comma in most of their regions (Unicode CLDR 45, `numbers/symbols/decimal`).
const COMMA: &[&str] = &[
    "af", "az", "be", "bg", "bs", "ca", "cs", "da", "de", "el", "es", "et", "eu", "fi", "fo", "fr", "gl",
    "hr", "hu", "hy", "id", "is", "it", "ka", "kk", "ky", "lb", "lt", "lv", "mk", "mn", "nb", "nl", "nn",
    "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tg", "tk", "tr", "tt", "uk", "uz", "vi",
];

/// Regions of these languages that write a decimal point.
const POINT_REGIONS: &[&str] = &[
    "CH", "LI", "MX", "US", "GT", "HN", "NI", "PA", "PE", "PR", "SV", "DO", "CU",
];

/// Regions that separate cells by a semicolon although they write a decimal point.
const SEMICOLON_REGIONS: &[&str] = &["CH", "LI"];

impl Options {
    /// Returns options for a CSV file that Excel opens correctly in `language`, a BCP 47 tag such as `de-DE`. They
    /// set delimiter and decimal mark, local times, which Excel recognises, and the language of the headings.
    pub fn for_locale(tag: &str) -> Self {
        let mut parts = tag.split(['-', '_']);
        let language = parts.next().unwrap_or_default().to_ascii_lowercase();
        let region = parts
            .filter(|part| part.len() == 2)
            .map(str::to_ascii_uppercase)
            .next()
            .unwrap_or_default();
        let has_comma =
            COMMA.contains(&language.as_str()) && !POINT_REGIONS.contains(&region.as_str()) || region == "ZA";
        let has_semicolon = has_comma || SEMICOLON_REGIONS.contains(&region.as_str());
        Self {
            delimiter: if has_semicolon {
                Delimiter::Semicolon
            } else {
                Delimiter::Comma
            },
            decimal: if has_comma {
                DecimalMark::Comma
            } else {
                DecimalMark::Dot
            },
            timestamps: TimestampStyle::Local,
            language: (!tag.is_empty()).then(|| tag.to_owned()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excel_gets_what_it_expects_where_it_runs() {
        for (tag, delimiter, decimal) in [
            ("de-DE", Delimiter::Semicolon, DecimalMark::Comma),
            ("de", Delimiter::Semicolon, DecimalMark::Comma),
            ("de-CH", Delimiter::Semicolon, DecimalMark::Dot),
            ("fr_FR", Delimiter::Semicolon, DecimalMark::Comma),
            ("pt-BR", Delimiter::Semicolon, DecimalMark::Comma),
            ("sr-Latn-RS", Delimiter::Semicolon, DecimalMark::Comma),
            ("es-MX", Delimiter::Comma, DecimalMark::Dot),
            ("en-ZA", Delimiter::Semicolon, DecimalMark::Comma),
            ("en-US", Delimiter::Comma, DecimalMark::Dot),
            ("zh-Hans-CN", Delimiter::Comma, DecimalMark::Dot),
            ("ja", Delimiter::Comma, DecimalMark::Dot),
            ("", Delimiter::Comma, DecimalMark::Dot),
        ] {
            let options = Options::for_locale(tag);
            assert_eq!(
                (options.delimiter, options.decimal),
                (delimiter, decimal),
                "{tag}"
            );
            assert_eq!(options.timestamps, TimestampStyle::Local);
        }
    }
}
