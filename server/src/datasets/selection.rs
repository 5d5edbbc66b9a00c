//! A caller's selection of a dataset, parsed once: columns, filters, limit and cursor.

mod request;

use std::collections::{BTreeMap, HashSet};

use api::datasets::{Comparison, DateRange, FilterKind, FilterValues, RowsRequest};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use wasm_export::options::Format;
use wasm_export::rows::Cursor;
use wasm_export::zone::Zone;

use super::definition::{Column, Definition, Filter, Incremental};
use super::increment::Increment;
use super::{value, words};
use crate::parameter::{ParameterError, parse_time};

/// The greatest value of `limit`, as of PostgreSQL's `LIMIT`.
const LIMIT_MAX: u64 = i64::MAX as u64;

/// The greatest number of values that a filter takes.
const VALUES_MAX: usize = 10_000;

/// The greatest number of values of a filter that the metadata of a file names.
const VALUES_SHOWN: usize = 100;

/// A caller's choice of columns and rows. Every value is checked against the definition.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Positions in the definition, in the caller's order. `None`: [`Self::default_columns`].
    pub columns: Option<Vec<usize>>,
    /// Positions in the definition, with values in PostgreSQL's notation: one, or several if the filter is `many`.
    pub filters: Vec<(usize, Vec<String>)>,
    /// Positions in the definition, with values in PostgreSQL's notation.
    parameters: Vec<(usize, String)>,
    /// Columns that are `system` are not left out.
    system_fields: bool,
    /// The order of the rows. `None`: the one of the cursor, or the dataset's.
    pub sort: Option<Sort>,
    /// The times of the dataset's `range` column.
    pub range: TimeRange,
    pub limit: Option<u64>,
    pub after: Option<Cursor>,
    /// The start time of the export that is resumed.
    pub as_of: Option<Timestamp>,
    /// Of the file, and of times without a zone.
    pub zone: Zone,
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// As the dataset declares it.
    Declared,
    /// Each column of the order the other way round.
    Reversed,
}

/// Times from `start` and before `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
}

/// A parameter as the caller gives it.
struct Given<'a> {
    name: &'a str,
    values: Vec<&'a str>,
    /// A comma is a part of a value. Otherwise it separates values.
    is_list: bool,
}

