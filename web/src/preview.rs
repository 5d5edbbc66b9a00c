//! A preview of the file: its first lines, formatted from the rows of the table.

use wasm_export::export::Export;
use wasm_export::format::guard;
use wasm_export::options::{Compression, Format, Guard, Options};
use wasm_export::rows::{Header, Kind, header_line};

use crate::table_page::TablePage;
use crate::wording;

const LINES_MAX: usize = 12;

/// Limits the preview where lines are long.
const BYTES_MAX: usize = 6_000;

/// Rows of an Excel sheet, including the header row.
const SHEET_ROWS_MAX: u64 = 1_048_576;

/// Excel rounds a number after 15 digits.
const EXCEL_DIGITS_MAX: usize = 15;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// `None` for a binary format.
    pub text: Option<String>,
    pub warnings: Vec<String>,
}

/// `rows` is the number of rows on all pages, if known.
pub fn preview(page: &TablePage, options: &Options, rows: Option<u64>) -> Preview {
    let options = Options {
        compression: Compression::None,
        ..options.clone()
    };
    let (text, problem) = match first_lines(&page.stream, &options) {
        Ok(text) => (text, None),
        Err(problem) => (None, Some(problem)),
    };
    let warnings = [
        problem,
        too_many_rows(&options, rows),
        guarded_cells(page, &options),
        long_numbers(page, &options),
    ];
    Preview {
        text,
        warnings: warnings.into_iter().flatten().collect(),
    }
}

fn first_lines(stream: &[u8], options: &Options) -> Result<Option<String>, String> {
    if options.format == Format::Xlsx {
        return Ok(None);
    }
    let end = stream
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(stream.len());
    let (first, rest) = stream.split_at(end);
    let mut header = Header::read(first).map_err(|error| error.to_string())?;
    // The page's request has this limit, the export does not.
    header.filters.remove("limit");
    let mut export = Export::new(options.clone());
    let mut file = Vec::new();
    let pushed = export
        .push(&header_line(&header), &mut file)
        .and_then(|()| export.push(rest.strip_prefix(b"\n").unwrap_or(rest), &mut file));
    pushed.map_err(|error| format!("This file cannot be written: {error}."))?;
    let shown = &file[..file.len().min(BYTES_MAX)];
    let text = String::from_utf8_lossy(shown);
    let lines: Vec<&str> = text.split_inclusive('\n').take(LINES_MAX).collect();
    Ok(Some(lines.concat()))
}

fn too_many_rows(options: &Options, rows: Option<u64>) -> Option<String> {
    let rows = rows.filter(|&rows| rows >= SHEET_ROWS_MAX)?;
    let rows = wording::count(rows);
    match options.format {
        Format::Csv => Some(format!(
            "Excel shows at most 1,048,576 lines of a CSV file; there are {rows} rows. An XLSX file has several sheets."
        )),
        Format::Xlsx => Some(format!(
            "{rows} rows exceed one sheet. The file continues in further sheets."
        )),
        _ => None,
    }
}

fn guarded_cells(page: &TablePage, options: &Options) -> Option<String> {
    if options.format != Format::Csv || options.guard != Guard::Strict {
        return None;
    }
    let is_guarded = |kind: Kind, text: &str| {
        matches!(kind, Kind::Text | Kind::Json | Kind::Bytes)
            && guard::encode(text.as_bytes(), options.delimiter.byte()).len() > text.len()
    };
    let count = count_cells(page, options, is_guarded);
    (count > 0).then(|| {
        let cells = if count == 1 {
            "1 cell on this page begins".to_owned()
        } else {
            format!("{count} cells on this page begin")
        };
        format!("{cells} like a formula. The file has a ' before it, so that no spreadsheet runs it.")
    })
}

fn long_numbers(page: &TablePage, options: &Options) -> Option<String> {
    let is_long = |_: Kind, text: &str| {
        let is_number = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b','));
        let digits = text
            .trim_start_matches(['-', '0', '.', ','])
            .bytes()
            .filter(u8::is_ascii_digit)
            .count();
        is_number && digits > EXCEL_DIGITS_MAX
    };
    let count = if options.format == Format::Csv {
        count_cells(page, options, is_long)
    } else {
        0
    };
    (count > 0).then(|| {
        format!("Excel keeps 15 digits of a number; {count} on this page have more. An XLSX file holds them as text.")
    })
}

/// Counts cells of the exported columns for which `is_one` holds.
fn count_cells(page: &TablePage, options: &Options, is_one: impl Fn(Kind, &str) -> bool) -> usize {
    let is_chosen = |name: &String| options.columns.as_ref().is_none_or(|names| names.contains(name));
    let cells = page.rows.iter().flat_map(|row| row.iter().zip(&page.columns));
    cells
        .filter(|(_, column)| is_chosen(&column.name))
        .filter(|(cell, column)| cell.as_deref().is_some_and(|text| is_one(column.kind, text)))
        .count()
}

#[cfg(test)]
mod tests {
    use wasm_export::Zone;
    use wasm_export::rows::{Column, Digest, End, VERSION, end_line};

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

    #[test]
    fn the_first_lines_are_those_of_the_file() {
        let rows: String = (0..50).map(|row| format!("a{row}\t1.5\n")).collect();
        let shown = preview(
            &page(&rows),
            &options(r#"{"decimal":"comma","delimiter":"semicolon","bom":"false","newline":"lf"}"#),
            None,
        );
        let text = shown.text.unwrap();
        assert!(text.starts_with("\"NAME\";COST\na0;1,5\na1;1,5\n"), "{text}");
        assert_eq!(text.lines().count(), 12);
        assert_eq!(shown.warnings, [""; 0]);
    }

    #[test]
    fn a_packed_file_shows_what_is_in_it_and_no_limit_of_the_page() {
        let shown = preview(
            &page("a\t1\n"),
            &options(r#"{"format":"json","metadata":"true","compression":"zip"}"#),
            None,
        );
        let text = shown.text.unwrap();
        assert!(text.contains(r#""filters":{"model":"x"}"#), "{text}");
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
        assert_eq!((shown.text, shown.warnings.len()), (None, 1));
        let shown = preview(&page, &options(r#"{"metadata":"true"}"#), None);
        assert_eq!(shown.text, None);
        assert!(
            shown.warnings[0].contains("no place for metadata"),
            "{:?}",
            shown.warnings
        );
    }
}
