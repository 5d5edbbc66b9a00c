//! A bundle as a report in one HTML file: key figures, charts and the rows that need attention.
//!
//! The file needs little memory and is written at the end, because it does not contain all rows. The bundle declares
//! its content ([`Report`]).

mod chart_counts;
mod clock;
mod first_rows;
mod period;
mod texts;

use self::chart_counts::ChartCounts;
use self::clock::ReportClock;
use self::first_rows::FirstRows;
use self::period::Period;
use self::texts::Texts;
use super::declaration::Report;
use super::writer::{BundleFormat, Contents, PartRows};
use crate::format::FormatError;
use crate::format::html::{BetweenTags, document, escape};
use crate::format::markup::Cells;
use crate::language::{Language, label_in};
use crate::options::Options;
use crate::rows::{Header, ReadError, Row};
use crate::value::CellText;

const STYLE: &str = include_str!("style.css");

/// Writes the report of a bundle.
pub(super) struct ReportPage {
    report: Report,
    language: Language,
    text: CellText,
    clock: ReportClock,
    zone: String,
    as_of: String,
    /// The value that names what the report is about.
    subject: Option<String>,
    period: Option<Period>,
    /// The label of each with its value, neither of them escaped.
    figures: Vec<(String, String)>,
    /// HTML, in the order of the declaration. A part that is missing leaves gaps.
    charts: Vec<String>,
    tables: Vec<String>,
    part: Option<CurrentPart>,
}

/// The part whose rows pass.
struct CurrentPart {
    name: String,
    header: Header,
    cells: Cells<BetweenTags>,
    charts: Vec<ChartCounts>,
    tables: Vec<FirstRows>,
}

impl ReportPage {
    pub(super) fn new(report: &Report, options: &Options) -> Self {
        let language = report.language(options.language.as_deref());
        let language = language.or_else(|| report.language(None)).unwrap_or_default();
        Self {
            language,
            text: CellText::new(options),
            clock: ReportClock::new(&options.zone, language),
            zone: options.zone.to_string(),
            as_of: String::new(),
            subject: None,
            period: None,
            figures: Vec::new(),
            charts: vec![String::new(); report.charts.len()],
            tables: vec![String::new(); report.tables.len()],
            part: None,
            report: report.clone(),
        }
    }

    /// Takes the only row of a part: the subject, the period, or the figures.
    fn take_single(&mut self, part: &CurrentPart, line: &[u8]) {
        let Self {
            report,
            text,
            clock,
            language,
            ..
        } = self;
        let columns = || {
            part.header
                .columns
                .iter()
                .enumerate()
                .filter(|(_, column)| !column.hidden)
        };
        if let Some(subject) = &report.subject
            && subject.part == part.name
            && let Some(position) = part.header.position(&subject.column)
        {
            let cell = part.cells.raw(line, position);
            self.subject = text.text(cell, part.header.columns[position].kind);
        }
        if report.period.as_ref() == Some(&part.name) {
            let mut boundary = |name: &str| {
                let position = part.header.position(name)?;
                let kind = part.header.columns[position].kind;
                clock.boundary(part.cells.raw(line, position), kind)
            };
            self.period = boundary("start")
                .zip(boundary("end"))
                .map(|(start, end)| Period { start, end });
        }
        if report.figures.as_ref() == Some(&part.name) {
            let figure = |(position, column): (usize, &crate::rows::Column)| {
                let cell = part.cells.raw(line, position);
                let time = clock.text(cell, column.kind);
                let value = match time.or_else(|| text.text(cell, column.kind)) {
                    None => "–".to_owned(),
                    Some(number) if column.kind.is_number() => language.number(&number),
                    Some(text) => text,
                };
                (column.label_in(Some(language.word())).to_owned(), value)
            };
            self.figures = columns().map(figure).collect();
        }
    }

    fn period_text(&self) -> String {
        let text = self.period.and_then(|period| {
            let texts = Texts::new(self.language);
            period.text(&self.clock, self.language, &texts)
        });
        text.unwrap_or_default()
    }

