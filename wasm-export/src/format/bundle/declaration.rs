//! A report as the bundle declares it: what the HTML file shows of the parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::tone::Tone;

/// The HTML file of a bundle that is a report: figures, charts and the rows that need attention, instead of all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// The languages that its texts are written in, as declared. [`Report::languages`] is never empty.
    pub languages: Vec<Language>,
    /// The bundle's title in other languages, by BCP 47 tag.
    pub titles: BTreeMap<String, String>,
    /// The column of a single part that names what the report is about: `workspace.name`.
    pub subject: Option<PartColumn>,
    /// The single part with the period, in the columns `start` and `end`. The end is no part of the period.
    pub period: Option<String>,
    /// The single part whose columns are the key figures.
    pub figures: Option<String>,
    /// In the order of the page.
    #[serde(rename = "chart")]
    pub charts: Vec<Chart>,
    /// In the order of the page.
    #[serde(rename = "table")]
    pub tables: Vec<Table>,
    /// Names for people of values, each of some columns.
    pub values: Vec<Values>,
}

/// A column of a part, written `alerts.severity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartColumn {
    /// The name of the part.
    pub part: String,
    /// The name of the column.
    pub column: String,
}

/// A chart of the rows of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// Bars or a line.
    pub kind: ChartKind,
    /// The column whose values are counted.
    pub of: PartColumn,
    /// The name for people: `Alerts by severity`.
    pub heading: String,
    /// Headings in other languages, by BCP 47 tag.
    #[serde(default)]
    pub headings: BTreeMap<String, String>,
}

/// The kinds of charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChartKind {
    /// A bar for each value.
    Bars,
    /// A line through the numbers of each day, or of each month where the period has more than a year. The column has
    /// times or dates.
    Line,
}

/// The first rows of a part that need attention, in the dataset's order, and the number of the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The name of the part.
    pub part: String,
    /// The name for people: `Critical alerts`.
    pub heading: String,
    /// Headings in other languages, by BCP 47 tag.
    #[serde(default)]
    pub headings: BTreeMap<String, String>,
    /// The values that these columns must have: in each column one of its values. Absent: all rows.
    #[serde(default)]
    pub r#where: BTreeMap<String, Vec<String>>,
    /// The names of the columns that are shown, in this order.
    pub columns: Vec<String>,
}

/// Names of the values of some columns, in the order of bars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// The columns whose values these are.
    pub of: Vec<PartColumn>,
    /// The values that have names.
    pub list: Vec<NamedValue>,
}

/// A value with its name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedValue {
    /// As in the cells: `in_progress`.
    pub value: String,
    /// `In progress`
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its meaning, which colours it.
    #[serde(default)]
    pub tone: Option<Tone>,
}

impl Report {
    /// Returns the languages that the texts are written in, the default first. A report that declares none is English.
    #[must_use]
    pub fn languages(&self) -> &[Language] {
        match self.languages.as_slice() {
            [] => &[Language::English],
            declared => declared,
        }
    }

    /// Returns the language for a BCP 47 tag, or `None` when the report is not written in it. Without a tag it is the
    /// first one.
    #[must_use]
    pub fn language(&self, tag: Option<&str>) -> Option<Language> {
        let known = self.languages();
        match tag {
            None => known.first().copied(),
            Some(tag) => Language::for_tag(tag).filter(|wanted| known.contains(wanted)),
        }
    }

    /// Returns the parts without which there is no report: those of its subject, period and figures.
    #[must_use]
    pub fn needed_parts(&self) -> Vec<&str> {
        let subject = self.subject.as_ref().map(|of| &of.part);
        let parts = [subject, self.period.as_ref(), self.figures.as_ref()];
        parts.into_iter().flatten().map(String::as_str).collect()
    }

    /// Returns the values of a column that have names.
    pub(super) fn values_of(&self, part: &str, column: &str) -> &[NamedValue] {
        let is_it = |of: &PartColumn| of.part == part && of.column == column;
        let values = self.values.iter().find(|values| values.of.iter().any(is_it));
        values.map_or(&[], |values| &values.list)
    }
}

impl TryFrom<String> for PartColumn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('.') {
            Some((part, column)) if !part.is_empty() && !column.is_empty() => Ok(Self {
                part: part.to_owned(),
                column: column.to_owned(),
            }),
            _ => Err(format!(
                "`{text}` is no column of a part; write it like `alerts.severity`"
            )),
        }
    }
}

impl From<PartColumn> for String {
    fn from(of: PartColumn) -> Self {
        format!("{}.{}", of.part, of.column)
    }
}
