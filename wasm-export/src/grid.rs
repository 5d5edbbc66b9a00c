//! The headings and cells of a file as texts, to preview a format that is no plain text.

use crate::export::{ExportError, with_fraction_of};
use crate::format::{FormatError, check, chosen_columns, heading, xlsx_cell_options};
use crate::options::{Format, HeaderStyle, Options};
use crate::rows::{Event, Kind, Reader};
use crate::value::CellText;

/// The first rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// `None` where the options leave out the header row.
    pub headings: Option<Vec<String>>,
    /// The kind of each column.
    pub kinds: Vec<Kind>,
    /// One text for each column. Null is an empty text.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    /// Formats at most `rows_max` rows of a raw-row stream as the file of these options shows them.
    ///
    /// # Errors
    /// The bytes are no raw-row stream, the server reports a problem inside it, or the options cannot be applied to
    /// its rows.
    pub fn read(stream: &[u8], options: &Options, rows_max: usize) -> Result<Self, ExportError> {
        let mut grid = Self::default();
        let mut columns = Vec::new();
        let mut text = CellText::new(options);
        let mut reader = Reader::new();
        let mut events = reader.read(stream);
        while let Some(event) = events.next()? {
            match event {
                Event::Header(header) => {
                    let options = match options.format {
                        Format::Xlsx => xlsx_cell_options(options),
                        _ => with_fraction_of(header, options),
                    };
                    check(header, &options)?;
                    columns =
                        chosen_columns(header, options.columns.as_deref()).map_err(FormatError::from)?;
                    text = CellText::new(&options);
                    let chosen = || columns.iter().map(|&position| &header.columns[position]);
                    grid.kinds = chosen().map(|column| column.kind).collect();
                    grid.headings = (options.header != HeaderStyle::None)
                        .then(|| chosen().map(|column| heading(column, &options)).collect());
                }
                Event::Row(_) if grid.rows.len() == rows_max => break,
                Event::Row(row) => {
                    let cells: Vec<&[u8]> = row.cells()?.collect();
                    let cells = columns.iter().zip(&grid.kinds).map(|(&position, &kind)| {
                        let cell = cells.get(position).copied().unwrap_or_default();
                        text.text(cell, kind).unwrap_or_default()
                    });
                    grid.rows.push(cells.collect());
                }
                Event::Failed(problem) => return Err(ExportError::Failed(Box::new(problem))),
                Event::End(_) => break,
            }
        }
        Ok(grid)
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use crate::sample::{header, row, stream};

    fn grid(options: &str) -> Grid {
        let header = header(&[
            ("at", Kind::Timestamp),
            ("name", Kind::Text),
            ("cost", Kind::Decimal),
        ]);
        let cells = [Some(&b"2026-01-28 12:34:56.789+00"[..]), Some(b"a\tb"), None];
        let rows = row(cells).repeat(20);
        Grid::read(
            &stream(&header, &rows),
            &serde_json::from_str(options).unwrap(),
            5,
        )
        .unwrap()
    }

    #[test]
    fn a_workbook_shows_times_of_its_zone_to_the_second() {
        let grid = grid(r#"{"format":"xlsx","zone":"Asia/Shanghai"}"#);
        let headings = ["at (Asia/Shanghai)", "name", "cost"].map(str::to_owned);
        assert_eq!(grid.headings, Some(headings.to_vec()));
        assert_eq!(grid.kinds, [Kind::Timestamp, Kind::Text, Kind::Decimal]);
        assert_eq!(grid.rows.len(), 5);
        assert_eq!(grid.rows[0], ["2026-01-28 20:34:56", "a\tb", ""]);
    }

    #[test]
    fn a_report_has_the_chosen_columns_and_the_datasets_fraction() {
        let grid = grid(r#"{"format":"html","columns":["name","at"],"header":"none"}"#);
        assert_eq!(grid.headings, None);
        assert_eq!(grid.rows[0], ["a\tb", "2026-01-28T12:34:56.789Z"]);
    }

    #[test]
    fn options_that_the_rows_cannot_have_are_refused() {
        let header = header(&[("at", Kind::Timestamp)]);
        let options = serde_json::from_str(r#"{"format":"html","columns":["no_such"]}"#).unwrap();
        assert!(Grid::read(&stream(&header, b""), &options, 5).is_err());
    }
}
