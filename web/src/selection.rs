//! The selection of a dataset: filters, columns, zone, order and the page of the table. The URL holds it, and every request
//! for rows is made from it.

use std::collections::BTreeMap;

use api::datasets::{Dataset, FilterValues, RowsRequest};
use form_urlencoded::Serializer;

use crate::cursors::PageStart;

/// Rows of one page of the table.
pub const PAGE_ROWS: usize = 50;

/// The numbers of rows that a visitor may choose.
pub const PAGE_SIZES: [usize; 4] = [25, PAGE_ROWS, 100, 200];

/// The parameter that names the workspace.
pub const WORKSPACE: &str = "workspace";

/// The greatest length in bytes of a query of rows.
const QUERY_MAX: usize = 4_000;

/// Separates the values of a filter that takes several. Each becomes a parameter of its own, which may have commas.
pub const VALUES_SEPARATOR: char = '\n';

/// The parameter names are those of the server and the command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Values of filters and parameters as typed, by name. See [`VALUES_SEPARATOR`].
    pub filters: BTreeMap<String, String>,
    /// The id of the workspace whose rows these are. `None` for a dataset that does not belong to workspaces.
    pub workspace: Option<String>,
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
    /// Takes every parameter without a meaning of its own for a filter. Ignores empty values. See [`Self::for_dataset`].
    pub fn parse(query: &str) -> Self {
        let mut selection = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match name.as_ref() {
                _ if value.is_empty() => {}
                "columns" => selection.columns = Some(value.split(',').map(str::to_owned).collect()),
                WORKSPACE => selection.workspace = Some(value.to_owned()),
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

    /// Returns the selection for a dataset. One that does not belong to workspaces may have a filter called `workspace`.
    pub fn for_dataset(mut self, dataset: &Dataset) -> Self {
        if !dataset.workspace
            && let Some(workspace) = self.workspace.take()
        {
            self.filters.insert(WORKSPACE.to_owned(), workspace);
        }
        self
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

    /// Returns whether the query of a file is too long for an address: proxies refuse addresses from some thousands of bytes on.
    pub fn is_long(&self) -> bool {
        self.export_query().len() > QUERY_MAX
    }

    /// Returns the selection of a file as a JSON object, which the address of the rows takes with POST.
    pub fn body(&self) -> String {
        serde_json::to_string(&self.rows_request()).expect("a selection is made of texts")
    }

    /// Returns the selection of a file as the server takes it in a body.
    pub fn rows_request(&self) -> RowsRequest {
        let values = |values: &String| {
            let values = values.split(VALUES_SEPARATOR).map(str::trim);
            let values = values.filter(|value| !value.is_empty());
            FilterValues(values.map(str::to_owned).collect())
        };
        let filters = self.filters.iter();
        RowsRequest {
            filters: filters
                .map(|(name, value)| (name.clone(), values(value)))
                .collect(),
            workspace: self.workspace.clone(),
            columns: self.columns.clone(),
            zone: self.zone.clone(),
            sort: self.reversed.then(|| "reversed".to_owned()),
            ..RowsRequest::default()
        }
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
        if let Some(workspace) = &self.workspace {
            query.append_pair(WORKSPACE, workspace);
        }
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
            workspace: Some("a&b".to_owned()),
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
    fn a_long_selection_has_a_body() {
        let mut selection = Selection::parse("workspace=7&status=a,b&zone=UTC&sort=reversed&columns=id");
        assert!(!selection.is_long());
        let ids: Vec<String> = (0..1_000).map(|id| format!("id-{id}")).collect();
        selection.filters.insert("ids".to_owned(), ids.join("\n"));
        assert!(selection.is_long());
        let body: RowsRequest = serde_json::from_str(&selection.body()).unwrap();
        assert_eq!(body.filters["ids"].0, ids);
        assert_eq!(body.filters["status"].0, ["a,b"]);
        assert_eq!(body.workspace.as_deref(), Some("7"));
        assert_eq!(body.sort.as_deref(), Some("reversed"));
        assert_eq!(body.columns.as_deref(), Some(&["id".to_owned()][..]));
        assert_eq!((body.zone.as_deref(), body.limit), (Some("UTC"), None));
    }

    #[test]
    fn the_workspace_is_in_every_query_and_a_filter_may_have_its_name() {
        let selection = Selection::parse("workspace=7&model=a&limit=100");
        assert_eq!(selection.filters_query(), "workspace=7&model=a");
        assert_eq!(selection.export_query(), "workspace=7&model=a");
        let dataset = crate::dataset::sample();
        let of_filter = selection.clone().for_dataset(&dataset);
        assert_eq!(
            (of_filter.workspace.as_deref(), &*of_filter.filters[WORKSPACE]),
            (None, "7")
        );
        let of_workspaces = Dataset {
            workspace: true,
            ..dataset
        };
        assert_eq!(selection.clone().for_dataset(&of_workspaces), selection);
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
