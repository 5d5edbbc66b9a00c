//! A preview of the file, made from the rows of the table: a grid of cells for a workbook and a report, else the
//! lines of the file.

mod size;
mod warnings;

use wasm_export::Options;
use wasm_export::export::Export;
use wasm_export::grid::Grid;
use wasm_export::options::{Compression, Format};
use wasm_export::rows::{Header, header_line};

use crate::table_page::TablePage;
pub use size::estimated_bytes;
pub use warnings::is_too_long_for_a_browser;
use warnings::warnings;

const LINES_MAX: usize = 12;

/// Rows of a grid.
const GRID_ROWS: usize = 10;

/// Lines before the first row: headings, or the markup that opens the rows. Further lines describe the export.
const LINES_BEFORE_ROWS: usize = 2;

/// Limits the preview where lines are long.
const BYTES_MAX: usize = 6_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// `None` if the file cannot be written; the first warning names the cause.
    pub sample: Option<Sample>,
    pub warnings: Vec<String>,
}

/// Rows of the page, as the file has them.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    Lines(String),
    Grid(Grid),
}

/// `rows` is the number of rows on all pages, if known.
pub fn preview(page: &TablePage, options: &Options, rows: Option<u64>) -> Preview {
    let options = Options {
        compression: Compression::None,
        ..options.clone()
    };
    let sample = match options.format {
        Format::Xlsx | Format::Html => grid(&page.stream, &options).map(Sample::Grid),
        _ => lines(&page.stream, &options).map(Sample::Lines),
    };
    let (sample, problem) = match sample {
        Ok(sample) => (Some(sample), None),
        Err(problem) => (None, Some(problem)),
    };
    Preview {
        sample,
        warnings: problem
            .into_iter()
            .chain(warnings(page, &options, rows))
            .collect(),
    }
}

fn grid(stream: &[u8], options: &Options) -> Result<Grid, String> {
    Grid::read(stream, options, GRID_ROWS).map_err(|error| unwritable(&error))
}

fn lines(stream: &[u8], options: &Options) -> Result<String, String> {
    let Formatted { beginning, rows } = Formatted::new(stream, options)?;
    let beginning = String::from_utf8_lossy(&beginning);
    let before: Vec<&str> = beginning.split_inclusive('\n').collect();
    let shown = before.len().saturating_sub(LINES_BEFORE_ROWS);
    let omitted = if shown > 0 { "…\n" } else { "" };
    let rows = String::from_utf8_lossy(&rows[..rows.len().min(BYTES_MAX)]);
    let text = [omitted, &before[shown..].concat(), &rows].concat();
    Ok(text.split_inclusive('\n').take(LINES_MAX).collect())
}

/// The page's rows in the format of the file, without its end.
struct Formatted {
    /// Up to the first row.
    beginning: Vec<u8>,
    rows: Vec<u8>,
}

impl Formatted {
    fn new(stream: &[u8], options: &Options) -> Result<Self, String> {
        let end = stream
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(stream.len());
        let (first, rest) = stream.split_at(end);
        let mut header = Header::read(first).map_err(|error| unwritable(&error))?;
        // The page's request has this limit, the export does not.
        header.filters.remove("limit");
        let mut export = Export::new(options.clone());
        let (mut beginning, mut rows) = (Vec::new(), Vec::new());
        export
            .push(&header_line(&header), &mut beginning)
            .and_then(|()| export.push(rest.strip_prefix(b"\n").unwrap_or(rest), &mut rows))
            .map_err(|error| unwritable(&error))?;
        Ok(Self { beginning, rows })
    }
}

fn unwritable(error: &impl std::fmt::Display) -> String {
    format!("This file cannot be written: {error}.")
}

#[cfg(test)]
mod tests {
    use wasm_export::Zone;
    use wasm_export::rows::{Column, Digest, End, Kind, VERSION, end_line};

    use super::*;

    fn page(rows: &str) -> TablePage {
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            label: name.to_uppercase(),
            labels: [].into(),
            kind,
            pg_type: String::new(),
            hidden: false,
        };
        let header = Header {
            decant: VERSION,
            part: None,
            dataset: "d".to_owned(),
            title: "D".to_owned(),
            columns: vec![column("name", Kind::Text), column("cost", Kind::Decimal)],
            order: Vec::new(),
            reversed: false,
            as_of: "2026-01-28T12:00:00Z".to_owned(),
            zone: "UTC".to_owned(),
            fraction: None,
            highlights: Vec::new(),
            filters: [("limit", "50"), ("model", "x")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            estimated_rows: None,
        };
        let mut digest = Digest::new();
        digest.update(rows.as_bytes());
        let end = End {
            rows: rows.lines().count() as u64,
            bytes: rows.len() as u64,
            digest: digest.hex(),
            cursor: None,
        };
        let stream = [header_line(&header), rows.into(), end_line(&end)].concat();
        TablePage::read(&stream, Zone::default()).unwrap()
    }

    fn options(json: &str) -> Options {
        serde_json::from_str(json).unwrap()
    }

