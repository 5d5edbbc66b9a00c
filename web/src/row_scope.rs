//! Which rows an export has: those of the filters, the ticked ones, or those of a quick choice without any other filter.

use std::collections::BTreeMap;

use api::datasets::{Dataset, Filter, Quick};

use crate::quick_range::is_time;
use crate::ticks::{TickFilter, Ticks};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowScope {
    /// The rows of the table, on all pages.
    Filtered,
    /// The ticked rows, whatever the filters are.
    Ticked,
    /// The rows of the quick choice with this name, whatever the other filters are.
    Quick(String),
}

/// Returns the filters of a scope. Parameters stay, because they choose what a row contains.
pub fn filters_of(
    scope: &RowScope,
    dataset: &Dataset,
    filters: &BTreeMap<String, String>,
    ticks: &Ticks,
) -> BTreeMap<String, String> {
    let is_parameter = |name: &String| dataset.parameters.iter().any(|parameter| parameter.name == *name);
    let parameters = || {
        let mut filters = filters.clone();
        filters.retain(|name, _| is_parameter(name));
        filters
    };
    match scope {
        RowScope::Filtered => filters.clone(),
        RowScope::Ticked => {
            let mut filters = parameters();
            if let Some(TickFilter { filter, .. }) = TickFilter::of_dataset(dataset) {
                filters.insert(filter, ticks.value());
            }
            filters
        }
        RowScope::Quick(name) => {
            let quick = dataset.quick.iter().find(|quick| quick.name == *name);
            let mut filters = parameters();
            filters.extend(quick.into_iter().flat_map(|quick| quick.filters.clone()));
            filters
        }
    }
}

/// Returns the quick choices that are scopes of an export: those of a dataset with tick boxes that set filters other than times.
pub fn quick_scopes(dataset: &Dataset) -> Vec<&Quick> {
    if TickFilter::of_dataset(dataset).is_none() {
        return Vec::new();
    }
    let is_of_time = |name: &String| {
        let is_it = |filter: &&Filter| filter.name == *name;
        dataset.filters.iter().find(is_it).is_none_or(is_time)
    };
    let quick = dataset.quick.iter();
    quick
        .filter(|quick| !quick.filters.is_empty() && !quick.filters.keys().any(is_of_time))
        .collect()
}

/// Returns the name of a quick choice as a scope: `All approved`.
pub fn quick_name(quick: &Quick) -> String {
    let mut letters = quick.label.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string());
    format!("All {}{}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::sample;
    use crate::selection::Selection;

    fn with_ticks() -> Dataset {
        let mut dataset = sample();
        dataset.filters[2].ticks = Some("user".to_owned());
        let parameter =
            serde_json::json!({ "name": "full", "label": "Full", "kind": "boolean", "default": "true" });
        dataset
            .parameters
            .push(serde_json::from_value(parameter).unwrap());
        let approved =
            serde_json::json!({ "name": "approved", "label": "Approved", "filters": { "model": "a" } });
        dataset.quick.push(serde_json::from_value(approved).unwrap());
        dataset
    }

    #[test]
    fn a_scope_replaces_the_filters_and_keeps_the_parameters() {
        let dataset = with_ticks();
        let filters = Selection::parse("start=2026-01-28&full=false").filters;
        let mut ticks = Ticks::default();
        ticks.set("7", true);
        let query = |scope: RowScope| {
            let filters = filters_of(&scope, &dataset, &filters, &ticks);
            Selection {
                filters,
                ..Selection::default()
            }
            .query()
        };
        assert_eq!(query(RowScope::Filtered), "full=false&start=2026-01-28");
        assert_eq!(query(RowScope::Ticked), "full=false&model=7");
        assert_eq!(
            query(RowScope::Quick("approved".to_owned())),
            "full=false&model=a"
        );
    }

    #[test]
    fn quick_choices_of_times_are_no_scopes() {
        let names = |dataset: &Dataset| -> Vec<String> {
            quick_scopes(dataset).into_iter().map(quick_name).collect()
        };
        assert_eq!(names(&with_ticks()), ["All approved"]);
        assert_eq!(names(&sample()), [""; 0]);
    }
}
