//! A caller's selection of a dataset, parsed once: columns, filters, limit and cursor.

use std::collections::BTreeMap;

use api::datasets::FilterKind;
use jiff::Timestamp;
use wasm_export::rows::Cursor;
use wasm_export::zone::Zone;

use super::definition::{Definition, Filter};
use super::words;
use crate::parameter::{ParameterError, parse_time};

/// The greatest value of `limit`, as of PostgreSQL's `LIMIT`.
const LIMIT_MAX: u64 = i64::MAX as u64;

/// A caller's choice of columns and rows. Every value is checked against the definition.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Positions in the definition, in the caller's order. `None`: all columns that are neither hidden nor secret.
    pub columns: Option<Vec<usize>>,
    /// Positions in the definition, with values in PostgreSQL's notation.
    pub filters: Vec<(usize, String)>,
    pub limit: Option<u64>,
    pub after: Option<Cursor>,
    /// The start time of the export that is resumed.
    pub as_of: Option<Timestamp>,
    /// Of the file, and of times without a zone.
    pub zone: Zone,
}

impl Selection {
    /// Parses the parameters of an address or a command line.
    ///
    /// A blank value counts as absent, because a form also sends its empty fields.
    ///
    /// # Errors
    /// The first parameter that is unknown, cannot be parsed, is given twice, or contradicts another one.
    pub fn parse<'a>(
        definition: &Definition,
        pairs: impl IntoIterator<Item = &'a (String, String)>,
    ) -> Result<Self, ParameterError> {
        let given = given(pairs)?;
        let mut selection = Self::default();
        // The zone first, because times without a zone depend on it.
        if let Some((name, value)) = given.iter().find(|(name, _)| *name == "zone") {
            selection.zone = value
                .parse()
                .map_err(|error| ParameterError::invalid(*name, format!("is wrong: {error}")))?;
        }
        for &(name, value) in &given {
            selection.take(definition, name, value)?;
        }
        // Only a resumed export may ask for no row: its end record alone may be missing.
        if selection.limit == Some(0) && selection.as_of.is_none() {
            return Err(wrong_limit());
        }
        selection.refuse_contradictions(definition)?;
        Ok(selection)
    }

    /// Returns the filters by name, and the limit, for the metadata of a file.
    pub fn filters_by_name(&self, definition: &Definition) -> BTreeMap<String, String> {
        let filters = self
            .filters
            .iter()
            .map(|(position, value)| (definition.filters[*position].name.clone(), value.clone()));
        let limit = self.limit.map(|limit| ("limit".to_owned(), limit.to_string()));
        filters.chain(limit).collect()
    }

    fn take(&mut self, definition: &Definition, name: &str, value: &str) -> Result<(), ParameterError> {
        match name {
            "zone" => {}
            "columns" => self.columns = Some(parse_columns(definition, value)?),
            "limit" => self.limit = Some(parse_limit(value)?),
            "after" => self.after = Some(parse_cursor(definition, value)?),
            "as_of" => self.as_of = Some(parse_time(name, value, &self.zone)?),
            _ => {
                let position = definition.filter(name).ok_or_else(|| unknown(definition, name))?;
                let filter = &definition.filters[position];
                if let Some(value) = parse_filter(filter, value, &self.zone)? {
                    self.filters.push((position, value));
                }
            }
        }
        Ok(())
    }

    /// Returns the value of a filter in PostgreSQL's notation, if it is given.
    pub fn filter(&self, definition: &Definition, name: &str) -> Option<&str> {
        let position = definition.filter(name)?;
        self.filters
            .iter()
            .find(|(at, _)| *at == position)
            .map(|(_, value)| value.as_str())
    }

    fn refuse_contradictions(&self, definition: &Definition) -> Result<(), ParameterError> {
        for (position, value) in &self.filters {
            let filter = &definition.filters[*position];
            let earlier = filter
                .later_than
                .as_deref()
                .and_then(|name| Some((name, self.filter(definition, name)?)));
            if let Some((name, start)) = earlier
                && value.parse::<Timestamp>().ok() <= start.parse::<Timestamp>().ok()
            {
                let problem =
                    format!("({value}) must be later than `{name}` ({start}), or there can be no rows");
                return Err(ParameterError::Contradictory {
                    field: filter.name.clone(),
                    problem,
                });
            }
            if let Some(other) = &filter.contradicts
                && self.filter(definition, &other.filter) == Some(&other.value)
            {
                let problem = format!(
                    "contradicts `{}={}`: there can be no rows",
                    other.filter, other.value
                );
                return Err(ParameterError::Contradictory {
                    field: filter.name.clone(),
                    problem,
                });
            }
        }
        Ok(())
    }
}

/// Returns the parameters with a value, none of them twice.
fn given<'a>(
    pairs: impl IntoIterator<Item = &'a (String, String)>,
) -> Result<Vec<(&'a str, &'a str)>, ParameterError> {
    let mut given: Vec<(&str, &str)> = Vec::new();
    for (name, value) in pairs {
        if value.contains('\0') {
            return Err(ParameterError::invalid(
                name,
                "holds a NUL character, which PostgreSQL's text cannot",
            ));
        }
        if given.iter().any(|(other, _)| other == name) {
            let problem = "is given twice; give it once".to_owned();
            return Err(ParameterError::Contradictory {
                field: name.clone(),
                problem,
            });
        }
        given.push((name, value));
    }
    given.retain(|(_, value)| !value.trim().is_empty());
    Ok(given)
}

