//! The rows of a report that need attention, as the dataset declares them.
//!
//! Their memory is bounded, for any number of rows.

use super::between_tags::{BetweenTags, escape};
use super::conditions::{CELL_BYTES_MAX, Conditions, ROWS_MAX, beginning_of};
use crate::format::ColumnRef;
use crate::format::markup::Cells;
use crate::rows::{Header, Highlight, NULL};

/// The rows of a highlight.
pub(super) struct Highlighted {
    heading: String,
    conditions: Conditions,
    columns: Vec<ColumnRef>,
    /// The rows as HTML.
    rows: Vec<String>,
    more: u64,
}

impl Highlighted {
    /// Returns `None` if the rows lack a column of its conditions, or the file all of the columns that it shows.
    pub(super) fn new(highlight: &Highlight, header: &Header, positions: &[usize]) -> Option<Self> {
        let conditions = Conditions::new(&highlight.r#where, header)?;
        let columns: Vec<ColumnRef> = highlight
            .columns
            .iter()
            .filter_map(|column| header.position(column))
            .filter(|position| positions.contains(position))
            .map(|position| (position, header.columns[position].kind))
            .collect();
        (!columns.is_empty()).then(|| Self {
            heading: highlight.heading.clone(),
            conditions,
            columns,
            rows: Vec::new(),
            more: 0,
        })
    }

    /// Adds the row that `cells` has read, if it is one of these.
    #[inline]
    pub(super) fn take(&mut self, line: &[u8], cells: &mut Cells<BetweenTags>) {
        if !self.conditions.hold(line, cells) {
            return;
        }
        if self.rows.len() == ROWS_MAX {
            self.more += 1;
            return;
        }
        let mut row = Vec::new();
        for &(position, kind) in &self.columns {
            let cell = cells.raw(line, position);
            if cell == NULL || cell.is_empty() {
                continue;
            }
            if !row.is_empty() {
                row.extend_from_slice(" · ".as_bytes());
            }
            let begin = beginning_of(cell, CELL_BYTES_MAX);
            cells.write_raw(begin, kind, &mut row);
            if begin.len() < cell.len() {
                row.extend_from_slice("…".as_bytes());
            }
        }
        self.rows.push(String::from_utf8_lossy(&row).into_owned());
    }

    pub(super) fn html(&self) -> String {
        let is_alarm = if self.rows.is_empty() {
            ""
        } else {
            " class=\"alarm\""
        };
        let count = self.rows.len() as u64 + self.more;
        let mut html = format!("<h3{is_alarm}>{}: {count}</h3>\n", escape(&self.heading));
        if self.rows.is_empty() {
            return html;
        }
        html += "<ul>\n";
        for row in &self.rows {
            html += &format!("<li>{row}</li>\n");
        }
        if self.more > 0 {
            html += &format!("<li>and {} more</li>\n", self.more);
        }
        html + "</ul>\n"
    }
}
