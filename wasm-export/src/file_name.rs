//! Names of finished files.

use crate::options::{Compression, Format};

/// A time on the wall clock of the machine that makes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The year, from 0 to 9999.
    pub year: u16,
    /// The month, from 1 to 12.
    pub month: u8,
    /// The day of the month, from 1 to 31.
    pub day: u8,
    /// The hour, from 0 to 23.
    pub hour: u8,
    /// The minute, from 0 to 59.
    pub minute: u8,
    /// The second, from 0 to 60, the leap second.
    pub second: u8,
}

/// Returns the name of a file: `usage-logs-2026-01-28-123456.csv`, and with compression `….csv.gz`, `….csv.zst` or
/// `….zip`. A text file has the date alone: `probe-logs-2026-01-28.txt`. Characters of the dataset's name that are
/// special to a file system or a shell become hyphens.
pub fn file_name(dataset: &str, format: Format, compression: Compression, at: LocalTime) -> String {
    let safe = |character: char| {
        if character.is_alphanumeric() || character == '_' {
            character
        } else {
            '-'
        }
    };
    let dataset: String = dataset.chars().map(safe).collect();
    let LocalTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = at;
    let ending = match (compression, compression.extension()) {
        (Compression::Zip, _) => "zip".to_owned(),
        (_, None) => format.extension().to_owned(),
        (_, Some(packed)) => format!("{}.{packed}", format.extension()),
    };
    let time = match format {
        // claude-code-hub names its files so.
        Format::Text => String::new(),
        _ => format!("-{hour:02}{minute:02}{second:02}"),
    };
    format!("{dataset}-{year:04}-{month:02}-{day:02}{time}.{ending}")
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

    #[test]
    fn a_file_is_named_after_its_dataset_and_the_time() {
        let at = LocalTime {
            year: 2026,
            month: 1,
            day: 8,
            hour: 3,
            minute: 4,
            second: 56,
        };
        assert_eq!(
            file_name("usage-logs", Format::Csv, Compression::None, at),
            "usage-logs-2026-01-08-030456.csv"
        );
        assert_eq!(
            file_name("../a b", Format::Csv, Compression::None, at),
            "---a-b-2026-01-08-030456.csv"
        );
        assert_eq!(
            file_name("probe-logs", Format::Text, Compression::None, at),
            "probe-logs-2026-01-08.txt"
        );
        for (compression, ending) in [
            (Compression::Gzip, "json.gz"),
            (Compression::Zstd, "json.zst"),
            (Compression::Zip, "zip"),
        ] {
            let name = file_name("d", Format::Json, compression, at);
            assert_eq!(name, format!("d-2026-01-08-030456.{ending}"));
        }
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
