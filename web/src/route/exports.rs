//! The address of the list of background exports: `/exports?status=failed&all=true`.

use api::exports::ExportStatus;
use wasm_export::options::Format;

use crate::selection::{WORKSPACE, with_pairs};

/// Exports on one page of the list.
pub const PAGE_EXPORTS: u64 = 25;

/// Which exports the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportsChoice {
    pub status: Option<ExportStatus>,
    /// The name of a dataset or a bundle.
    pub dataset: Option<String>,
    pub format: Option<Format>,
    /// The id of a workspace: only its exports.
    pub workspace: Option<String>,
    /// Those of everybody, for administrators.
    pub is_all: bool,
    /// The number of exports on the pages before.
    pub offset: u64,
}

impl ExportsChoice {
    /// Reads a query without `?`. Ignores what it does not know, and empty values.
    pub fn parse(query: &str) -> Self {
        let mut choice = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match name.as_ref() {
                _ if value.is_empty() => {}
                "status" => choice.status = ExportStatus::from_word(value),
                "dataset" => choice.dataset = Some(value.to_owned()),
                "format" => choice.format = value.parse().ok(),
                WORKSPACE => choice.workspace = Some(value.to_owned()),
                "all" => choice.is_all = value == "true",
                "offset" => choice.offset = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        choice
    }

    /// Returns path and query, relative to the page's base.
    pub fn url(&self) -> String {
        let all = self.is_all.then_some("true");
        let offset = (self.offset > 0).then(|| self.offset.to_string());
        match self.query(&[("all", all), ("offset", offset.as_deref())]) {
            query if query.is_empty() => "./exports".to_owned(),
            query => format!("./exports?{query}"),
        }
    }

    /// Returns the query of the server's list.
    pub fn list_query(&self) -> String {
        let all = self.is_all.then_some("true");
        let (limit, offset) = (PAGE_EXPORTS.to_string(), self.offset.to_string());
        self.query(&[
            ("include_all", all),
            ("limit", Some(&limit)),
            ("offset", Some(&offset)),
        ])
    }

    /// Returns whether a filter leaves exports out.
    pub fn has_filters(&self) -> bool {
        self.status.is_some() || self.dataset.is_some() || self.format.is_some()
    }

    /// Returns the first page of the same exports without filters.
    pub fn without_filters(&self) -> Self {
        Self {
            workspace: self.workspace.clone(),
            is_all: self.is_all,
            ..Self::default()
        }
    }

    fn query(&self, more: &[(&str, Option<&str>)]) -> String {
        let of_choice = [
            ("status", self.status.map(ExportStatus::word)),
            ("dataset", self.dataset.as_deref()),
            ("format", self.format.map(Format::word)),
            (WORKSPACE, self.workspace.as_deref()),
        ];
        let pairs = of_choice.iter().chain(more);
        let pairs = pairs.filter_map(|(name, value)| Some((*name, (*value)?)));
        with_pairs("", &pairs.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_link_leads_to_the_same_list() {
        for query in [
            "status=failed",
            "status=queued&dataset=usage-logs&format=csv&all=true&offset=50",
            "workspace=a%26b",
        ] {
            let choice = ExportsChoice::parse(query);
            assert_eq!(choice.url(), format!("./exports?{query}"));
        }
        assert_eq!(ExportsChoice::default().url(), "./exports");
        assert_eq!(
            ExportsChoice::parse("status=lost&x=1&all=no&offset=-1"),
            ExportsChoice::default()
        );
    }

    #[test]
    fn the_server_is_asked_for_one_page() {
        let choice = ExportsChoice::parse("status=failed&all=true&offset=25");
        assert_eq!(
            choice.list_query(),
            "status=failed&include_all=true&limit=25&offset=25"
        );
        assert!(choice.has_filters());
        let all = choice.without_filters();
        assert_eq!(all.list_query(), "include_all=true&limit=25&offset=0");
        assert!(!all.has_filters());
    }
}