impl Selection {
    /// Parses the parameters of an address or a command line.
    ///
    /// A blank value counts as absent, because a form also sends its empty fields. The values of a filter that takes several
    /// are separated by commas, or each has a parameter of its own, which may then have commas.
    ///
    /// # Errors
    /// The first parameter that is unknown, cannot be parsed, is given twice, or contradicts another one.
    pub fn parse<'a>(
        definition: &Definition,
        pairs: impl IntoIterator<Item = &'a (String, String)>,
    ) -> Result<Self, ParameterError> {
        let mut given: Vec<Given<'a>> = Vec::new();
        for (name, value) in pairs {
            match given.iter_mut().find(|other| other.name == name) {
                Some(other) => {
                    other.values.push(value);
                    other.is_list = true;
                }
                None => given.push(Given {
                    name,
                    values: vec![value],
                    is_list: false,
                }),
            }
        }
        Self::from_given(definition, given)
    }

    /// Parses the body of a request for rows.
    ///
    /// # Errors
    /// As of [`Self::parse`].
    pub fn parse_body(definition: &Definition, body: &RowsRequest) -> Result<Self, ParameterError> {
        if body.workspace.is_some() {
            return Err(unknown(definition, words::WORKSPACE));
        }
        let columns = body.columns.as_ref().map(|columns| columns.join(","));
        let limit = body.limit.map(|limit| limit.to_string());
        let include = body.include_system_fields.then(|| "true".to_owned());
        let words = [
            ("columns", &columns),
            ("limit", &limit),
            ("sort", &body.sort),
            ("zone", &body.zone),
            ("after", &body.after),
            ("as_of", &body.as_of),
            (words::SYSTEM_FIELDS, &include),
        ];
        let mut given = Vec::new();
        for (name, value) in words {
            given.extend(value.as_deref().map(|value| Given {
                name,
                values: vec![value],
                is_list: false,
            }));
        }
        for (name, FilterValues(values)) in &body.filters {
            if words::is_reserved(name) {
                return Err(unknown(definition, name));
            }
            given.push(Given {
                name,
                values: values.iter().map(String::as_str).collect(),
                is_list: true,
            });
        }
        let mut selection = Self::from_given(definition, given)?;
        if let Some(range) = &body.date_range {
            selection.range = parse_range(definition, range, &selection.zone)?;
        }
        Ok(selection)
    }

    fn from_given(definition: &Definition, mut given: Vec<Given<'_>>) -> Result<Self, ParameterError> {
        for Given { name, values, .. } in &mut given {
            if values.iter().any(|value| value.contains('\0')) {
                return Err(ParameterError::invalid(
                    *name,
                    "holds a NUL character, which PostgreSQL's text cannot",
                ));
            }
            values.retain(|value| !value.trim().is_empty());
        }
        let mut selection = Self::default();
        // The zone first, because times without a zone depend on it.
        for zone in given.iter().filter(|given| given.name == "zone") {
            if let Some(value) = zone.single()? {
                let wrong = |error| ParameterError::invalid(zone.name, format!("is wrong: {error}"));
                selection.zone = value.parse().map_err(wrong)?;
            }
        }
        for given in given.iter().filter(|given| !given.values.is_empty()) {
            selection.take(definition, given)?;
        }
        // Only a resumed export may ask for no row: its end record alone may be missing.
        if selection.limit == Some(0) && selection.as_of.is_none() {
            return Err(wrong_limit());
        }
        selection.refuse_contradictions(definition)?;
        if let (Some(sort), Some(after)) = (selection.sort, &selection.after)
            && (sort == Sort::Reversed) != after.is_reversed()
        {
            let problem =
                "is a cursor of the other order; leave `sort` out, or give the one of the first page";
            return Err(ParameterError::contradictory("after", problem));
        }
        if selection.columns.is_none() && selection.default_columns(definition).is_empty() {
            return Err(ParameterError::invalid("columns", "are all left out; name one"));
        }
        Ok(selection)
    }

    /// Chooses the order of a file for which none is chosen: a log has its oldest row first. A limit keeps the dataset's order,
    /// because it would keep other rows in the other one.
    #[must_use]
    pub fn for_format(mut self, definition: &Definition, format: Format) -> Self {
        let is_newest_first = definition.order.first().is_some_and(|order| order.descending);
        let is_free = self.sort.is_none() && self.after.is_none() && self.limit.is_none();
        if format.is_log() && is_newest_first && is_free {
            self.sort = Some(Sort::Reversed);
        }
        self
    }

    /// Narrows the rows to those of a run. Its times replace nothing, because the request has none.
    #[must_use]
    pub fn within(
        mut self,
        definition: &Definition,
        incremental: &Incremental,
        increment: &Increment,
    ) -> Self {
        for (name, time) in increment.bounds(incremental) {
            let position = definition.filter(name);
            self.filters
                .extend(position.map(|position| (position, vec![time.to_string()])));
        }
        self
    }

    /// Returns whether the rows come in the dataset's order the other way round.
    pub fn is_reversed(&self) -> bool {
        let of_cursor = || self.after.as_ref().is_some_and(Cursor::is_reversed);
        self.sort.map_or_else(of_cursor, |sort| sort == Sort::Reversed)
    }

    /// Returns the filters that have an effect, parameters and the limit by name, for the metadata of a file. A filter for
    /// administrators has none for another caller.
    pub fn filters_by_name(&self, definition: &Definition, is_admin: bool) -> BTreeMap<String, String> {
        let effective = self
            .filters
            .iter()
            .filter(|(position, _)| is_admin || !definition.filters[*position].admin_only);
        let filters = effective.map(|(position, values)| {
            let mut shown = values
                .iter()
                .take(VALUES_SHOWN)
                .cloned()
                .collect::<Vec<_>>()
                .join(",");
            if values.len() > VALUES_SHOWN {
                shown.push_str(&format!(",… ({} values)", values.len()));
            }
            (definition.filters[*position].name.clone(), shown)
        });
        let parameters = self
            .parameters
            .iter()
            .map(|(position, value)| (definition.parameters[*position].name.clone(), value.clone()));
        let named = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
        filters
            .chain(parameters)
            .chain(named(
                "range_start",
                self.range.start.map(|time| time.to_string()),
            ))
            .chain(named("range_end", self.range.end.map(|time| time.to_string())))
            .chain(named("limit", self.limit.map(|limit| limit.to_string())))
            .collect()
    }

    /// Returns the positions of the columns of a file for which none are chosen.
    pub fn default_columns(&self, definition: &Definition) -> Vec<usize> {
        let is_wanted = |column: &Column| {
            let when = column.when.as_deref().and_then(|name| definition.parameter(name));
            !column.hidden
                && !column.secret
                && (!column.system || self.system_fields)
                && when.is_none_or(|at| self.parameter(definition, at) == "true")
        };
        let columns = definition.columns.iter().enumerate();
        let wanted = columns.filter(|(_, column)| is_wanted(column));
        wanted.map(|(position, _)| position).collect()
    }

    /// Returns the value of the parameter at this position, which is its default unless the caller gave another.
    pub fn parameter<'a>(&'a self, definition: &'a Definition, position: usize) -> &'a str {
        let given = self.parameters.iter().find(|(at, _)| *at == position);
        given.map_or(&definition.parameters[position].default, |(_, value)| value)
    }

    fn take(&mut self, definition: &Definition, given: &Given<'_>) -> Result<(), ParameterError> {
        let name = given.name;
        match name {
            "zone" => {}
            "columns" => self.columns = Some(parse_columns(definition, given.one()?)?),
            "sort" => self.sort = Some(parse_sort(given.one()?)?),
            "limit" => self.limit = Some(parse_limit(given.one()?)?),
            "after" => self.after = Some(parse_cursor(definition, given.one()?)?),
            "as_of" => self.as_of = Some(parse_time(name, given.one()?, &self.zone)?),
            words::SYSTEM_FIELDS => {
                self.system_fields =
                    value::parse(name, FilterKind::Boolean, given.one()?, &self.zone)? == "true";
            }
            _ => {
                if let Some(position) = definition.parameter(name) {
                    let kind = definition.parameters[position].kind;
                    let value = value::parse(name, kind, given.one()?, &self.zone)?;
                    self.parameters.push((position, value));
                    return Ok(());
                }
                let position = definition.filter(name).ok_or_else(|| unknown(definition, name))?;
                if self.filters.iter().any(|(at, _)| *at == position) {
                    return Err(ParameterError::given_twice(name));
                }
                let values = parse_filter(&definition.filters[position], given, &self.zone)?;
                if !values.is_empty() {
                    self.filters.push((position, values));
                }
            }
        }
        Ok(())
    }

    /// Returns the value of a filter in PostgreSQL's notation, if exactly one is given.
    pub fn filter(&self, definition: &Definition, name: &str) -> Option<&str> {
        let position = definition.filter(name)?;
        let (_, values) = self.filters.iter().find(|(at, _)| *at == position)?;
        match &values[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    fn refuse_contradictions(&self, definition: &Definition) -> Result<(), ParameterError> {
        for (position, values) in &self.filters {
            let filter = &definition.filters[*position];
            let [value] = &values[..] else {
                continue;
            };
            let earlier = filter
                .later_than
                .as_deref()
                .and_then(|name| Some((name, self.filter(definition, name)?)));
            if let Some((name, start)) = earlier
                && value.parse::<Timestamp>().ok() <= start.parse::<Timestamp>().ok()
            {
                let problem =
                    format!("({value}) must be later than `{name}` ({start}), or there can be no rows");
                return Err(ParameterError::contradictory(&filter.name, problem));
            }
            if let Some(other) = &filter.contradicts
                && self.filter(definition, &other.filter) == Some(&other.value)
            {
                let problem = format!(
                    "contradicts `{}={}`: there can be no rows",
                    other.filter, other.value
                );
                return Err(ParameterError::contradictory(&filter.name, problem));
            }
        }
        Ok(())
    }
}

impl<'a> Given<'a> {
    /// Returns the only value, if there is one.
    fn single(&self) -> Result<Option<&'a str>, ParameterError> {
        match self.values[..] {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(ParameterError::given_twice(self.name)),
        }
    }

    fn one(&self) -> Result<&'a str, ParameterError> {
        self.single().map(Option::unwrap_or_default)
    }
}

