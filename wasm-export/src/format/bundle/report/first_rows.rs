//! The tables of a report: the first rows of a part that need attention, in the order of the dataset.
//!
//! Their memory is bounded, for any number of rows.

use super::clock::ReportClock;
use super::texts::{Texts, more};
use crate::format::bundle::declaration::{NamedValue, Report, Table};
use crate::format::html::{BetweenTags, CELL_BYTES_MAX, Conditions, ROWS_MAX, beginning_of, escape};
use crate::format::markup::Cells;
use crate::language::{Language, label_in};
use crate::rows::{Header, Kind, NULL};
use crate::tone::Tone;
use crate::value::CellText;

/// The first rows of one table, and the number of the others.
pub(super) struct FirstRows {
    /// The position of the table in the declaration.
    pub(super) at: usize,
    conditions: Conditions,
    columns: Vec<Column>,
    /// The rows as HTML.
    rows: Vec<String>,
    more: u64,
}

struct Column {
    position: usize,
    kind: Kind,
    /// In the report's language, escaped for HTML.
    label: String,
    named: Vec<NamedValue>,
}

impl FirstRows {
    /// Returns the tables of a part, without those whose columns its rows lack.
    pub(super) fn from_part(report: &Report, part: &str, header: &Header, language: Language) -> Vec<Self> {
        let tables = report.tables.iter().enumerate();
        let of_part = tables.filter(|(_, table)| table.part == part);
        let first_rows = of_part.filter_map(|(at, table)| {
            let column = |name: &String| {
                let position = header.position(name)?;
                let column = &header.columns[position];
                Some(Column {
                    position,
                    kind: column.kind,
                    label: escape(column.label_in(Some(language.word()))),
                    named: report.values_of(part, name).to_vec(),
                })
            };
            let columns: Vec<_> = table.columns.iter().filter_map(column).collect();
            let conditions = Conditions::new(&table.r#where, header)?;
            (!columns.is_empty()).then_some(Self {
                at,
                conditions,
                columns,
                rows: Vec::new(),
                more: 0,
            })
        });
        first_rows.collect()
    }

    /// Adds the row that `cells` has read, if it is one of these.
    #[inline]
    pub(super) fn take(
        &mut self,
        line: &[u8],
        cells: &Cells<BetweenTags>,
        text: &mut CellText,
        clock: &mut ReportClock,
        language: Language,
    ) {
        if !self.conditions.hold(line, cells) {
            return;
        }
        if self.rows.len() == ROWS_MAX {
            self.more += 1;
            return;
        }
        let mut row = "<tr role=\"row\">".to_owned();
        for column in &self.columns {
            let cell = cells.raw(line, column.position);
            let content = column.content(cell, text, clock, language);
            row += &format!(
                "<td role=\"cell\" data-label=\"{}\"{}>{content}</td>",
                column.label,
                column.class(),
            );
        }
        self.rows.push(row + "</tr>\n");
    }

    /// Returns the table as a section of the page.
    pub(super) fn html(&self, table: &Table, language: Language) -> String {
        let heading = escape(label_in(&table.headings, &table.heading, Some(language.word())));
        let (id, count) = (self.at, self.rows.len() as u64 + self.more);
        let mut html = format!(
            "<section class=\"first-rows\" aria-labelledby=\"table-{id}\">\n<h2 id=\"table-{id}\">{heading} \
             <span class=\"count\">{}</span></h2>\n",
            language.integer(count)
        );
        if count == 0 {
            let nothing = Texts::new(language).nothing;
            return html + &format!("<p class=\"nothing\">{nothing}</p>\n</section>\n");
        }
        html += "<table role=\"table\">\n<thead role=\"rowgroup\"><tr role=\"row\">";
        for column in &self.columns {
            html += &format!(
                "<th scope=\"col\" role=\"columnheader\"{}>{}</th>",
                column.class(),
                column.label,
            );
        }
        html += "</tr></thead>\n<tbody role=\"rowgroup\">\n";
        html += &self.rows.concat();
        html += "</tbody>\n</table>\n";
        if self.more > 0 {
            html += &format!("<p class=\"more\">{}</p>\n", more(language, self.more));
        }
        html + "</section>\n"
    }
}

impl Column {
    /// Returns the attribute `class` of its cells: numbers are aligned, and short texts are not wrapped.
    fn class(&self) -> &'static str {
        match self.kind {
            kind if kind.is_number() => " class=\"number\"",
            Kind::Timestamp | Kind::LocalTimestamp | Kind::Date => " class=\"short\"",
            _ if !self.named.is_empty() => " class=\"short\"",
            _ => "",
        }
    }

    /// Returns a cell as HTML.
    fn content(
        &self,
        cell: &[u8],
        text: &mut CellText,
        clock: &mut ReportClock,
        language: Language,
    ) -> String {
        if cell == NULL || cell.is_empty() {
            return "–".to_owned();
        }
        if let Some(time) = clock.text(cell, self.kind) {
            return time;
        }
        let begin = beginning_of(cell, CELL_BYTES_MAX);
        let shown = text.text(begin, self.kind).unwrap_or_default();
        if let Some(named) = self.named.iter().find(|named| named.value == shown) {
            let label = escape(label_in(&named.labels, &named.label, Some(language.word())));
            return match named.tone {
                Some(tone) => format!("<span class=\"badge {}\">{label}</span>", badge_class(tone)),
                None => label,
            };
        }
        let ellipsis = if begin.len() < cell.len() { "…" } else { "" };
        match self.kind.is_number() {
            true => escape(&language.number(&shown)),
            false => escape(&shown) + ellipsis,
        }
    }
}

fn badge_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Neutral => "neutral",
    }
}
