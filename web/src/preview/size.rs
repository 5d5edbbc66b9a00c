//! An estimate of the size of a file, from the rows of the page.

use wasm_export::options::{Compression, Format, Options};

use super::Formatted;
use crate::table_page::TablePage;

/// Returns about how many bytes a file of `rows` rows has before its compression. `None` for a workbook, which is always
/// compressed, and if the page has no rows.
pub fn estimated_bytes(page: &TablePage, options: &Options, rows: u64) -> Option<u64> {
    let of_page = u64::try_from(page.rows.len()).ok().filter(|rows| *rows > 0)?;
    if options.format == Format::Xlsx {
        return None;
    }
    let options = Options {
        compression: Compression::None,
        ..options.clone()
    };
    let formatted = Formatted::new(&page.stream, &options).ok()?;
    let beginning = formatted.beginning.len() as u64;
    let bytes = u128::from(rows) * formatted.rows.len() as u128 / u128::from(of_page);
    Some(beginning.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)))
}
