//! The chips of applied filters, and the days that stand for times.

use std::collections::BTreeMap;

use api::datasets::{Comparison, Dataset, Filter, FilterKind, Parameter};

use crate::quick_range::{day_after, is_time};
use crate::selection::VALUES_SEPARATOR;

/// The names of values that the visitor has chosen from lists, by filter and value.
pub type ValueNames = BTreeMap<(String, String), String>;

/// An applied filter, or a parameter, which always has a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chip {
    pub name: String,
    /// `Model: gpt`, or only the label of a filter that is on.
    pub text: String,
    /// Whether its value can be taken away.
    pub is_removable: bool,
    /// Whether it is on or off and has no value to edit.
    pub is_switch: bool,
}

/// The name of the chip of all parameters that are on or off. No parameter can have a hyphen in its name.
pub const SWITCHES: &str = "row-contents";

/// So many parameters that are on or off share a chip.
const SHARING_MIN: usize = 3;

/// Returns the parameters that are on or off and share a chip; none if each has its own.
pub fn switches(dataset: &Dataset) -> impl Iterator<Item = &Parameter> {
    let is_switch = |parameter: &&Parameter| parameter.kind == FilterKind::Boolean;
    let all = || dataset.parameters.iter().filter(is_switch);
    let are_shared = all().count() >= SHARING_MIN;
    all().filter(move |_| are_shared)
}

/// Returns the chip of the parameters that share one: `Contents: 4 of 6`.
fn shared_chip(dataset: &Dataset, filters: &BTreeMap<String, String>) -> Option<Chip> {
    let value = |parameter: &'_ Parameter| filters.get(&parameter.name).cloned();
    let is_on = |parameter: &&Parameter| value(parameter).as_ref().unwrap_or(&parameter.default) == "true";
    let is_changed = |parameter: &Parameter| value(parameter).is_some_and(|value| value != parameter.default);
    let number = switches(dataset).count();
    (number > 0).then(|| Chip {
        name: SWITCHES.to_owned(),
        text: format!(
            "Contents: {} of {number}",
            switches(dataset).filter(is_on).count()
        ),
        is_removable: switches(dataset).any(is_changed),
        is_switch: false,
    })
}

/// Returns the chips in the order of the dataset.
pub fn chips(dataset: &Dataset, filters: &BTreeMap<String, String>, names: &ValueNames) -> Vec<Chip> {
    let applied = dataset.filters.iter().filter_map(|filter| {
        let value = filters.get(&filter.name)?;
        let is_switch = filter.kind == FilterKind::Boolean;
        Some(Chip {
            name: filter.name.clone(),
            text: match is_switch {
                true => filter.label.clone(),
                false => text_of(filter, value, names),
            },
            is_removable: true,
            is_switch,
        })
    });
    let shares = |parameter: &&Parameter| !switches(dataset).any(|shared| shared.name == parameter.name);
    let parameters = dataset.parameters.iter().filter(shares).map(|parameter| {
        let given = filters.get(&parameter.name);
        let value = given.unwrap_or(&parameter.default);
        let is_switch = parameter.kind == FilterKind::Boolean;
        let shown = match (is_switch, value == "true") {
            (false, _) => value,
            (true, true) => "on",
            (true, false) => "off",
        };
        Chip {
            name: parameter.name.clone(),
            text: format!("{}: {shown}", parameter.label),
            is_removable: given.is_some_and(|given| *given != parameter.default),
            is_switch,
        }
    });
    let shared = shared_chip(dataset, filters);
    applied.chain(parameters).chain(shared).collect()
}

fn text_of(filter: &Filter, value: &str, names: &ValueNames) -> String {
    let name = |value: &str| {
        let chosen = names.get(&(filter.name.clone(), value.to_owned()));
        chosen.cloned().unwrap_or_else(|| value.to_owned())
    };
    let values: Vec<String> = values(filter, value).iter().map(|value| name(value)).collect();
    let shown = match &values[..] {
        [value] if is_time(filter) => return time_text(filter, value),
        [] | [_] | [_, _] => values.join(", "),
        [first, rest @ ..] => format!("{first} and {} others", rest.len()),
    };
    let comparison = match filter.comparison {
        Some(Comparison::Contains) => " contains",
        Some(Comparison::Begins) => " begins with",
        Some(Comparison::Least) => " ≥",
        Some(Comparison::Most) => " ≤",
        Some(Comparison::Before) => " <",
        Some(Comparison::Equal) | None => ":",
    };
    format!("{}{comparison} {shown}", filter.label)
}

fn time_text(filter: &Filter, value: &str) -> String {
    match day_of(filter, value) {
        Some(day) => format!("{}: {day}", day_label(filter)),
        None => format!("{}: {}", filter.label, value.replacen('T', " ", 1)),
    }
}

/// Returns the label with the comparison: `Session ID begins with`.
pub fn field_label(filter: &Filter) -> String {
    let comparison = match filter.comparison {
        Some(Comparison::Equal) => "is exactly",
        Some(Comparison::Contains) => "contains",
        Some(Comparison::Begins) => "begins with",
        Some(Comparison::Least) => "is at least",
        Some(Comparison::Most) => "is at most",
        Some(Comparison::Before) => "is less than",
        None => return filter.label.clone(),
    };
    format!("{} {comparison}", filter.label)
}

