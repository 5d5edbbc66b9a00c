//! The columns of the table: place, width, alignment, and the texts of head and cells.

use std::collections::BTreeMap;

use api::datasets::{ColumnRole, Dataset, Tone};
use wasm_export::rows::{Column, Kind};

use crate::wording::cells;

/// A column that the table shows.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    pub name: String,
    pub label: String,
    pub kind: Kind,
    pub role: Option<ColumnRole>,
    /// Pixels.
    pub width: u16,
    tones: BTreeMap<String, Tone>,
    /// The position of its cells in the rows.
    pub position: usize,
}

impl TableColumn {
    /// Returns the columns of these names that the rows have, in the order of the names.
    pub fn of_rows(dataset: &Dataset, names: &[String], columns: &[Column]) -> Vec<Self> {
        let column = |name: &String| {
            let position = columns.iter().position(|column| column.name == *name)?;
            let Column { kind, label, .. } = &columns[position];
            let declared = dataset.table.iter().find(|column| column.name == *name);
            let role = declared.and_then(|declared| declared.role);
            Some(Self {
                name: name.clone(),
                label: label_without_unit(label, role),
                kind: *kind,
                role,
                width: declared
                    .and_then(|declared| declared.width)
                    .unwrap_or_else(|| default_width(*kind)),
                tones: declared
                    .map(|declared| declared.tones.clone())
                    .unwrap_or_default(),
                position,
            })
        };
        names.iter().filter_map(column).collect()
    }

    /// Returns the classes of the cells.
    pub fn class(&self) -> String {
        let kind = match self.kind {
            kind if kind.is_number() && self.tones.is_empty() => "number",
            Kind::Timestamp | Kind::LocalTimestamp | Kind::Date | Kind::Time => "time",
            _ => "text",
        };
        match self.role {
            Some(role) => format!("{kind} role-{}", role_word(role)),
            None => kind.to_owned(),
        }
    }

    /// Returns the text of a cell, shortened.
    pub fn text(&self, cell: Option<&str>) -> String {
        match cell {
            None => cells::NO_VALUE.to_owned(),
            Some(cell) if self.role == Some(ColumnRole::Duration) => cells::duration(cell),
            Some(cell) if self.is_amount() => cells::number(cell),
            Some(cell) => cell.to_owned(),
        }
    }

    /// Returns whether the numbers are no ids and no codes.
    fn is_amount(&self) -> bool {
        let is_id = self.name == "id" || self.name.ends_with("_id");
        self.kind.is_number() && self.tones.is_empty() && !is_id
    }

    /// Returns the meaning of a value; none in a column without tones.
    pub fn tone(&self, cell: Option<&str>) -> Option<Tone> {
        let cell = cell.unwrap_or_default();
        let begins = |pattern: &String| {
            pattern
                .strip_suffix('*')
                .is_some_and(|start| cell.starts_with(start))
        };
        let of_beginning = || self.tones.iter().find(|(pattern, _)| begins(pattern));
        let tone = self.tones.get_key_value(cell).or_else(of_beginning);
        let tone = tone.map_or(Tone::Neutral, |(_, tone)| *tone);
        (!self.tones.is_empty()).then_some(tone)
    }
}

/// The cells of a duration have units of their own.
fn label_without_unit(label: &str, role: Option<ColumnRole>) -> String {
    match label.rsplit_once(" (") {
        Some((label, unit)) if role == Some(ColumnRole::Duration) && unit.ends_with(')') => label.to_owned(),
        _ => label.to_owned(),
    }
}

fn default_width(kind: Kind) -> u16 {
    match kind {
        Kind::Timestamp | Kind::LocalTimestamp => 164,
        Kind::Boolean => 88,
        kind if kind.is_number() => 108,
        _ => 144,
    }
}

fn role_word(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Time => "time",
        ColumnRole::Status => "status",
        ColumnRole::Owner => "owner",
        ColumnRole::Origin => "origin",
        ColumnRole::Main => "main",
        ColumnRole::Number => "number",
        ColumnRole::Usd => "usd",
        ColumnRole::Duration => "duration",
    }
}

#[cfg(test)]
mod tests {
    use api::datasets::TableColumn as Declared;

    use super::*;
    use crate::dataset::sample;

    fn columns(names: &[&str]) -> Vec<TableColumn> {
        let dataset = sample();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        TableColumn::of_rows(&dataset, &names, &dataset.columns)
    }

    #[test]
    fn columns_have_the_order_of_their_names_and_a_width() {
        let columns = columns(&["time", "took", "gone", "cost", "user"]);
        let shown: Vec<_> = columns
            .iter()
            .map(|column| (column.label.as_str(), column.width, column.position))
            .collect();
        assert_eq!(
            shown,
            [
                ("Time", 156, 1),
                ("Duration", 108, 3),
                ("Cost (USD)", 96, 2),
                ("User", 144, 0)
            ]
        );
        assert_eq!(columns[0].class(), "time role-time");
        assert_eq!(columns[3].class(), "text");
    }

    #[test]
    fn cells_are_short_and_nothing_is_a_dash() {
        let columns = columns(&["took", "cost", "user"]);
        assert_eq!(columns[0].text(Some("1640")), "1.6 s");
        assert_eq!(columns[1].text(Some("0.001800000000000")), "0.0018");
        assert_eq!(columns[2].text(Some("Ann")), "Ann");
        assert_eq!(columns[2].text(None), "–");
        assert_eq!(columns[2].tone(Some("Ann")), None);
    }

    #[test]
    fn a_value_has_the_tone_of_itself_or_of_its_beginning() {
        let mut dataset = sample();
        let tones = [
            ("2*", Tone::Good),
            ("204", Tone::Warn),
            ("5*", Tone::Bad),
            ("", Tone::Bad),
        ];
        dataset.table.push(Declared {
            name: "user".to_owned(),
            width: None,
            role: Some(ColumnRole::Status),
            tones: tones.map(|(value, tone)| (value.to_owned(), tone)).into(),
        });
        let column = &TableColumn::of_rows(&dataset, &["user".to_owned()], &dataset.columns)[0];
        for (cell, tone) in [
            (Some("200"), Tone::Good),
            (Some("204"), Tone::Warn),
            (Some("503"), Tone::Bad),
            (Some("301"), Tone::Neutral),
            (None, Tone::Bad),
        ] {
            assert_eq!(column.tone(cell), Some(tone), "{cell:?}");
        }
    }
}
