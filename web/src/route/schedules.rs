//! The address of the list of schedules: `/schedules?all=true`.

use crate::selection::with_pairs;

/// Schedules on one page of the list.
pub const PAGE_SCHEDULES: u64 = 25;

/// Which schedules the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchedulesChoice {
    /// Those of everybody, for administrators.
    pub is_all: bool,
    /// The number of schedules on the pages before.
    pub offset: u64,
}

impl SchedulesChoice {
    /// Reads a query without `?`. Ignores what it does not know.
    pub fn parse(query: &str) -> Self {
        let mut choice = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "all" => choice.is_all = value == "true",
                "offset" => choice.offset = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        choice
    }

    /// Returns path and query, relative to the page's base.
    pub fn url(&self) -> String {
        let offset = (self.offset > 0).then(|| self.offset.to_string());
        match Self::query(&[("all", self.all()), ("offset", offset.as_deref())]) {
            query if query.is_empty() => "./schedules".to_owned(),
            query => format!("./schedules?{query}"),
        }
    }

    /// Returns the query of the server's list.
    pub fn list_query(&self) -> String {
        let (limit, offset) = (PAGE_SCHEDULES.to_string(), self.offset.to_string());
        Self::query(&[
            ("include_all", self.all()),
            ("limit", Some(&limit)),
            ("offset", Some(&offset)),
        ])
    }

    fn all(&self) -> Option<&'static str> {
        self.is_all.then_some("true")
    }

    fn query(pairs: &[(&str, Option<&str>)]) -> String {
        let pairs = pairs.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        with_pairs("", &pairs.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_link_leads_to_the_same_list() {
        for query in ["all=true&offset=25", "offset=50"] {
            assert_eq!(
                SchedulesChoice::parse(query).url(),
                format!("./schedules?{query}")
            );
        }
        assert_eq!(SchedulesChoice::parse("all=no&x=1").url(), "./schedules");
        let all = SchedulesChoice::parse("all=true");
        assert_eq!(all.list_query(), "include_all=true&limit=25&offset=0");
    }
}