/// Returns the values of a filter that takes several.
pub fn values(filter: &Filter, value: &str) -> Vec<String> {
    let is_list =
        |letter: char| letter == VALUES_SEPARATOR || (letter == ',' && !value.contains(VALUES_SEPARATOR));
    let mut values: Vec<String> = match filter.many {
        true => value
            .split(is_list)
            .map(|value| value.trim().to_owned())
            .collect(),
        false => vec![value.to_owned()],
    };
    values.retain(|value| !value.is_empty());
    // A single value with a comma is written twice. See `joined`.
    values.dedup();
    values
}

/// Returns the values as one text. The server would split a single value at its commas.
pub fn joined(values: &[String]) -> String {
    let separator = VALUES_SEPARATOR.to_string();
    match values {
        [value] if value.contains(',') => [value.as_str(), value].join(&separator),
        _ => values.join(&separator),
    }
}

/// Returns the label of a field of days. The last day is included.
pub fn day_label(filter: &Filter) -> &str {
    match filter.comparison {
        Some(Comparison::Before) => "To",
        _ => &filter.label,
    }
}

/// Returns the day that a value stands for: the last day of a time before which rows are. None if the value has a time.
pub fn day_of(filter: &Filter, value: &str) -> Option<String> {
    day_after(
        value,
        if filter.comparison == Some(Comparison::Before) {
            -1
        } else {
            0
        },
    )
}

/// Returns the value for a day of a date field.
pub fn value_of_day(filter: &Filter, day: &str) -> String {
    let days = i64::from(filter.comparison == Some(Comparison::Before));
    day_after(day, days).unwrap_or_default()
}

/// Returns the value with a time of day, for a field of times.
pub fn with_time(value: &str) -> String {
    match day_after(value, 0) {
        Some(day) => format!("{day}T00:00"),
        None => value.to_owned(),
    }
}

/// Returns the value for the day of a time.
pub fn without_time(filter: &Filter, value: &str) -> String {
    let (day, time) = value.split_once(['T', ' ']).unwrap_or((value, ""));
    match time.starts_with("00:00") {
        true => day_after(day, 0).unwrap_or_default(),
        false => value_of_day(filter, day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::sample;
    use crate::selection::Selection;

    fn texts(dataset: &Dataset, query: &str) -> Vec<String> {
        let names = [(("model".to_owned(), "7".to_owned()), "gpt".to_owned())].into();
        let chips = chips(dataset, &Selection::parse(query).filters, &names);
        chips.into_iter().map(|chip| chip.text).collect()
    }

    #[test]
    fn a_chip_names_the_value_and_the_last_day_is_included() {
        let dataset = sample();
        let query = "model=7&start=2026-01-28&end=2026-03-01";
        assert_eq!(
            texts(&dataset, query),
            ["From: 2026-01-28", "To: 2026-02-28", "Model: gpt"]
        );
        assert_eq!(
            texts(&dataset, "end=2026-03-01T12:00"),
            ["Before: 2026-03-01 12:00"]
        );
        assert!(texts(&dataset, "").is_empty());
    }

    #[test]
    fn several_values_are_counted_from_the_third_on() {
        let mut dataset = sample();
        dataset.filters[2].many = true;
        assert_eq!(texts(&dataset, "model=a,b"), ["Model: a, b"]);
        assert_eq!(texts(&dataset, "model=a,b,c"), ["Model: a and 2 others"]);
        let model = &dataset.filters[2];
        for values in [vec!["a,b".to_owned()], vec!["a".to_owned(), "b,c".to_owned()]] {
            assert_eq!(super::values(model, &joined(&values)), values);
        }
    }

    #[test]
    fn a_parameter_is_always_there_and_can_be_reset() {
        let mut dataset = sample();
        let days = serde_json::json!({ "name": "days", "label": "Days", "kind": "integer", "default": "7" });
        dataset.parameters.push(serde_json::from_value(days).unwrap());
        assert_eq!(texts(&dataset, ""), ["Days: 7"]);
        assert_eq!(texts(&dataset, "days=30"), ["Days: 30"]);
        let is_removable = |query: &str| {
            chips(&dataset, &Selection::parse(query).filters, &ValueNames::new())[0].is_removable
        };
        assert!(is_removable("days=30") && !is_removable("") && !is_removable("days=7"));
    }

    #[test]
    fn many_parameters_that_are_on_or_off_share_a_chip() {
        let mut dataset = sample();
        for (name, default) in [("a", "true"), ("b", "true"), ("c", "false")] {
            let text = texts(&dataset, "").len();
            assert_eq!(text, dataset.parameters.len());
            let parameter =
                serde_json::json!({ "name": name, "label": name, "kind": "boolean", "default": default });
            dataset
                .parameters
                .push(serde_json::from_value(parameter).unwrap());
        }
        assert_eq!(texts(&dataset, ""), ["Contents: 2 of 3"]);
        assert_eq!(
            texts(&dataset, "b=false&model=7"),
            ["Model: gpt", "Contents: 1 of 3"]
        );
    }

    #[test]
    fn days_become_times_and_times_days() {
        let dataset = sample();
        let [start, end, _] = &dataset.filters[..] else {
            panic!("there are three")
        };
        assert_eq!(value_of_day(start, "2026-01-28"), "2026-01-28");
        assert_eq!(value_of_day(end, "2026-01-28"), "2026-01-29");
        assert_eq!(value_of_day(end, ""), "");
        assert_eq!(with_time("2026-01-29"), "2026-01-29T00:00");
        assert_eq!(without_time(end, "2026-01-29T00:00"), "2026-01-29");
        assert_eq!(without_time(end, "2026-01-29T12:00"), "2026-01-30");
        assert_eq!(without_time(start, "2026-01-29T12:00"), "2026-01-29");
    }
}
