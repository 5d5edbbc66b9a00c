//! The results of exports and dumps as text.

use super::{bytes, count, duration, rows};

/// `as_of` is the time of the rows, as the page shows it.
pub fn finished(row_count: u64, file_bytes: u64, as_of: &str, seconds: f64, from_cache: bool) -> String {
    let from_cache = match from_cache {
        true => ". Made from cached rows, without a new query",
        false => "",
    };
    format!(
        "{} as of {as_of}, {}, in {}{from_cache}",
        rows(row_count),
        bytes(file_bytes),
        duration(seconds)
    )
}

pub fn dumped(file_bytes: u64, tables: u64, seconds: f64) -> String {
    let tables = match tables {
        1 => "1 table".to_owned(),
        tables => format!("{} tables", count(tables)),
    };
    format!(
        "{}, in {}; checked: {tables}",
        bytes(file_bytes),
        duration(seconds)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_cached_rows_is_named_so() {
        let text = |from_cache| finished(1_234, 18_249_000, "2026-01-28 20:34:56", 1.23, from_cache);
        assert_eq!(
            text(false),
            "1,234 rows as of 2026-01-28 20:34:56, 18.2 MB, in 1.2 s"
        );
        assert!(text(true).ends_with("without a new query"));
    }
}