fn unknown(definition: &Definition, field: &str) -> ParameterError {
    let filters = definition.filters.iter().map(|filter| filter.name.as_str());
    let known: Vec<_> = filters
        .chain(words::SELECTION.iter().map(|(word, _)| *word))
        .collect();
    ParameterError::Unknown {
        field: field.to_owned(),
        known: known.join(", "),
    }
}

fn parse_columns(definition: &Definition, value: &str) -> Result<Vec<usize>, ParameterError> {
    let mut columns = Vec::new();
    for name in value.split(',').map(str::trim) {
        let position = definition
            .column(name)
            .filter(|position| !definition.columns[*position].hidden);
        let Some(position) = position else {
            let shown = definition
                .columns
                .iter()
                .filter(|column| !column.hidden && !column.secret);
            let known = shown
                .map(|column| column.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            return Err(ParameterError::invalid(
                "columns",
                format!("names `{name}`; the columns are {known}"),
            ));
        };
        if columns.contains(&position) {
            return Err(ParameterError::invalid(
                "columns",
                format!("names `{name}` twice"),
            ));
        }
        columns.push(position);
    }
    Ok(columns)
}

fn parse_limit(value: &str) -> Result<u64, ParameterError> {
    match value.trim().parse::<u64>() {
        Ok(limit) if limit <= LIMIT_MAX => Ok(limit),
        _ => Err(wrong_limit()),
    }
}

fn wrong_limit() -> ParameterError {
    ParameterError::invalid("limit", format!("is not a whole number from 1 to {LIMIT_MAX}"))
}

fn parse_cursor(definition: &Definition, value: &str) -> Result<Cursor, ParameterError> {
    let foreign = || {
        ParameterError::invalid(
            "after",
            "is not a cursor of this dataset; take one from an end record",
        )
    };
    let cursor = Cursor::decode(value).map_err(|_| foreign())?;
    match cursor.values().len() == definition.order.len() {
        true => Ok(cursor),
        false => Err(foreign()),
    }
}

/// Returns the value in PostgreSQL's notation, or `None` for a boolean filter that is off.
fn parse_filter(filter: &Filter, value: &str, zone: &Zone) -> Result<Option<String>, ParameterError> {
    let name = filter.name.as_str();
    match filter.kind {
        FilterKind::Text => Ok(Some(value.to_owned())),
        FilterKind::Integer => match value.trim().parse::<i64>() {
            Ok(number) => Ok(Some(number.to_string())),
            Err(_) => Err(ParameterError::invalid(name, "is not a whole number of 64 bits")),
        },
        FilterKind::Boolean => match value.trim() {
            "true" | "1" | "on" => Ok(Some("true".to_owned())),
            "false" | "0" | "off" => Ok(None),
            _ => Err(ParameterError::invalid(name, "is neither `true` nor `false`")),
        },
        FilterKind::Timestamp => Ok(Some(parse_time(name, value, zone)?.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Selection, ParameterError> {
        let definition = Definition::parse(include_str!("../../datasets/usage-logs.toml")).unwrap();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Selection::parse(&definition, &pairs)
    }

    fn filters(pairs: &[(&str, &str)]) -> Vec<String> {
        parse(pairs)
            .unwrap()
            .filters
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    }

    #[test]
    fn a_blank_value_is_no_filter_and_a_session_is_taken_as_it_is() {
        assert_eq!(
            filters(&[("session", "  "), ("user", ""), ("model", " x ")]),
            [" x "]
        );
    }

    #[test]
    fn a_resumed_export_may_lack_only_its_end() {
        let resumed = parse(&[("limit", "0"), ("as_of", "2026-01-28T12:00:00Z")]).unwrap();
        assert_eq!(resumed.limit, Some(0));
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        for (pairs, field) in [
            (vec![("user", "1; drop table users")], "user"),
            (vec![("user", "99999999999999999999")], "user"),
            (vec![("start", "yesterday")], "start"),
            (vec![("exclude_200", "perhaps")], "exclude_200"),
            (vec![("session", "a\0b")], "session"),
            (vec![("limit", "0")], "limit"),
            (vec![("limit", "99999999999999999999999")], "limit"),
            (vec![("columns", "model,password")], "columns"),
            (vec![("columns", "id")], "columns"),
            (vec![("columns", "model,model")], "columns"),
            (vec![("after", "not a cursor")], "after"),
            (vec![("zone", "Mars/Olympus")], "zone"),
            (vec![("colour", "red")], "colour"),
            (vec![("model", "a"), ("model", "b")], "model"),
            (vec![("start", "2026-01-02"), ("end", "2026-01-01")], "end"),
            (vec![("start", "2026-01-01"), ("end", "2026-01-01")], "end"),
            (
                vec![("status_code", "200"), ("exclude_200", "true")],
                "exclude_200",
            ),
        ] {
            assert_eq!(
                parse(&pairs).expect_err("it should be refused").field(),
                field,
                "{pairs:?}"
            );
        }
    }
}
