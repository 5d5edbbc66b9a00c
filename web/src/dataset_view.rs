//! What the visitor sees of a dataset: which rows, which columns, which page.

use std::collections::BTreeMap;

use leptos::prelude::*;
use wasm_export::rows::Problem;
use wasm_export::{Options, Zone, file_name};

use crate::browser;
use crate::client;
use crate::column_choice::ColumnChoice;
use crate::cursors::Cursors;
use crate::dataset::{Dataset, FilterOptions};
use crate::load::Load;
use crate::route::Route;
use crate::selection::Selection;
use crate::table_page::TablePage;

/// Rows on one page of the table.
pub const PAGE_ROWS: usize = 50;

/// A dataset on show.
#[derive(Clone, Copy)]
pub struct DatasetView {
    /// What the server says of it.
    pub dataset: StoredValue<Dataset>,
    /// The filters in force.
    pub filters: RwSignal<BTreeMap<String, String>>,
    /// The zone of all times; `None`: UTC.
    pub zone: RwSignal<Option<String>>,
    /// The columns.
    pub columns: RwSignal<ColumnChoice>,
    /// Which page of the table.
    pub cursors: RwSignal<Cursors>,
    /// The rows of that page.
    pub page: Load<TablePage>,
    /// How many rows there are on all pages.
    pub count: Load<u64>,
    /// The values that the filters can have, by the filter's name.
    pub options: Load<BTreeMap<String, FilterOptions>>,
}

impl DatasetView {
    /// Shows a dataset as an address says.
    #[must_use]
    pub fn new(dataset: Dataset, selection: Selection) -> Self {
        let is_filter = |name: &String| dataset.filters.iter().any(|filter| filter.name == *name);
        let filters = selection
            .filters
            .into_iter()
            .filter(|(name, _)| is_filter(name))
            .collect();
        let columns = ColumnChoice::new(dataset.column_names(), selection.columns.as_deref());
        let (filters, zone) = (RwSignal::new(filters), RwSignal::new(selection.zone));
        let (columns, cursors) = (RwSignal::new(columns), RwSignal::new(Cursors::default()));

        let name = dataset.name.clone();
        let query = Memo::new(move |_| {
            let (filters, zone) = (filters.get(), zone.get());
            Selection {
                filters,
                zone,
                columns: None,
            }
            .rows_query()
        });
        let page = Load::new({
            let name = name.clone();
            move || {
                let after = cursors.with(|cursors| cursors.current().map(str::to_owned));
                let zone = zone_or_utc(zone.get().as_deref());
                Some(client::page(name.clone(), query.get(), after, PAGE_ROWS, zone))
            }
        });
        let count = Load::new({
            let name = name.clone();
            move || Some(client::count(name.clone(), query.get()))
        });
        let options = load_options(&dataset, page);
        Self {
            dataset: StoredValue::new(dataset),
            filters,
            zone,
            columns,
            cursors,
            page,
            count,
            options,
        }
    }

    /// Narrows the rows. Filters without a value are no filters.
    pub fn apply(self, mut filters: BTreeMap<String, String>) {
        filters.retain(|_, value| !value.trim().is_empty());
        self.cursors.set(Cursors::default());
        // Applying the same filters again is how people ask for newer rows.
        self.filters.set(filters);
        self.page.retry();
        self.count.retry();
    }

    /// Reads and writes all times in a zone.
    pub fn set_zone(self, zone: Option<String>) {
        self.cursors.set(Cursors::default());
        self.zone.set(zone);
    }

    /// The zone that times are shown and written in.
    #[must_use]
    pub fn zone_in_force(self) -> Zone {
        zone_or_utc(self.zone.get().as_deref())
    }

    /// What is on show, as an address says it.
    #[must_use]
    pub fn route(self) -> Route {
        Route::Dataset {
            name: Some(self.dataset.with_value(|dataset| dataset.name.clone())),
            selection: self.selection(),
        }
    }

    /// What of the dataset is on show.
    #[must_use]
    pub fn selection(self) -> Selection {
        let columns = self.dataset.with_value(|dataset| {
            self.columns
                .with(|columns| columns.for_address(dataset.column_names()))
        });
        Selection {
            filters: self.filters.get(),
            columns,
            zone: self.zone.get(),
        }
    }

    /// The number of rows, where it belongs to the filters in force.
    #[must_use]
    pub fn counted_rows(self) -> Option<u64> {
        if self.count.is_busy() || self.count.problem().is_some() {
            None
        } else {
            self.count.value()
        }
    }

    /// What the server has against a filter's value.
    #[must_use]
    pub fn problem_of_filter(self, name: &str) -> Option<Problem> {
        self.page
            .problem()
            .filter(|problem| problem.field.as_deref() == Some(name))
    }

    /// Which rows are on show, on all pages, whatever of them is shown.
    #[must_use]
    pub fn rows(self) -> String {
        let selection = self.selection();
        self.dataset.with_value(|dataset| dataset.rows_key(&selection))
    }

    /// The columns on show, in their order.
    #[must_use]
    pub fn shown_columns(self) -> Vec<String> {
        self.columns
            .with(|columns| columns.shown().map(str::to_owned).collect())
    }

    /// Where the raw rows on show are, on all pages; how their file is to be; what it is called.
    #[must_use]
    pub fn export(self, options: Options) -> (String, Options, String) {
        let dataset = self.dataset.with_value(|dataset| dataset.name.clone());
        let selection = self.selection();
        let name = file_name(
            &dataset,
            options.format,
            options.compression,
            browser::local_time(),
        );
        let options = Options {
            zone: self.zone_in_force(),
            columns: Some(self.shown_columns()),
            ..options
        };
        (client::rows_url(&dataset, &selection.query()), options, name)
    }
}

/// One after the other, and only after the first rows: they are what the visitor waits for.
fn load_options(dataset: &Dataset, page: Load<TablePage>) -> Load<BTreeMap<String, FilterOptions>> {
    let dataset_name = dataset.name.clone();
    let filters = dataset.filters.iter().filter(|filter| filter.options);
    let filters = filters.map(|filter| filter.name.clone()).collect::<Vec<_>>();
    let is_settled = Memo::new(move |_| page.with(|page| page.is_some()) || page.problem().is_some());
    Load::new(move || {
        let (dataset_name, filters) = (dataset_name.clone(), filters.clone());
        is_settled.get().then_some(async move {
            let mut options = BTreeMap::new();
            for filter in filters {
                options.insert(
                    filter.clone(),
                    client::options(dataset_name.clone(), filter).await?,
                );
            }
            Ok(options)
        })
    })
}

/// A zone that the formatter does not know the server refuses, in words; until it does, UTC.
fn zone_or_utc(name: Option<&str>) -> Zone {
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}
