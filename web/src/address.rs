//! The page's address: which dataset, and what of it. A reload or a shared link shows the same again.

use crate::selection::Selection;

/// A place in the page: `/usage-logs?user=3&zone=Asia/Shanghai`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The dataset's name; `None`: the first there is.
    pub dataset: Option<String>,
    /// What of the dataset.
    pub selection: Selection,
}

impl Place {
    /// Reads an address: its path, and its query with or without the `?`.
    #[must_use]
    pub fn parse(path: &str, query: &str) -> Self {
        let dataset = path.trim_matches('/');
        Self {
            dataset: (!dataset.is_empty()).then(|| dataset.to_owned()),
            selection: Selection::parse(query.trim_start_matches('?')),
        }
    }

    /// The address, without the server's name.
    #[must_use]
    pub fn address(&self) -> String {
        let dataset = self.dataset.as_deref().unwrap_or_default();
        match self.selection.query() {
            query if query.is_empty() => format!("/{dataset}"),
            query => format!("/{dataset}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_link_leads_to_the_same_place() {
        for (path, query) in [
            ("/usage-logs", ""),
            ("/usage-logs", "?user=3"),
            ("/a", "?exclude_200=true&columns=model,key_name"),
        ] {
            assert_eq!(Place::parse(path, query).address(), format!("{path}{query}"));
        }
    }

    #[test]
    fn the_bare_address_names_no_dataset() {
        assert_eq!(Place::parse("/", ""), Place::default());
        assert_eq!(Place::default().address(), "/");
    }
}
