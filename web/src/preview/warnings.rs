//! Warnings about a file before its export, from the number of rows and the cells of the page.

use wasm_export::format::guard;
use wasm_export::options::{Format, Guard, LongDecimals, Options};
use wasm_export::rows::Kind;

use crate::table_page::TablePage;
use crate::wording;

/// Rows of an Excel sheet, including the header row.
const SHEET_ROWS_MAX: u64 = 1_048_576;

/// Excel rounds a number after 15 digits.
const EXCEL_DIGITS_MAX: usize = 15;

/// The longest text of a cell in Excel, in UTF-16 code units.
const EXCEL_CELL_UNITS_MAX: usize = 32_767;

/// About the number of rows of a report that a browser scrolls and prints well.
const REPORT_ROWS_MAX: u64 = 10_000;

/// Returns whether a browser hardly shows a report of this number of rows.
pub fn is_too_long_for_a_browser(format: Format, rows: Option<u64>) -> bool {
    format == Format::Html && rows.is_some_and(|rows| rows > REPORT_ROWS_MAX)
}

/// `rows` is the number of rows on all pages, if known.
pub(super) fn warnings(page: &TablePage, options: &Options, rows: Option<u64>) -> Vec<String> {
    let warnings = [
        too_many_rows(options, rows),
        long_texts(page, options),
        guarded_cells(page, options),
        long_numbers(page, options),
    ];
    warnings.into_iter().flatten().collect()
}

fn too_many_rows(options: &Options, rows: Option<u64>) -> Option<String> {
    let is_large = rows? >= SHEET_ROWS_MAX;
    let rows_text = wording::count(rows?);
    match options.format {
        Format::Csv if is_large => Some(format!(
            "Excel shows at most 1,048,576 lines of a CSV file; there are {rows_text} rows. An XLSX file has several sheets."
        )),
        Format::Xlsx if is_large => Some(format!(
            "{rows_text} rows exceed one sheet. The file continues in further sheets."
        )),
        format if is_too_long_for_a_browser(format, rows) => Some(format!(
            "{rows_text} rows is more than a browser shows well. XLSX or CSV hold them."
        )),
        _ => None,
    }
}

fn long_texts(page: &TablePage, options: &Options) -> Option<String> {
    let then = match options.format {
        Format::Csv => "Excel cuts them",
        Format::Xlsx => "They continue in a sheet of their own",
        _ => return None,
    };
    let is_long = |_: Kind, text: &str| {
        text.len() > EXCEL_CELL_UNITS_MAX && text.encode_utf16().count() > EXCEL_CELL_UNITS_MAX
    };
    let count = count_cells(page, options, is_long);
    (count > 0).then(|| {
        let cells = cells_on_this_page(count, "has", "have");
        format!("{cells} more than 32,767 characters, Excel's limit. {then}.")
    })
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
        let cells = cells_on_this_page(count, "begins", "begin");
        format!("{cells} like a formula. The file has a ' before it, so that no spreadsheet runs it.")
    })
}

fn long_numbers(page: &TablePage, options: &Options) -> Option<String> {
    let has_point = |text: &str| text.contains('.');
    let is_counted = |text: &str| match options.format {
        Format::Csv => true,
        // A long whole number is always text.
        Format::Xlsx => options.long_decimals == LongDecimals::Rounded && has_point(text),
        _ => false,
    };
    let is_long = |_: Kind, text: &str| {
        let is_number = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b','));
        let digits = text
            .trim_start_matches(['-', '0', '.', ','])
            .bytes()
            .filter(u8::is_ascii_digit)
            .count();
        is_number && digits > EXCEL_DIGITS_MAX && is_counted(text)
    };
    let count = count_cells(page, options, is_long);
    (count > 0).then(|| {
        let instead = match options.format {
            Format::Xlsx => "the file rounds them; the option Long decimals keeps all digits as text",
            _ => "an XLSX file can hold them as text",
        };
        format!("Excel keeps 15 digits of a number; {count} on this page have more: {instead}.")
    })
}

fn cells_on_this_page(count: usize, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 cell on this page {one}"),
        count => format!("{count} cells on this page {several}"),
    }
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
