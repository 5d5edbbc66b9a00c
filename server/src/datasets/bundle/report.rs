//! The checks of a bundle's report.

use std::collections::BTreeSet;

use api::datasets::FilterKind;
use wasm_export::bundle::{ChartKind, PartColumn, Report};

use crate::datasets::definition::{Column, Definition};

/// The most charts and the most tables of a report, which keeps some of each in memory.
const SECTIONS_MAX: usize = 20;

/// The columns of the part that has the period.
const PERIOD: [&str; 2] = ["start", "end"];

/// Checks the parts that a report names. `parts` are the names of the bundle's parts, each with whether it is `single`.
///
/// # Errors
/// The first mistake.
pub(super) fn check_report(report: &Report, parts: &[(&str, bool)]) -> Result<(), String> {
    if report.charts.len() > SECTIONS_MAX || report.tables.len() > SECTIONS_MAX {
        return Err(format!(
            "a report has at most {SECTIONS_MAX} charts and {SECTIONS_MAX} tables"
        ));
    }
    let languages: BTreeSet<_> = report.languages.iter().map(|language| language.word()).collect();
    if languages.len() < report.languages.len() {
        return Err("`languages` of the report names a language twice".to_owned());
    }
    let position = |name: &str, key: &str| {
        let found = parts.iter().position(|(part, _)| *part == name);
        found.ok_or_else(|| format!("`{key}` of the report names the part `{name}`, which is not declared"))
    };
    let mut period = None;
    for (key, name) in [
        ("subject", report.subject.as_ref().map(|of| &of.part)),
        ("period", report.period.as_ref()),
        ("figures", report.figures.as_ref()),
    ] {
        let Some(name) = name else { continue };
        let at = position(name, key)?;
        if !parts[at].1 {
            return Err(format!(
                "`{key}` of the report names the part `{name}`, which is not `single`"
            ));
        }
        if key == "period" {
            period = Some(at);
        }
    }
    for chart in &report.charts {
        let at = position(&chart.of.part, "chart")?;
        if chart.kind == ChartKind::Line && period.is_some_and(|period| period > at) {
            return Err(format!(
                "the part with the period must come before `{}`, which the report draws a line of",
                chart.of.part
            ));
        }
    }
    for table in &report.tables {
        position(&table.part, "table")?;
        if table.columns.is_empty() {
            return Err(format!(
                "`columns` is empty in the table `{}` of the report",
                table.heading
            ));
        }
    }
    let headings = report.charts.iter().map(|chart| &chart.heading);
    let mut headings = headings.chain(report.tables.iter().map(|table| &table.heading));
    match headings.any(|heading| heading.trim().is_empty()) {
        true => Err("a chart or a table of the report has a blank `heading`".to_owned()),
        false => {
            let mut of = report.values.iter().flat_map(|values| &values.of);
            of.try_for_each(|of| position(&of.part, "values").map(drop))
        }
    }
}

/// Checks the columns that a report names of a part, which is of this dataset.
///
/// # Errors
/// The first column that is missing, or that not every file has.
pub(super) fn check_columns(report: &Report, part: &str, definition: &Definition) -> Result<(), String> {
    let of_part = |of: &PartColumn| (of.part == part).then(|| of.column.clone());
    let mut names: Vec<String> = report.subject.iter().filter_map(of_part).collect();
    if report.period.as_deref() == Some(part) {
        names.extend(PERIOD.map(str::to_owned));
    }
    names.extend(report.charts.iter().filter_map(|chart| of_part(&chart.of)));
    names.extend(
        report
            .values
            .iter()
            .flat_map(|values| &values.of)
            .filter_map(of_part),
    );
    for table in report.tables.iter().filter(|table| table.part == part) {
        names.extend(table.r#where.keys().chain(&table.columns).cloned());
    }
    for name in names {
        let problem = match definition
            .column(&name)
            .map(|position| &definition.columns[position])
        {
            None => "does not declare",
            Some(Column { hidden: true, .. } | Column { secret: true, .. } | Column { system: true, .. }) => {
                "does not show to everybody"
            }
            Some(_) => continue,
        };
        return Err(format!(
            "the report names the column `{name}`, which the dataset `{}` {problem}",
            definition.name
        ));
    }
    Ok(())
}

/// Returns whether a period can be given to the dataset as values of its parameters.
pub(in crate::datasets) fn has_period_parameters(definition: &Definition) -> bool {
    PERIOD.iter().all(|name| {
        let position = definition.parameter(name);
        position.is_some_and(|at| definition.parameters[at].kind == FilterKind::Timestamp)
    })
}
