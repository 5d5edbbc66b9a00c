//! The page's address after the `#`: which dataset, and what of it. The server never sees it.

use crate::selection::Selection;

/// A place in the page: `usage-logs?user=3&zone=Asia/Shanghai`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The dataset's name; `None`: the first there is.
    pub dataset: Option<String>,
    /// What of the dataset.
    pub selection: Selection,
}

impl Place {
    /// Reads the fragment of an address, with or without its `#`.
    #[must_use]
    pub fn parse(fragment: &str) -> Self {
        let fragment = fragment.trim_start_matches('#').trim_start_matches('/');
        let (dataset, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        Self {
            dataset: (!dataset.is_empty()).then(|| dataset.to_owned()),
            selection: Selection::parse(query),
        }
    }

    /// The fragment, with its `#`.
    #[must_use]
    pub fn fragment(&self) -> String {
        let dataset = self.dataset.as_deref().unwrap_or_default();
        match self.selection.query() {
            query if query.is_empty() => format!("#{dataset}"),
            query => format!("#{dataset}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_link_leads_to_the_same_place() {
        for fragment in ["#usage-logs", "#usage-logs?user=3", "#usage-logs?exclude_200=true&columns=model,key_name"] {
            assert_eq!(Place::parse(fragment).fragment(), fragment);
        }
    }

    #[test]
    fn an_address_without_a_fragment_names_no_dataset() {
        assert_eq!(Place::parse(""), Place::default());
        assert_eq!(Place::parse("#/"), Place::default());
    }
}
