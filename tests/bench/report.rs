//! The report BENCHMARKS.md: figures, comparisons and bounds.

use std::fmt;
use std::time::Duration;

use crate::bed::Bed;
use crate::line::{HEADER, Line};
use crate::machine::Machine;
use crate::quantity::seconds;

/// Bound for a million demo rows.
const FILL_SECONDS_MAX: f64 = 30.0;

pub struct Report {
    /// Load of the machine before the measurements, from 0 to 1.
    pub busy_before: f64,
    /// Load after the measurements.
    pub busy_after: f64,
    /// Duration of the whole run.
    pub took: Duration,
    machine: Machine,
    demo_rows: u64,
    rows: u64,
    sections: Vec<Section>,
}

/// Lines that were measured in the same way.
pub struct Section {
    pub title: &'static str,
    /// Explains the measurement, in Markdown.
    pub how: String,
    pub lines: Vec<Line>,
}

impl Report {
    /// Starts a report with the machine and the time for the demo rows.
    pub fn new(machine: Machine, bed: &Bed) -> Self {
        let filling = Section {
            title: "Demo rows",
            how: "`decant_demo::fill`, as `decant demo` runs it, into empty tables: tables, indexes and statistics."
                .to_owned(),
            lines: vec![
                Line::new(
                    format!("making {} rows", bed.demo_rows),
                    seconds(bed.filled_in.as_secs_f64()),
                )
                .at_most(seconds(FILL_SECONDS_MAX)),
            ],
        };
        Self {
            busy_before: 0.0,
            busy_after: 0.0,
            took: Duration::ZERO,
            machine,
            demo_rows: bed.demo_rows,
            rows: bed.rows,
            sections: vec![filling],
        }
    }

    /// Adds a section, and prints it to stderr.
    pub fn add(&mut self, section: Section) {
        for line in &section.lines {
            eprintln!("  {}", line.cells().join(" | "));
        }
        self.sections.push(section);
    }

    fn missed(&self) -> usize {
        let lines = self.sections.iter().flat_map(|section| &section.lines);
        lines.filter(|line| line.is_missed()).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
        let percent = |share: f64| share * 100.0;
        writeln!(f, "# Benchmarks\n")?;
        writeln!(
            f,
            "Written by `make bench`, which measures everything but the storm at the end in one run on one machine; figures \
             of other machines differ, the ratios should not.\n"
        )?;
        writeln!(f, "- Date: {now}, {} s in all", self.took.as_secs())?;
        write!(f, "{}", self.machine)?;
        writeln!(
            f,
            "- Others kept the processors busy for {:.0} % of the time just before the measurements and {:.0} % just \
             after",
            percent(self.busy_before),
            percent(self.busy_after)
        )?;
        writeln!(
            f,
            "- Data: {} demo requests; the usage logs are the {} of them that are not deleted and whose user and key \
             are there, 18 columns of four joined tables; PostgreSQL with Decant's own, durable settings",
            self.demo_rows, self.rows
        )?;
        match self.missed() {
            0 => writeln!(f, "- All bounds are met")?,
            missed => writeln!(f, "- **Bounds that are not met: {missed}**")?,
        }
        writeln!(f, "- 1 MB is 1 000 000 bytes")?;
        self.sections.iter().try_for_each(|section| section.fmt(f))
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n## {}\n\n{}\n", self.title, self.how)?;
        let header = HEADER.map(str::to_owned);
        let rows: Vec<_> = self.lines.iter().map(Line::cells).collect();
        let width = |column: usize| {
            let cells = rows
                .iter()
                .chain([&header])
                .map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..header.len()).map(width).collect();
        let write_row = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")
        };
        write_row(f, &header)?;
        write_row(
            f,
            &widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>(),
        )?;
        rows.iter().try_for_each(|row| write_row(f, row))
    }
}
