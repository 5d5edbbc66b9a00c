//! The selection of a dataset: filters, columns, zone. The URL holds it, and every request for rows is made
//! from it.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;

/// The parameter names are those of the server and the command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Values as typed, by filter name.
    pub filters: BTreeMap<String, String>,
    /// In the order of table and file. `None`: all columns in the dataset's order.
    pub columns: Option<Vec<String>>,
    /// IANA name, for filters, table and file. `None`: UTC.
    pub zone: Option<String>,
}

impl Selection {
    /// Takes every parameter except `columns` and `zone` for a filter. Ignores empty values.
    pub fn parse(query: &str) -> Self {
        let mut selection = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match name.as_ref() {
                _ if value.is_empty() => {}
                "columns" => selection.columns = Some(value.split(',').map(str::to_owned).collect()),
                "zone" => selection.zone = Some(value.to_owned()),
                filter => {
                    selection.filters.insert(filter.to_owned(), value.to_owned());
                }
            }
        }
        selection
    }

    /// Returns the query of a file with the rows on all pages.
    pub fn export_query(&self) -> String {
        self.query()
    }

    /// Returns the whole selection as a query string, for the URL.
    pub fn query(&self) -> String {
        let mut query = self.rows_query();
        if let Some(columns) = &self.columns {
            // The commas stay unescaped: a query allows them, and people read this URL.
            let columns = columns
                .iter()
                .map(|name| escaped(name))
                .collect::<Vec<_>>()
                .join(",");
            let separator = if query.is_empty() { "" } else { "&" };
            query = format!("{query}{separator}columns={columns}");
        }
        query
    }

    /// Returns only filters and zone, for the count and the table: the browser shows and hides columns
    /// itself.
    pub fn rows_query(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in self.filters.iter().filter(|(_, value)| !value.trim().is_empty()) {
            query.append_pair(name, value.trim());
        }
        if let Some(zone) = &self.zone {
            query.append_pair("zone", zone);
        }
        query.finish()
    }
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Appends parameters to a query string.
pub fn with_pairs(query: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(query.to_owned(), |query, (name, value)| {
        let separator = if query.is_empty() { "" } else { "&" };
        format!("{query}{separator}{name}={}", escaped(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_address_held_comes_back() {
        let selection = Selection {
            filters: [
                ("model", "a&b=c, d+e"),
                ("start", "2026-01-28T12:00"),
                ("session", "会话 😀"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            columns: Some(vec!["created_at".to_owned(), "cost_usd".to_owned()]),
            zone: Some("Asia/Shanghai".to_owned()),
        };
        assert_eq!(Selection::parse(&selection.query()), selection);
    }

    #[test]
    fn nothing_chosen_is_an_empty_query() {
        assert_eq!(Selection::default().query(), "");
        assert_eq!(Selection::parse(""), Selection::default());
    }

    #[test]
    fn a_blank_filter_is_no_filter() {
        assert_eq!(Selection::parse("session=+&user=&zone="), Selection::default());
        let mut selection = Selection::default();
        selection.filters.insert("session".to_owned(), "  ".to_owned());
        assert_eq!(selection.query(), "");
    }

    #[test]
    fn columns_are_readable_and_only_in_the_whole_query() {
        let selection = Selection::parse("user=3&columns=created_at,model");
        assert_eq!(selection.query(), "user=3&columns=created_at,model");
        assert_eq!(selection.rows_query(), "user=3");
    }

    #[test]
    fn words_are_added_escaped() {
        assert_eq!(with_pairs("", &[("limit", "50")]), "limit=50");
        assert_eq!(
            with_pairs("user=3", &[("after", "a=&b")]),
            "user=3&after=a%3D%26b"
        );
    }
}