fn unknown(definition: &Definition, field: &str) -> ParameterError {
    let filters = definition.filters.iter().map(|filter| filter.name.as_str());
    let parameters = definition
        .parameters
        .iter()
        .map(|parameter| parameter.name.as_str());
    let known: Vec<_> = filters
        .chain(parameters)
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

fn parse_sort(value: &str) -> Result<Sort, ParameterError> {
    match value.trim() {
        "declared" => Ok(Sort::Declared),
        "reversed" => Ok(Sort::Reversed),
        _ => Err(ParameterError::invalid(
            "sort",
            "is neither `declared` nor `reversed`",
        )),
    }
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

/// Returns the values in PostgreSQL's notation, each once. A boolean filter that is off has none.
fn parse_filter(filter: &Filter, given: &Given<'_>, zone: &Zone) -> Result<Vec<String>, ParameterError> {
    let name = given.name;
    let texts: Vec<&str> = match filter.many {
        false => vec![given.one()?],
        true if given.is_list => given.values.clone(),
        true => {
            let values = given.values.iter().flat_map(|values| values.split(','));
            values.map(str::trim).filter(|value| !value.is_empty()).collect()
        }
    };
    if texts.len() > VALUES_MAX {
        return Err(ParameterError::invalid(
            name,
            format!("has {} values; {VALUES_MAX} are allowed", texts.len()),
        ));
    }
    let mut values = Vec::with_capacity(texts.len());
    let mut known = HashSet::with_capacity(texts.len());
    for text in texts {
        let value = match (filter.kind, filter.r#match) {
            (FilterKind::Timestamp, Some(Comparison::Most)) => last_moment(name, text, zone)?.to_string(),
            _ => value::parse(name, filter.kind, text, zone)?,
        };
        if !filter.values.is_empty() && !filter.values.contains(&value) {
            return Err(ParameterError::invalid(
                name,
                format!("is `{value}`; the values are {}", filter.values.join(", ")),
            ));
        }
        let is_off = filter.kind == FilterKind::Boolean && value == "false";
        if !is_off && known.insert(value.clone()) {
            values.push(value);
        }
    }
    Ok(values)
}

/// Returns the first moment after a day, or `None` for a text that is no day.
fn end_of_day(name: &str, text: &str, zone: &Zone) -> Result<Option<Timestamp>, ParameterError> {
    let Ok(day) = text.trim().parse::<Date>() else {
        return Ok(None);
    };
    let next = day
        .tomorrow()
        .and_then(|next| next.to_zoned(zone.time_zone().clone()));
    match next {
        Ok(next) => Ok(Some(next.timestamp())),
        Err(_) => Err(ParameterError::invalid(name, "ends after the year 9999")),
    }
}

/// Returns a time, which of a day is its last moment that PostgreSQL can tell from the next one.
fn last_moment(name: &str, text: &str, zone: &Zone) -> Result<Timestamp, ParameterError> {
    match end_of_day(name, text, zone)? {
        Some(end) => Ok(end - SignedDuration::from_micros(1)),
        None => parse_time(name, text, zone),
    }
}

impl TimeRange {
    /// Parses the two times of a range, each with the name of its parameter. An end that is a day is meant to its last moment.
    ///
    /// # Errors
    /// When a time cannot be parsed, or the end is not later than the start.
    pub fn parse(
        (start_name, start): (&str, Option<&str>),
        (end_name, end): (&str, Option<&str>),
        zone: &Zone,
    ) -> Result<Self, ParameterError> {
        let start = start
            .map(|start| parse_time(start_name, start, zone))
            .transpose()?;
        let end = end.map(|end| match end_of_day(end_name, end, zone)? {
            Some(end) => Ok(end),
            None => parse_time(end_name, end, zone),
        });
        let end = end.transpose()?;
        if let (Some(start), Some(end)) = (start, end)
            && end <= start
        {
            let problem = format!("ends ({end}) before it begins ({start}): there can be no rows");
            return Err(ParameterError::contradictory(end_name, problem));
        }
        Ok(Self { start, end })
    }
}

fn parse_range(definition: &Definition, range: &DateRange, zone: &Zone) -> Result<TimeRange, ParameterError> {
    const NAME: &str = "dateRange";
    if definition.range.is_none() {
        return Err(ParameterError::invalid(
            NAME,
            "is not possible: the dataset declares no `range`",
        ));
    }
    TimeRange::parse((NAME, range.start.as_deref()), (NAME, range.end.as_deref()), zone)
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

    #[test]
    fn a_log_has_its_oldest_row_first_unless_an_order_is_chosen() {
        let newest_first = Definition::parse(include_str!("../../datasets/probe-logs.toml")).unwrap();
        let mut oldest_first = newest_first.clone();
        oldest_first.order[0].descending = false;
        let is_reversed = |definition: &Definition, pairs: &[(&str, &str)], format| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let selection = Selection::parse(definition, &pairs).unwrap();
            selection.for_format(definition, format).is_reversed()
        };
        assert!(is_reversed(&newest_first, &[], Format::Text));
        assert!(!is_reversed(&newest_first, &[], Format::Csv));
        assert!(!is_reversed(&newest_first, &[("sort", "declared")], Format::Text));
        // The oldest ten rows would be others than the newest ten.
        assert!(!is_reversed(&newest_first, &[("limit", "10")], Format::Text));
        assert!(!is_reversed(&oldest_first, &[], Format::Text));
        assert!(is_reversed(&oldest_first, &[("sort", "reversed")], Format::Text));
    }

    fn filters(pairs: &[(&str, &str)]) -> Vec<String> {
        parse(pairs)
            .unwrap()
            .filters
            .into_iter()
            .flat_map(|(_, values)| values)
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