    fn text(preview: Preview) -> String {
        match preview.sample {
            Some(Sample::Lines(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_lines_are_those_of_the_file() {
        let rows: String = (0..50).map(|row| format!("a{row}\t1.5\n")).collect();
        let shown = preview(
            &page(&rows),
            &options(r#"{"decimal":"comma","delimiter":"semicolon","bom":"false","newline":"lf"}"#),
            None,
        );
        assert_eq!(shown.warnings, [""; 0]);
        let text = text(shown);
        assert!(text.starts_with("\"NAME\";COST\na0;1,5\na1;1,5\n"), "{text}");
        assert_eq!(text.lines().count(), 12);
    }

    #[test]
    fn a_packed_file_shows_what_is_in_it_and_no_limit_of_the_page() {
        let shown = preview(
            &page("a\t1\n"),
            &options(r#"{"format":"json","metadata":"true","compression":"zip"}"#),
            None,
        );
        let text = text(shown);
        assert!(text.contains(r#""filters":{"model":"x"}"#), "{text}");
    }

    #[test]
    fn every_format_shows_rows_and_not_only_what_stands_before_them() {
        let page = page("first\t1.5\nsecond\t\\N\n");
        for format in ["csv", "json", "jsonl", "markdown", "xml"] {
            let metadata = format != "csv";
            let options = options(&format!(r#"{{"format":"{format}","metadata":"{metadata}"}}"#));
            let text = text(preview(&page, &options, None));
            assert!(
                text.contains("first") && text.contains("second"),
                "{format}: {text}"
            );
        }
        for format in ["xlsx", "html"] {
            let shown = preview(&page, &options(&format!(r#"{{"format":"{format}"}}"#)), None);
            let Some(Sample::Grid(grid)) = shown.sample else {
                panic!("{:?}", shown.warnings);
            };
            assert_eq!(grid.headings.unwrap(), ["NAME", "COST"]);
            assert_eq!(grid.rows, [["first", "1.5"], ["second", ""]]);
        }
    }

    #[test]
    fn a_description_before_the_rows_is_omitted() {
        let markdown = options(r#"{"format":"markdown","metadata":"true"}"#);
        let text = text(preview(&page("a\t1\n"), &markdown, None));
        assert!(
            text.starts_with("…\n| NAME | COST |\n| --- | ---: |\n| a | 1 |\n"),
            "{text}"
        );
    }

    #[test]
    fn what_may_surprise_is_said() {
        let page = page("=1+1\t0.123456789012345678\n@x\t0.000000000000001\nplain\t-5\n");
        let shown = preview(&page, &options("{}"), Some(2_000_000));
        assert_eq!(shown.warnings.len(), 3, "{:?}", shown.warnings);
        assert!(shown.warnings[0].contains("2,000,000 rows"));
        assert!(shown.warnings[1].starts_with("2 cells"));
        assert!(shown.warnings[2].contains("; 1 on this page"));
        let shown = preview(&page, &options(r#"{"format":"xlsx"}"#), Some(2_000_000));
        assert_eq!(shown.warnings.len(), 2, "{:?}", shown.warnings);
        let shown = preview(
            &page,
            &options(r#"{"format":"xlsx","long_decimals":"text"}"#),
            None,
        );
        assert_eq!(shown.warnings, [""; 0]);
        let shown = preview(&page, &options(r#"{"metadata":"true"}"#), None);
        assert_eq!(shown.sample, None);
        assert!(
            shown.warnings[0].contains("no place for metadata"),
            "{:?}",
            shown.warnings
        );
    }

    #[test]
    fn a_report_of_many_rows_is_too_long_for_a_browser() {
        let page = page("a\t1\n");
        let html = options(r#"{"format":"html"}"#);
        assert_eq!(preview(&page, &html, Some(10_000)).warnings, [""; 0]);
        let warnings = preview(&page, &html, Some(98_731)).warnings;
        assert!(
            warnings[0].starts_with("98,731 rows is more than a browser"),
            "{warnings:?}"
        );
        assert!(!is_too_long_for_a_browser(Format::Csv, Some(98_731)));
    }

    #[test]
    fn the_size_is_that_of_so_many_rows_of_the_page() {
        let page = page("abcd\t1\nefgh\t2\n");
        let csv = options(r#"{"bom":"false","newline":"lf"}"#);
        // `"NAME",COST` and two lines of seven bytes each.
        assert_eq!(estimated_bytes(&page, &csv, 2), Some(12 + 14));
        assert_eq!(estimated_bytes(&page, &csv, 1_000_000), Some(12 + 7_000_000));
        let zipped = options(r#"{"bom":"false","newline":"lf","compression":"zip"}"#);
        assert_eq!(estimated_bytes(&page, &zipped, 2), Some(26));
        assert_eq!(estimated_bytes(&page, &options(r#"{"format":"xlsx"}"#), 2), None);
    }

    #[test]
    fn a_text_that_is_too_long_for_a_cell_is_counted() {
        let page = page(&format!("{}\t1\n{}\t2\n", "a".repeat(32_767), "b".repeat(32_768)));
        for (format, then) in [("csv", "Excel cuts them"), ("xlsx", "a sheet of their own")] {
            let warnings = preview(&page, &options(&format!(r#"{{"format":"{format}"}}"#)), None).warnings;
            assert!(
                warnings[0].starts_with("1 cell on this page has more than 32,767"),
                "{warnings:?}"
            );
            assert!(warnings[0].contains(then), "{warnings:?}");
        }
        assert_eq!(
            preview(&page, &options(r#"{"format":"json"}"#), None).warnings,
            [""; 0]
        );
    }
}
