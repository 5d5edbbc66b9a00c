//! One page of the table, read from a short raw-row stream. The formatter writes its cells, so the table
//! shows the same text as the file.

use wasm_export::Zone;
use wasm_export::export::with_fraction_of;
use wasm_export::options::{Options, TimestampStyle};
use wasm_export::rows::{Column, Event, Problem, Reader};
use wasm_export::value::CellText;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TablePage {
    /// Without the hidden columns.
    pub columns: Vec<Column>,
    /// `None` is null.
    pub rows: Vec<Vec<Option<String>>>,
    /// The cursor of the last row; `None` on a page without rows.
    pub next: Option<String>,
    /// The raw-row stream, for the preview.
    pub stream: Vec<u8>,
}

impl TablePage {
    /// Reads a complete raw-row stream. Writes times in `zone`, to the second.
    ///
    /// # Errors
    /// The stream is damaged or has no end record; or the server reports a problem inside it.
    pub fn read(stream: &[u8], zone: Zone) -> Result<Self, Box<Problem>> {
        let options = Options {
            zone,
            timestamps: TimestampStyle::Local,
            ..Options::default()
        };
        let mut cell_text = CellText::new(&options);
        let mut reader = Reader::new();
        let mut events = reader.read(stream);
        let mut page = Self {
            stream: stream.to_vec(),
            ..Self::default()
        };
        let mut columns = Vec::new();
        while let Some(event) = events.next().map_err(|error| unreadable(&error.to_string()))? {
            match event {
                Event::Header(header) => columns.clone_from(&header.columns),
                Event::Row(row) => {
                    let cells = row.cells().map_err(|error| unreadable(&error.to_string()))?;
                    let shown = cells.zip(&columns).filter(|(_, column)| !column.hidden);
                    page.rows.push(
                        shown
                            .map(|(cell, column)| cell_text.text(cell, column.kind))
                            .collect(),
                    );
                }
                Event::Failed(problem) => return Err(Box::new(problem)),
                Event::End(end) => {
                    page.next = end.cursor;
                    columns.retain(|column| !column.hidden);
                    page.columns = columns;
                    return Ok(page);
                }
            }
        }
        Err(unreadable("it ended before its last row"))
    }

    /// Returns the cells of a row as a file with these options has them; `None` without that row.
    pub fn file_cells(&self, row: usize, options: &Options) -> Option<Vec<Option<String>>> {
        let mut reader = Reader::new();
        let mut events = reader.read(&self.stream);
        let mut header = None;
        let mut rows_before = 0;
        while let Some(event) = events.next().ok()? {
            match event {
                Event::Header(read) => header = Some(read.clone()),
                Event::Row(_) if rows_before < row => rows_before += 1,
                Event::Row(cells) => {
                    let header = header?;
                    let mut cell_text = CellText::new(&with_fraction_of(&header, options));
                    let cells = cells.cells().ok()?.zip(&header.columns);
                    let cells = cells.filter(|(_, column)| !column.hidden);
                    return Some(
                        cells
                            .map(|(cell, column)| cell_text.text(cell, column.kind))
                            .collect(),
                    );
                }
                Event::Failed(_) | Event::End(_) => {}
            }
        }
        None
    }
}

fn unreadable(why: &str) -> Box<Problem> {
    Box::new(Problem {
        title: "The server's answer cannot be read".to_owned(),
        detail: format!("{}.", why.trim_end_matches('.')),
        code: "unreadable".to_owned(),
        ..Problem::default()
    })
}

#[cfg(test)]
mod tests {
    use wasm_export::rows::{Digest, End, Header, Kind, VERSION, end_line, failure_line, header_line};

    use super::*;

    fn column(name: &str, kind: Kind, hidden: bool) -> Column {
        let (name, label, pg_type) = (name.to_owned(), name.to_owned(), String::new());
        Column {
            name,
            label,
            labels: [].into(),
            kind,
            pg_type,
            hidden,
        }
    }

    fn header() -> Vec<u8> {
        header_line(&Header {
            decant: VERSION,
            part: None,
            dataset: "usage-logs".to_owned(),
            title: "Usage logs".to_owned(),
            columns: vec![
                column("created_at", Kind::Timestamp, false),
                column("model", Kind::Text, false),
                column("id", Kind::Integer, true),
            ],
            order: vec!["created_at".to_owned(), "id".to_owned()],
            reversed: false,
            as_of: "2026-01-28T12:00:00Z".to_owned(),
            zone: "UTC".to_owned(),
            fraction: None,
            highlights: Vec::new(),
            filters: [].into(),
            estimated_rows: None,
        })
    }

    fn stream(rows: &str, count: u64, cursor: Option<&str>) -> Vec<u8> {
        let mut digest = Digest::new();
        digest.update(rows.as_bytes());
        let cursor = cursor.map(str::to_owned);
        let end = end_line(&End {
            rows: count,
            bytes: rows.len() as u64,
            digest: digest.hex(),
            cursor,
        });
        [header(), rows.into(), end].concat()
    }

    #[test]
    fn cells_read_as_in_the_file_and_hidden_columns_do_not_show() {
        let stream = stream(
            "2026-01-28 12:34:56.789+00\ta\\tb\t7\n\\N\t\\N\t6\n",
            2,
            Some("abc"),
        );
        let page = TablePage::read(&stream, "Asia/Shanghai".parse().unwrap()).unwrap();
        let names = page.columns.iter().map(|column| column.name.as_str());
        assert!(names.eq(["created_at", "model"]));
        let first = ["2026-01-28 20:34:56", "a\tb"].map(|text| Some(text.to_owned()));
        assert_eq!(page.rows, [first.to_vec(), vec![None, None]]);
        assert_eq!(page.next.as_deref(), Some("abc"));
    }

    #[test]
    fn the_cells_of_a_file_have_its_fraction_and_zone() {
        let rows = "2026-01-28 12:34:56.789012+00\ta\t7\n2026-01-28 12:00:00+00\t\\N\t6\n";
        let page = TablePage::read(&stream(rows, 2, None), Zone::default()).unwrap();
        let options = Options {
            zone: "Asia/Shanghai".parse().unwrap(),
            ..Options::default()
        };
        let cells = |row| page.file_cells(row, &options);
        let first = ["2026-01-28T20:34:56.789012+08:00", "a"].map(|text| Some(text.to_owned()));
        assert_eq!(cells(0), Some(first.to_vec()));
        assert_eq!(cells(1).unwrap()[1], None);
        assert_eq!(cells(2), None);
    }

    #[test]
    fn no_row_is_a_page_too() {
        let page = TablePage::read(&stream("", 0, None), Zone::default()).unwrap();
        assert_eq!((page.columns.len(), page.rows.len(), page.next), (2, 0, None));
    }

    #[test]
    fn a_page_that_is_not_whole_is_none() {
        let whole = stream("2026-01-28 12:34:56.789+00\ta\t7\n", 1, Some("abc"));
        for end in 0..whole.len() {
            assert!(
                TablePage::read(&whole[..end], Zone::default()).is_err(),
                "{end} bytes"
            );
        }
    }

    #[test]
    fn the_servers_own_problem_is_shown_as_it_is() {
        let problem = Problem {
            code: "source_failed".to_owned(),
            ..Problem::default()
        };
        let stream = [header(), failure_line(&problem)].concat();
        assert_eq!(TablePage::read(&stream, Zone::default()), Err(Box::new(problem)));
    }
}