    /// Returns the heading of the page with its facts.
    fn header(&mut self, title: &str) -> String {
        let texts = Texts::new(self.language);
        let title = escape(title);
        let headings = match &self.subject {
            Some(subject) => format!("<p class=\"kind\">{title}</p>\n<h1>{}</h1>\n", escape(subject)),
            None => format!("<h1>{title}</h1>\n"),
        };
        let as_of = escape(&self.as_of);
        let made_at = self.clock.of_stream(&self.as_of).unwrap_or_else(|| as_of.clone());
        let facts = [
            (texts.period, escape(&self.period_text())),
            (
                texts.made_at,
                format!("<time datetime=\"{as_of}\">{made_at}</time>"),
            ),
            (texts.zone, escape(&self.zone)),
        ];
        let facts: String = facts
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"))
            .collect();
        format!("<header>\n{headings}<dl class=\"facts\">\n{facts}</dl>\n</header>\n")
    }

    fn sections(&self) -> String {
        let texts = Texts::new(self.language);
        let mut sections = String::new();
        if !self.figures.is_empty() {
            let figure = |(label, value): &(String, String)| {
                format!(
                    "<div><dt>{}</dt><dd>{}</dd></div>\n",
                    escape(label),
                    escape(value)
                )
            };
            let figures: String = self.figures.iter().map(figure).collect();
            sections += &format!(
                "<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">{}</h2>\n<dl class=\"figures\">\n{figures}</dl>\n</section>\n",
                texts.figures
            );
        }
        let charts = self.charts.concat();
        if !charts.is_empty() {
            sections += &format!(
                "<section aria-labelledby=\"charts\">\n<h2 id=\"charts\">{}</h2>\n<div class=\"charts\">\n{charts}</div>\n</section>\n",
                texts.charts
            );
        }
        sections + &self.tables.concat()
    }
}

impl BundleFormat for ReportPage {
    fn begin(&mut self, _contents: &Contents, as_of: &str, _out: &mut Vec<u8>) {
        as_of.clone_into(&mut self.as_of);
    }

    fn begin_part(&mut self, part: &PartRows<'_>, _out: &mut Vec<u8>) -> Result<(), FormatError> {
        let (name, header) = (&part.part.name, part.header);
        self.part = Some(CurrentPart {
            name: name.clone(),
            header: header.clone(),
            cells: Cells::new(BetweenTags, header, &part.options),
            charts: ChartCounts::from_part(&self.report, name, header, self.period, self.language),
            tables: FirstRows::from_part(&self.report, name, header, self.language),
        });
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, _out: &mut Vec<u8>) -> Result<(), ReadError> {
        let Some(mut part) = self.part.take() else {
            return Ok(());
        };
        let read = part.cells.read(row);
        if read.is_ok() {
            let line = row.line();
            if row.number() == 1 {
                self.take_single(&part, line);
            }
            for chart in &mut part.charts {
                chart.take(line, &part.cells, &mut self.clock);
            }
            for table in &mut part.tables {
                table.take(line, &part.cells, &mut self.text, &mut self.clock, self.language);
            }
        }
        self.part = Some(part);
        read
    }

    fn end_part(&mut self, _rows: u64, _out: &mut Vec<u8>) {
        let Some(part) = self.part.take() else { return };
        let period = self.period_text();
        for mut counts in part.charts {
            let chart = &self.report.charts[counts.at];
            let named = self.report.values_of(&part.name, &chart.of.column);
            self.charts[counts.at] = counts.html(chart, named, &period, &mut self.text, self.language);
        }
        for first_rows in part.tables {
            let table = &self.report.tables[first_rows.at];
            self.tables[first_rows.at] = first_rows.html(table, self.language);
        }
    }

    fn finish(&mut self, contents: &Contents, out: &mut Vec<u8>) {
        let word = self.language.word();
        let title = label_in(&self.report.titles, &contents.title, Some(word));
        let of_subject = match &self.subject {
            Some(subject) => format!("{subject} · {title}"),
            None => title.to_owned(),
        };
        let title = title.to_owned();
        let page = [
            document(word, &of_subject, &[STYLE]),
            self.header(&title),
            format!("<main>\n{}</main>\n", self.sections()),
            format!(
                "<footer>{}</footer>\n</body>\n</html>\n",
                Texts::new(self.language).footer
            ),
        ];
        out.extend_from_slice(page.concat().as_bytes());
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
