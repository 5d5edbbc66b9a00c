//! Texts of filters.

use std::collections::BTreeMap;

use crate::selection::VALUES_SEPARATOR;

/// Names the filters of a link that the dataset does not have for this caller. `None`: there is none.
pub fn unknown(filters: &BTreeMap<String, String>) -> Option<String> {
    let named =
        |(name, value): (&String, &String)| format!("{name}={}", value.replace(VALUES_SEPARATOR, ","));
    let named: Vec<String> = filters.iter().map(named).collect();
    match &named[..] {
        [] => None,
        [filter] => Some(format!(
            "The rows are not filtered by {filter} of the link: you have no such filter here."
        )),
        [filters @ .., last] => Some(format!(
            "The rows are not filtered by {} and {last} of the link: you have no such filters here.",
            filters.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::Selection;

    #[test]
    fn filters_that_do_not_apply_are_named_with_their_values() {
        let text = |query: &str| unknown(&Selection::parse(query).filters);
        assert_eq!(text(""), None);
        assert_eq!(
            text("user=3").as_deref(),
            Some("The rows are not filtered by user=3 of the link: you have no such filter here.")
        );
        assert_eq!(
            text("user=3&a=1&a=2").as_deref(),
            Some("The rows are not filtered by a=1,2 and user=3 of the link: you have no such filters here.")
        );
    }
}
