//! Names of finished files.

use jiff::Timestamp;

use crate::options::{Compression, Format, Options};

/// Returns the name of a file: `usage-logs-2026-01-28-123456.csv`, and with compression `….csv.gz`, `….csv.zst` or
/// `….zip`. The time is that of the options' zone, `seconds` after 1970-01-01 in UTC. A text file has the date alone:
/// `probe-logs-2026-01-28.txt`. Characters of the dataset's name that are special to a file system or a shell become
/// hyphens.
pub fn file_name(dataset: &str, options: &Options, seconds: i64) -> String {
    let safe = |character: char| {
        if character.is_alphanumeric() || character == '_' {
            character
        } else {
            '-'
        }
    };
    let dataset: String = dataset.chars().map(safe).collect();
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = options.zone.time_zone().to_datetime(at);
    let pattern = match options.format {
        // claude-code-hub names its files so.
        Format::Text => "%Y-%m-%d",
        _ => "%Y-%m-%d-%H%M%S",
    };
    format!("{dataset}-{}.{}", at.strftime(pattern), ending(options))
}

/// The greatest number of characters of a name from a pattern, before the extension.
const LENGTH_MAX: usize = 120;

/// Returns a pattern such as `orders_{subject}_{date}` with the values of the placeholders in braces that have one. The others
/// stay. All but ASCII letters, digits, `_` and `-` of a value become hyphens.
pub fn fill(pattern: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut filled, mut rest) = (String::new(), pattern);
    while let Some((before, name, after)) = placeholder(rest) {
        filled += before;
        match value(name) {
            Some(value) => filled.extend(value.chars().map(safe_everywhere)),
            None => {
                filled.push('{');
                filled += name;
                filled.push('}');
            }
        }
        rest = after;
    }
    filled + rest
}

fn placeholder(pattern: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = pattern.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// Returns the name of a file after a pattern whose other placeholders [`fill`] has filled, with its extension. `{date}` and
/// `{time}` are those of the options' zone, `seconds` after 1970-01-01 in UTC. All but ASCII letters, digits, `_` and `-` become
/// hyphens.
pub fn from_pattern(pattern: &str, options: &Options, seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = options.zone.time_zone().to_datetime(at);
    let name = fill(pattern, |name| match name {
        "date" => Some(at.strftime("%Y-%m-%d").to_string()),
        "time" => Some(at.strftime("%H%M%S").to_string()),
        _ => None,
    });
    let name: String = name.chars().map(safe_everywhere).take(LENGTH_MAX).collect();
    format!("{name}.{}", ending(options))
}

/// A header and a shell take these everywhere.
fn safe_everywhere(letter: char) -> char {
    match letter.is_ascii_alphanumeric() || letter == '_' {
        true => letter,
        false => '-',
    }
}

/// Returns the extension of a file, with that of its compression: `csv.gz`.
pub fn ending(options: &Options) -> String {
    let Options {
        format, compression, ..
    } = options;
    match (compression, compression.extension()) {
        (Compression::Zip, _) => "zip".to_owned(),
        (_, None) => format.extension().to_owned(),
        (_, Some(packed)) => format!("{}.{packed}", format.extension()),
    }
}

/// Returns format and compression for a file name: `usage.jsonl.gz` is JSON lines in gzip. The format is `None` for a
/// zip archive whose name does not end in `….csv.zip` or the like.
pub fn format_from_file_name(name: &str) -> (Option<Format>, Compression) {
    let (compression, stem) = Compression::from_file_name(name);
    let format = stem.rsplit_once('.').and_then(|(_, ending)| {
        let is_it = |format: &&Format| ending.eq_ignore_ascii_case(format.extension());
        Format::ALL.iter().find(is_it).copied()
    });
    (format, compression)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-08 03:04:56 in UTC.
    const AT: i64 = 1_767_841_496;

    fn name(dataset: &str, format: Format, compression: Compression) -> String {
        let options = Options {
            format,
            compression,
            ..Options::default()
        };
        file_name(dataset, &options, AT)
    }

    #[test]
    fn a_file_is_named_after_its_dataset_and_the_time() {
        let plain = |dataset, format| name(dataset, format, Compression::None);
        assert_eq!(
            plain("usage-logs", Format::Csv),
            "usage-logs-2026-01-08-030456.csv"
        );
        assert_eq!(plain("../a b", Format::Csv), "---a-b-2026-01-08-030456.csv");
        assert_eq!(plain("probe-logs", Format::Text), "probe-logs-2026-01-08.txt");
        for (compression, ending) in [
            (Compression::Gzip, "json.gz"),
            (Compression::Zstd, "json.zst"),
            (Compression::Zip, "zip"),
        ] {
            let name = name("d", Format::Json, compression);
            assert_eq!(name, format!("d-2026-01-08-030456.{ending}"));
        }
    }

    #[test]
    fn the_time_of_a_name_is_that_of_the_files_zone() {
        let name = |zone: &str, seconds| {
            let options = Options {
                zone: zone.parse().unwrap(),
                ..Options::default()
            };
            file_name("d", &options, seconds)
        };
        assert_eq!(name("Asia/Shanghai", AT), "d-2026-01-08-110456.csv");
        assert_eq!(name("America/Los_Angeles", AT), "d-2026-01-07-190456.csv");
        // Half a year later the clocks there are an hour ahead.
        assert_eq!(
            name("America/Los_Angeles", AT + 182 * 86_400),
            "d-2026-07-08-200456.csv"
        );
    }

    #[test]
    fn a_pattern_is_filled_step_by_step() {
        let value = |name: &str| (name == "subject").then(|| "a/{date}".to_owned());
        let filled = fill("data_{subject}_{date}_{time}", value);
        assert_eq!(filled, "data_a--date-_{date}_{time}");
        let options = Options {
            format: Format::Json,
            compression: Compression::Gzip,
            ..Options::default()
        };
        assert_eq!(
            from_pattern(&filled, &options, AT),
            "data_a--date-_2026-01-08_030456.json.gz"
        );
        assert_eq!(from_pattern("a {scope} 会", &options, AT), "a--scope---.json.gz");
        assert_eq!(fill("open {", |_| None), "open {");
    }

    #[test]
    fn a_name_says_what_the_file_is() {
        for &format in Format::ALL {
            for &compression in Compression::ALL {
                let ending = compression.extension().map(|packed| format!(".{packed}"));
                let name = format!("a.b.{}{}", format.extension(), ending.unwrap_or_default());
                assert_eq!(
                    format_from_file_name(&name),
                    (Some(format), compression),
                    "{name}"
                );
            }
        }
        assert_eq!(
            format_from_file_name("A.JSON.GZ"),
            (Some(Format::Json), Compression::Gzip)
        );
        assert_eq!(format_from_file_name("usage.zip"), (None, Compression::Zip));
        assert_eq!(format_from_file_name("json"), (None, Compression::None));
        assert_eq!(format_from_file_name("-"), (None, Compression::None));
    }
}
