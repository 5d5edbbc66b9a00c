//! The names of a filter's values.

use std::collections::BTreeMap;

use api::datasets::FilterOption;

/// Adds the value to names that several values have: `main (ID 7)`.
pub fn with_distinct_labels(mut options: Vec<FilterOption>) -> Vec<FilterOption> {
    let mut uses = BTreeMap::<String, usize>::new();
    for option in &options {
        *uses.entry(shown(&option.label)).or_default() += 1;
    }
    for option in &mut options {
        if uses[&shown(&option.label)] > 1 {
            option.label = format!("{} (ID {})", option.label.trim(), option.value);
        }
    }
    options
}

/// A browser shows no spaces around a text.
fn shown(label: &str) -> String {
    label.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_several_values_have_get_their_value() {
        let options = [("7", "main"), ("12", "main "), ("9", "other"), ("10", "Main")];
        let options = options.map(|(value, label)| FilterOption {
            value: value.to_owned(),
            label: label.to_owned(),
        });
        let labels: Vec<_> = with_distinct_labels(options.into())
            .into_iter()
            .map(|option| option.label)
            .collect();
        assert_eq!(labels, ["main (ID 7)", "main (ID 12)", "other", "Main"]);
    }
}
