//! Numbers and dates in the languages of reports, and labels in any language.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::number::Number;
use crate::options::option_words;

option_words! {
    /// A language that reports are written in.
    Language, "language of reports" {
        /// English, with dates of ISO 8601.
        #[default] English = "en",
        /// Chinese in simplified characters.
        Chinese = "zh-CN",
        /// Portuguese as it is written in Brazil.
        Portuguese = "pt-BR",
    }
}

impl Language {
    /// Returns the language for a BCP 47 tag, of any region: `pt-PT` gives the Portuguese of Brazil.
    #[must_use]
    pub fn for_tag(tag: &str) -> Option<Self> {
        let primary = |tag: &str| {
            tag.split(['-', '_'])
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        let wanted = primary(tag);
        Self::ALL
            .iter()
            .copied()
            .find(|known| primary(known.word()) == wanted)
    }

    /// Returns a whole number in groups of three digits: `1,234`, `1.234`.
    #[must_use]
    pub fn integer(self, number: u64) -> String {
        self.grouped(&number.to_string())
    }

    /// Returns a number of bytes in a unit that fits: `812 B`, `18.2 MB`. Units are decimal, as browsers show downloads.
    #[must_use]
    pub fn bytes(self, number: u64) -> String {
        const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
        if number < 1_000 {
            return format!("{number} B");
        }
        let mut size = number as f64 / 1_000.0;
        let mut unit = 0;
        // From 999.95 on, one decimal would round to "1000.0".
        while size >= 999.95 && unit + 1 < UNITS.len() {
            size /= 1_000.0;
            unit += 1;
        }
        let size = format!("{size:.1}").replace('.', &self.decimal_mark().to_string());
        format!("{size} {}", UNITS[unit])
    }

    /// Returns a number as PostgreSQL writes it, with this language's marks: `-1234.5` is `-1.234,5` in Portuguese. Other text is
    /// returned unchanged.
    #[must_use]
    pub fn number(self, text: &str) -> String {
        let Some(Number { whole, fraction }) = Number::read(text.as_bytes()) else {
            return text.to_owned();
        };
        let (Ok(whole), Ok(fraction)) = (
            std::str::from_utf8(whole),
            fraction.map(std::str::from_utf8).transpose(),
        ) else {
            return text.to_owned();
        };
        // An exponent stays as it is.
        if text.contains(['e', 'E']) {
            return text.to_owned();
        }
        let sign = if text.starts_with('-') { "-" } else { "" };
        let grouped = self.grouped(whole);
        match fraction {
            None => format!("{sign}{grouped}"),
            Some(fraction) => format!("{sign}{grouped}{}{fraction}", self.decimal_mark()),
        }
    }

    /// Returns a part of a whole in percent: `12 %`, with one digit behind the mark below ten.
    #[must_use]
    pub fn share(self, part: u64, whole: u64) -> String {
        if whole == 0 {
            return "0%".to_owned();
        }
        // Tenths of a percent, rounded half up, in integers: the same on every machine.
        let tenths = (u128::from(part) * 2000 + u128::from(whole)) / (u128::from(whole) * 2);
        match tenths {
            1..100 if tenths % 10 > 0 => format!("{}{}{}%", tenths / 10, self.decimal_mark(), tenths % 10),
            0 if part > 0 => format!("<0{}1%", self.decimal_mark()),
            _ => format!("{}%", (tenths + 5) / 10),
        }
    }

    /// Returns a day as people write it: `2026-11-29`, `2026年11月29日`, `29/11/2026`.
    #[must_use]
    pub fn date(self, day: Day) -> String {
        let [year, month, date] = parts(&day);
        match self {
            Self::English => format!("{year}-{month}-{date}"),
            Self::Chinese => format!("{year}年{}月{}日", short(month), short(date)),
            Self::Portuguese => format!("{date}/{month}/{year}"),
        }
    }

    /// Returns a day for tables and axes: all have the same length. `2026-11-29`, `29/11/2026`.
    #[must_use]
    pub fn short_date(self, day: Day) -> String {
        let [year, month, date] = parts(&day);
        match self {
            Self::English | Self::Chinese => format!("{year}-{month}-{date}"),
            Self::Portuguese => format!("{date}/{month}/{year}"),
        }
    }

    /// Returns the month of a day: `2026-11`, `2026年11月`, `11/2026`.
    #[must_use]
    pub fn month(self, day: Day) -> String {
        let [year, month, _] = parts(&day);
        match self {
            Self::English => format!("{year}-{month}"),
            Self::Chinese => format!("{year}年{}月", short(month)),
            Self::Portuguese => format!("{month}/{year}"),
        }
    }

    fn grouped(self, digits: &str) -> String {
        let mark = match self {
            Self::English | Self::Chinese => ',',
            Self::Portuguese => '.',
        };
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(mark);
            }
            grouped.push(digit);
        }
        grouped
    }

    fn decimal_mark(self) -> char {
        match self {
            Self::English | Self::Chinese => '.',
            Self::Portuguese => ',',
        }
    }
}

