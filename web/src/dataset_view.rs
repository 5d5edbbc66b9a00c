//! The state of a dataset's page: selection, columns, current page of the table.

use std::collections::BTreeMap;

use api::datasets::{Dataset, FilterOptions};
use leptos::prelude::*;
use wasm_export::Zone;
use wasm_export::rows::Problem;

use crate::client;
use crate::column_choice::ColumnChoice;
use crate::cursors::Cursors;
use crate::dataset;
use crate::load::Load;
use crate::route::Route;
use crate::selection::Selection;
use crate::table_page::TablePage;

/// Rows of one page of the table.
pub const PAGE_ROWS: usize = 50;

#[derive(Clone, Copy)]
pub struct DatasetView {
    pub dataset: StoredValue<Dataset>,
    /// Applied filters, by name.
    pub filters: RwSignal<BTreeMap<String, String>>,
    /// `None`: UTC.
    pub zone: RwSignal<Option<String>>,
    pub columns: RwSignal<ColumnChoice>,
    pub cursors: RwSignal<Cursors>,
    pub page: Load<TablePage>,
    /// Rows on all pages.
    pub count: Load<u64>,
    /// The values that filters can have, by filter name.
    pub options: Load<BTreeMap<String, FilterOptions>>,
}

impl DatasetView {
    /// Ignores filters of the selection that the dataset does not have.
    pub fn new(dataset: Dataset, selection: Selection) -> Self {
        let is_filter = |name: &String| dataset.filters.iter().any(|filter| filter.name == *name);
        let filters = selection
            .filters
            .into_iter()
            .filter(|(name, _)| is_filter(name))
            .collect();
        let columns = ColumnChoice::new(dataset::column_names(&dataset), selection.columns.as_deref());
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

    /// Sets the filters and requests the rows, even if no filter changed: applying again is how visitors
    /// refresh. Ignores empty values.
    pub fn apply(self, mut filters: BTreeMap<String, String>) {
        filters.retain(|_, value| !value.trim().is_empty());
        self.cursors.set(Cursors::default());
        self.filters.set(filters);
        self.page.retry();
        self.count.retry();
    }

    pub fn set_zone(self, zone: Option<String>) {
        self.cursors.set(Cursors::default());
        self.zone.set(zone);
    }

    /// Returns the zone of all times in table and file.
    pub fn zone_in_force(self) -> Zone {
        zone_or_utc(self.zone.get().as_deref())
    }

    pub fn route(self) -> Route {
        Route::Dataset {
            name: Some(self.dataset.with_value(|dataset| dataset.name.clone())),
            selection: self.selection(),
        }
    }

    pub fn selection(self) -> Selection {
        let columns = self.dataset.with_value(|dataset| {
            self.columns
                .with(|columns| columns.for_address(dataset::column_names(dataset)))
        });
        Selection {
            filters: self.filters.get(),
            columns,
            zone: self.zone.get(),
        }
    }

    /// Returns the exact number of rows once it is known for the applied filters.
    pub fn counted_rows(self) -> Option<u64> {
        if self.count.is_busy() || self.count.problem().is_some() {
            None
        } else {
            self.count.value()
        }
    }

    /// Returns the problem that the server reports for a filter.
    pub fn problem_of_filter(self, name: &str) -> Option<Problem> {
        self.page
            .problem()
            .filter(|problem| problem.field.as_deref() == Some(name))
    }

    /// Returns the [`dataset::rows_key`] of the rows on all pages.
    pub fn rows(self) -> String {
        let selection = self.selection();
        self.dataset
            .with_value(|dataset| dataset::rows_key(dataset, &selection))
    }

    pub fn shown_columns(self) -> Vec<String> {
        self.columns
            .with(|columns| columns.shown().map(str::to_owned).collect())
    }
}

/// Requests the values of one filter after the other, and only after the first rows: the visitor waits for
/// those.
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

/// Returns UTC for a zone that the formatter does not know; the server refuses that zone with a problem.
fn zone_or_utc(name: Option<&str>) -> Zone {
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}
