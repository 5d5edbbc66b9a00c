//! A workbook as Decant writes it. Its sheets of rows come first in the list of sheets, and behind them those with long texts, facts and
//! totals.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};

use super::row_count::RowCount;
use super::tags::each_tag;
use crate::format::xlsx::WITHOUT_ROWS;
use crate::reading::ZipArchive;

const FOREIGN: RowCount = RowCount::Unknown("another program has written the workbook");

/// Sheets are read in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// Rows of a sheet without its headings; `None`: it is no sheet of Decant's.
type SheetRows = Option<u64>;

pub(super) fn count(input: impl BufRead) -> io::Result<RowCount> {
    let mut archive = ZipArchive::new(input);
    let (mut sheets, mut listed) = (HashMap::<String, SheetRows>::new(), Vec::new());
    while let Some(name) = archive.next_file()? {
        let file = BufReader::with_capacity(PIECE_BYTES, &mut archive);
        if name == "xl/workbook.xml" {
            listed = sheet_names(file)?;
        } else if let Some(number) = number_of(&name) {
            sheets.insert(number.to_owned(), sheet_rows(file)?);
        }
    }
    let of_rows = listed.iter().take_while(|(name, _)| !is_other(name)).count();
    let (of_rows, others) = listed.split_at(of_rows);
    if of_rows.is_empty() || others.iter().any(|(name, _)| !is_other(name)) {
        return Ok(RowCount::Unknown(
            "the names of its sheets do not tell which have the rows",
        ));
    }
    let counted: Option<u64> = of_rows
        .iter()
        .map(|(_, number)| sheets.get(number).copied().flatten())
        .sum();
    Ok(counted.map_or(FOREIGN, RowCount::Rows))
}

/// Returns the number of the file of a sheet: `1` of `xl/worksheets/sheet1.xml`.
fn number_of(file: &str) -> Option<&str> {
    file.strip_prefix("xl/worksheets/sheet")?.strip_suffix(".xml")
}

/// Returns whether a sheet has no rows. A number in parentheses may follow its name.
fn is_other(name: &str) -> bool {
    let is_numbered = |rest: &str| {
        let number = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
        rest.is_empty() || number.is_some_and(|number| number.parse::<u64>().is_ok())
    };
    WITHOUT_ROWS
        .iter()
        .any(|other| name.strip_prefix(other).is_some_and(is_numbered))
}

/// Returns names and numbers of the sheets, in the order of the workbook.
fn sheet_names(file: impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut listed = Vec::new();
    each_tag(file, |tag| {
        let tag = String::from_utf8_lossy(tag);
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        if tag.starts_with("<sheet ") {
            listed.extend(attribute("name").zip(attribute("sheetId")));
        }
        Ok(())
    })?;
    Ok(listed)
}

fn sheet_rows(file: impl BufRead) -> io::Result<SheetRows> {
    let (mut rows, mut has_headings, mut is_foreign, mut is_ended) = (0_u64, false, false, false);
    each_tag(file, |tag| {
        match tag {
            b"<row>" => rows += 1,
            b"</worksheet>" => is_ended = true,
            // Only the headings stay when the rows are scrolled.
            pane if pane.starts_with(b"<pane ySplit=\"1\"") => has_headings = true,
            // Decant's rows have no number.
            row if row.starts_with(b"<row ") => is_foreign = true,
            _ => {}
        }
        Ok(())
    })?;
    match is_ended {
        false => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the end of a sheet is missing",
        )),
        true => Ok((!is_foreign).then(|| rows.saturating_sub(u64::from(has_headings)))),
    }
}