/// Returns year, month and day with all their digits.
fn parts(day: &Day) -> [&str; 3] {
    let date = std::str::from_utf8(&day.date).unwrap_or("0000-00-00");
    [&date[..4], &date[5..7], &date[8..]]
}

/// Returns a month or a day without its leading zero.
fn short(part: &str) -> &str {
    part.strip_prefix('0').unwrap_or(part)
}

/// Returns the label in a language (a BCP 47 tag). Without a label for `de-AT` it takes that for `de`, and at last `label`.
#[must_use]
pub fn label_in<'a>(labels: &'a BTreeMap<String, String>, label: &'a str, language: Option<&str>) -> &'a str {
    let mut wanted = language.unwrap_or_default();
    loop {
        let found = labels.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(wanted));
        if let Some((_, label)) = found {
            return label;
        }
        match wanted.rsplit_once('-') {
            Some((broader, _)) => wanted = broader,
            None => return label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Language; 3] = [Language::English, Language::Chinese, Language::Portuguese];

    #[test]
    fn a_tag_of_any_region_has_its_language() {
        for (tag, language) in [
            ("en", Some(Language::English)),
            ("en-GB", Some(Language::English)),
            ("zh-Hans-CN", Some(Language::Chinese)),
            ("ZH", Some(Language::Chinese)),
            ("pt_BR", Some(Language::Portuguese)),
            ("pt-PT", Some(Language::Portuguese)),
            ("de", None),
            ("", None),
        ] {
            assert_eq!(Language::for_tag(tag), language, "{tag}");
        }
    }

    #[test]
    fn numbers_have_the_marks_of_their_language() {
        let numbers = |text: &str| ALL.map(|language| language.number(text));
        assert_eq!(numbers("0"), ["0", "0", "0"]);
        assert_eq!(numbers("123"), ["123", "123", "123"]);
        assert_eq!(numbers("1234"), ["1,234", "1,234", "1.234"]);
        assert_eq!(
            numbers("-1234567.50"),
            ["-1,234,567.50", "-1,234,567.50", "-1.234.567,50"]
        );
        for other in ["NaN", "Infinity", "1e20", "12 apples", ""] {
            assert_eq!(numbers(other), [other; 3]);
        }
        assert_eq!(Language::English.integer(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn sizes_have_a_unit_that_fits() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (18_249_000, "18.2 MB"),
            (999_960, "1.0 MB"),
            (2_500_000_000, "2.5 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(Language::English.bytes(number), text);
        }
        assert_eq!(Language::Portuguese.bytes(18_249_000), "18,2 MB");
    }

    #[test]
    fn a_share_is_rounded_to_what_people_read() {
        for (part, whole, share) in [
            (0, 0, "0%"),
            (0, 9, "0%"),
            (1, 3000, "<0.1%"),
            (1, 32, "3.1%"),
            (1, 20, "5%"),
            (1, 3, "33%"),
            (995, 1000, "100%"),
            (7, 7, "100%"),
            (u64::MAX, u64::MAX, "100%"),
        ] {
            assert_eq!(Language::English.share(part, whole), share, "{part} of {whole}");
        }
        assert_eq!(Language::Portuguese.share(1, 32), "3,1%");
    }

    #[test]
    fn a_day_is_written_as_people_do() {
        let day = Day::read(b"2026-01-09").unwrap();
        assert_eq!(
            ALL.map(|l| l.date(day)),
            ["2026-01-09", "2026年1月9日", "09/01/2026"]
        );
        assert_eq!(
            ALL.map(|l| l.short_date(day)),
            ["2026-01-09", "2026-01-09", "09/01/2026"]
        );
        assert_eq!(ALL.map(|l| l.month(day)), ["2026-01", "2026年1月", "01/2026"]);
    }
}
