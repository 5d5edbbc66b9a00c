//! The selection of a dataset: filters, columns, zone, order and the page of the table. The URL holds it, and every request
//! for rows is made from it.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;

use crate::cursors::PageStart;

/// Rows of one page of the table.
pub const PAGE_ROWS: usize = 50;

/// The numbers of rows that a visitor may choose.
pub const PAGE_SIZES: [usize; 4] = [25, PAGE_ROWS, 100, 200];

/// Separates the values of a filter that takes several. Each becomes a parameter of its own, which may have commas.
pub const VALUES_SEPARATOR: char = '\n';

/// The parameter names are those of the server and the command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Values of filters and parameters as typed, by name. See [`VALUES_SEPARATOR`].
    pub filters: BTreeMap<String, String>,
    /// In the order of table and file. `None`: the table has its first columns, and the file all of them.
    pub columns: Option<Vec<String>>,
    /// IANA name, for filters, table and file. `None`: none is chosen.
    pub zone: Option<String>,
    /// The dataset's order is reversed.
    pub reversed: bool,
    /// Rows of one page, one of [`PAGE_SIZES`]. `None`: none is chosen.
    pub page_rows: Option<usize>,
    /// The start of the page on show. `None`: the first page.
    pub start: Option<PageStart>,
}

impl Selection {
    /// Takes every parameter without a meaning of its own for a filter. Ignores empty values.
    pub fn parse(query: &str) -> Self {
        let mut selection = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match name.as_ref() {
                _ if value.is_empty() => {}
                "columns" => selection.columns = Some(value.split(',').map(str::to_owned).collect()),
                "zone" => selection.zone = Some(value.to_owned()),
                "sort" => selection.reversed = value == "reversed",
                "limit" => {
                    selection.page_rows = value.parse().ok().filter(|rows| PAGE_SIZES.contains(rows));
                }
                "after" => selection.start = Some(PageStart::parse(value)),
                filter => {
                    let values = selection.filters.entry(filter.to_owned()).or_default();
                    if !values.is_empty() {
                        values.push(VALUES_SEPARATOR);
                    }
                    values.push_str(value);
                }
            }
        }
        selection
    }

    /// Returns the whole selection as a query string, for the URL.
    pub fn query(&self) -> String {
        let mut query = self.export_query();
        if let Some(rows) = self.page_rows {
            query = with_pairs(&query, &[("limit", &rows.to_string())]);
        }
        match &self.start {
            Some(start) => with_pairs(&query, &[("after", &start.in_address())]),
            None => query,
        }
    }

    /// Returns the query of a file with the rows on all pages.
    pub fn export_query(&self) -> String {
        let query = self.rows_query();
        let Some(columns) = &self.columns else {
            return query;
        };
        // The commas stay unescaped: a query allows them, and people read this URL.
        let columns: Vec<_> = columns.iter().map(|name| escaped(name)).collect();
        let separator = if query.is_empty() { "" } else { "&" };
        format!("{query}{separator}columns={}", columns.join(","))
    }

    /// Returns the query of the table: the browser shows and hides columns itself.
    pub fn rows_query(&self) -> String {
        let query = self.filters_query();
        match self.reversed {
            true => with_pairs(&query, &[("sort", "reversed")]),
            false => query,
        }
    }

    /// Returns only filters and zone, for the count and the figures.
    pub fn filters_query(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (name, values) in &self.filters {
            let values = values.split(VALUES_SEPARATOR).map(str::trim);
            for value in values.filter(|value| !value.is_empty()) {
                query.append_pair(name, value);
            }
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
            reversed: true,
            page_rows: Some(100),
            start: Some(PageStart {
                after: "~MjAyNi0wMQ".to_owned(),
                rows_before: 200,
            }),
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
    fn a_file_has_the_order_of_the_table_and_the_rows_of_all_pages() {
        let selection = Selection::parse("user=3&sort=reversed&limit=100&after=abc.100");
        assert_eq!(selection.export_query(), "user=3&sort=reversed");
        assert_eq!(selection.rows_query(), "user=3&sort=reversed");
        assert_eq!(selection.filters_query(), "user=3");
        assert_eq!(Selection::parse("limit=7").page_rows, None);
    }

    #[test]
    fn several_values_of_a_filter_may_have_commas() {
        let query = "model=a%2Cb&model=c";
        let selection = Selection::parse(query);
        assert_eq!(selection.filters["model"], "a,b\nc");
        assert_eq!(selection.query(), query);
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
