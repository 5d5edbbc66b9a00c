//! Texts about an export before it begins.

use wasm_export::options::Format;

use super::{count, rows};

/// Returns the short name of a format, for a button.
pub fn format_name(format: Format) -> &'static str {
    match format {
        Format::Csv => "CSV",
        Format::Xlsx => "XLSX",
        Format::Json => "JSON",
        Format::Jsonl => "JSONL",
        Format::Xml => "XML",
        Format::Markdown => "Markdown",
        Format::Html => "HTML",
        Format::Text => "text",
    }
}

/// Returns the short name of a format by its word, and another word as it is.
pub fn format_of_word(word: &str) -> String {
    word.parse::<Format>()
        .map_or_else(|_| word.to_owned(), |format| format_name(format).to_owned())
}

/// Returns what a format is good for.
pub fn format_hint(format: Format) -> &'static str {
    match format {
        Format::Csv => "Excel, databases",
        Format::Xlsx => "typed cells, several sheets",
        Format::Json => "one array, for programs",
        Format::Jsonl => "one object a line",
        Format::Xml => "with a schema",
        Format::Markdown => "for documents and chats",
        Format::Html => "report to print",
        Format::Text => "one line a probe",
    }
}

/// `98,731 rows`, or that they are not counted yet.
pub fn expected_rows(number: Option<u64>) -> String {
    number.map_or_else(|| "All rows".to_owned(), rows)
}

/// `All 18 columns`
pub fn all_columns(number: usize) -> String {
    match number {
        1 => "The only column".to_owned(),
        number => format!("All {} columns", count(number as u64)),
    }
}

/// `The 9 shown`
pub fn shown_columns(number: usize) -> String {
    format!("The {} shown", count(number as u64))
}

/// `12 selected rows`
pub fn ticked_rows(number: u64) -> String {
    format!(
        "{} selected {}",
        count(number),
        if number == 1 { "row" } else { "rows" }
    )
}

/// `98,731 rows · 2 filters · 18 columns · UTC`
pub fn contents(rows: String, filters: usize, columns: usize, zone: &str) -> String {
    let several = |number: usize, one: &str| match number {
        0 => format!("no {one}s"),
        1 => format!("1 {one}"),
        number => format!("{} {one}s", count(number as u64)),
    };
    [
        rows,
        several(filters, "filter"),
        several(columns, "column"),
        zone.to_owned(),
    ]
    .join(" · ")
}

/// `Uses 98,731 rows loaded at 17:14`: the hour of a moment such as `2026-01-28 17:14:56`.
pub fn cached_rows(number: u64, moment: &str) -> String {
    let hour = moment.get(11..16).unwrap_or(moment);
    format!("Uses {} loaded at {hour}", rows(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contents_are_one_line() {
        assert_eq!(
            contents(expected_rows(Some(98_731)), 2, 18, "Asia/Shanghai"),
            "98,731 rows · 2 filters · 18 columns · Asia/Shanghai"
        );
        assert_eq!(
            contents(expected_rows(None), 0, 1, "UTC"),
            "All rows · no filters · 1 column · UTC"
        );
        assert_eq!(
            contents(ticked_rows(1), 1, 2, "UTC"),
            "1 selected row · 1 filter · 2 columns · UTC"
        );
    }

    #[test]
    fn cached_rows_name_their_hour() {
        assert_eq!(
            cached_rows(19_432, "2026-01-28 17:14:56"),
            "Uses 19,432 rows loaded at 17:14"
        );
        assert_eq!(cached_rows(1, "soon"), "Uses 1 row loaded at soon");
    }

    #[test]
    fn columns_are_counted() {
        assert_eq!(all_columns(18), "All 18 columns");
        assert_eq!(shown_columns(9), "The 9 shown");
    }
}
