//! The state of a dataset's page: selection, columns, current page of the table.

mod paging;
mod value_names;

use std::collections::BTreeMap;

use api::datasets::{Dataset, Summary};
use leptos::prelude::*;
use wasm_export::Zone;
use wasm_export::rows::Problem;

use crate::browser;
use crate::client;
use crate::column_choice::ColumnChoice;
use crate::cursors::Cursors;
use crate::dataset::{self, LinkFilters};
use crate::filter_chip::{ValueNames, switches};
use crate::load::Load;
use crate::route::Route;
use crate::saved_options;
use crate::selection::{PAGE_ROWS, Selection};
use crate::table_page::TablePage;
use crate::ticks::{TickFilter, Ticks};
use crate::wording;

#[derive(Clone, Copy)]
pub struct DatasetView {
    pub dataset: StoredValue<Dataset>,
    /// The id of the workspace whose rows these are. Another workspace has another view.
    pub workspace: StoredValue<Option<String>>,
    /// Applied filters and parameters, by name.
    pub filters: RwSignal<BTreeMap<String, String>>,
    /// Filters of the link that the dataset does not have, until the visitor removes them.
    pub unknown_filters: RwSignal<BTreeMap<String, String>>,
    /// IANA name.
    pub zone: RwSignal<String>,
    pub columns: RwSignal<ColumnChoice>,
    /// The dataset's order is reversed.
    pub reversed: RwSignal<bool>,
    pub page_rows: RwSignal<usize>,
    pub cursors: RwSignal<Cursors>,
    pub page: Load<TablePage>,
    /// Rows on all pages.
    pub count: Load<u64>,
    /// The figures of all rows, if the dataset has more than their number.
    pub summary: Load<Summary>,
    /// Values that the visitor has chosen from lists.
    pub value_names: RwSignal<ValueNames>,
    /// The filter that asks for ticked rows. `None`: rows have no tick boxes.
    pub tick_filter: StoredValue<Option<TickFilter>>,
    pub ticks: RwSignal<Ticks>,
    /// The position in the page of the row whose details are open.
    pub open_row: RwSignal<Option<usize>>,
}

impl DatasetView {
    pub fn new(dataset: Dataset, selection: Selection) -> Self {
        let selection = selection.for_dataset(&dataset);
        let workspace = StoredValue::new(selection.workspace.clone());
        let columns = columns(&dataset, &selection);
        let LinkFilters { applied, unknown } = LinkFilters::new(&dataset, selection.filters);
        let filters = RwSignal::new(applied);
        let zone = RwSignal::new(selection.zone.unwrap_or_else(usual_zone));
        let (columns, reversed) = (RwSignal::new(columns), RwSignal::new(selection.reversed));
        let page_rows = selection.page_rows.or_else(saved_options::page_rows);
        let page_rows = RwSignal::new(page_rows.unwrap_or(PAGE_ROWS));
        let cursors = RwSignal::new(Cursors::new(selection.start));

        let deciding = move || Selection {
            filters: filters.get(),
            workspace: workspace.get_value(),
            zone: Some(zone.get()),
            ..Selection::default()
        };
        let filters_query = Memo::new(move |_| deciding().filters_query());
        let rows_query = Memo::new(move |_| {
            Selection {
                reversed: reversed.get(),
                ..deciding()
            }
            .rows_query()
        });
        let page = Load::new({
            let name = dataset.name.clone();
            move || {
                let start = cursors.with(|cursors| cursors.current().cloned());
                let (after, zone) = (start.map(|start| start.after), zone_or_utc(&zone.get()));
                let query = rows_query.get();
                Some(client::page(name.clone(), query, after, page_rows.get(), zone))
            }
        });
        let count = Load::new({
            let name = dataset.name.clone();
            move || Some(client::count(name.clone(), filters_query.get()))
        });
        let summary = Load::new({
            let name = (dataset.figures.len() > 1).then(|| dataset.name.clone());
            move || {
                name.clone()
                    .map(|name| client::summary(name, filters_query.get()))
            }
        });
        let open_row = RwSignal::new(None);
        // The same position in other rows is another row.
        Effect::new(move || {
            page.with(|_| ());
            open_row.set(None);
        });
        Self {
            tick_filter: StoredValue::new(TickFilter::of_dataset(&dataset)),
            ticks: RwSignal::new(Ticks::default()),
            dataset: StoredValue::new(dataset),
            workspace,
            filters,
            unknown_filters: RwSignal::new(unknown),
            zone,
            columns,
            reversed,
            page_rows,
            cursors,
            page,
            count,
            summary,
            value_names: RwSignal::new(ValueNames::new()),
            open_row,
        }
    }

    /// Shows a selection of the address within the same workspace. Keeps the zone and the rows of a page that it does not name.
    pub fn show(self, selection: Selection) {
        let columns = self.dataset.with_value(|dataset| columns(dataset, &selection));
        let filters = selection.filters;
        let LinkFilters { applied, unknown } = self
            .dataset
            .with_value(|dataset| LinkFilters::new(dataset, filters));
        set_if_other(self.columns, columns);
        set_if_other(self.filters, applied);
        set_if_other(self.unknown_filters, unknown);
        set_if_other(self.reversed, selection.reversed);
        if let Some(zone) = selection.zone {
            set_if_other(self.zone, zone);
        }
        if let Some(rows) = selection.page_rows {
            set_if_other(self.page_rows, rows);
        }
        let mut cursors = self.cursors.get_untracked();
        cursors.go_to(selection.start);
        set_if_other(self.cursors, cursors);
        self.open_row.set(None);
    }

    /// Sets the filters and requests the rows, even if no filter changed: applying again is how visitors
    /// refresh. Ignores empty values.
    pub fn apply(self, mut filters: BTreeMap<String, String>) {
        filters.retain(|_, value| !value.trim().is_empty());
        self.to_first_page();
        self.filters.set(filters);
        self.refresh();
    }

    /// Sets a filter, or removes it if the value is empty.
    pub fn apply_one(self, name: &str, value: &str) {
        let mut filters = self.filters.get_untracked();
        filters.insert(name.to_owned(), value.to_owned());
        self.apply(filters);
    }

    /// Sets the parameters that share a chip to their defaults.
    pub fn reset_switches(self) {
        let mut filters = self.filters.get_untracked();
        self.dataset.with_value(|dataset| {
            for parameter in switches(dataset) {
                filters.remove(&parameter.name);
            }
        });
        self.apply(filters);
    }

    pub fn refresh(self) {
        self.page.retry();
        self.count.retry();
        self.summary.retry();
    }

    pub fn set_zone(self, zone: String) {
        saved_options::save_zone(&zone);
        self.to_first_page();
        self.zone.set(zone);
    }

    pub fn set_page_rows(self, rows: usize) {
        saved_options::save_page_rows(rows);
        self.to_first_page();
        self.page_rows.set(rows);
    }

    pub fn reverse(self) {
        self.to_first_page();
        self.reversed.update(|reversed| *reversed = !*reversed);
    }

    /// Returns the zone of all times in table and file.
    pub fn zone_in_force(self) -> Zone {
        zone_or_utc(&self.zone.get())
    }

    /// Returns the date in the zone in force.
    pub fn today(self) -> String {
        today_in(self.zone_in_force())
    }

    pub fn route(self) -> Route {
        Route::Dataset {
            name: Some(self.dataset.with_value(|dataset| dataset.name.clone())),
            selection: self.selection(),
        }
    }

    pub fn selection(self) -> Selection {
        let default = self.dataset.with_value(dataset::table_columns);
        Selection {
            filters: self.filters.get(),
            workspace: self.workspace.get_value(),
            columns: self.columns.with(|columns| columns.for_address(&default)),
            zone: Some(self.zone.get()),
            reversed: self.reversed.get(),
            page_rows: Some(self.page_rows.get()),
            start: self.cursors.with(|cursors| cursors.current().cloned()),
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

    /// Returns why the server gives no rows of the workspace: the visitor is not a member, or their role is too low.
    pub fn refusal(self) -> Option<Problem> {
        let is_of_workspace = self.workspace.with_value(Option::is_some);
        let refusal = self.page.problem().filter(|problem| {
            problem.status == 403 && matches!(problem.code.as_str(), "not_a_member" | "role_too_low")
        });
        refusal.filter(|_| is_of_workspace)
    }

    /// Returns the problem that the server reports for a filter.
    pub fn problem_of_filter(self, name: &str) -> Option<Problem> {
        self.page
            .problem()
            .filter(|problem| problem.field.as_deref() == Some(name))
    }

    /// Returns the columns of the table.
    pub fn shown_columns(self) -> Vec<String> {
        self.columns
            .with(|columns| columns.shown().map(str::to_owned).collect())
    }
}

fn columns(dataset: &Dataset, selection: &Selection) -> ColumnChoice {
    let default = dataset::table_columns(dataset);
    ColumnChoice::new(
        dataset::column_names(dataset),
        &default,
        selection.columns.as_deref(),
    )
}

/// A signal that is set to its own value would request the rows again.
fn set_if_other<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|now| *now != value) {
        signal.set(value);
    }
}

/// Returns the zone of the visitor's last choice, or that of the browser.
pub fn usual_zone() -> String {
    let zone = saved_options::zone().or_else(browser::zone);
    zone.unwrap_or_else(|| "UTC".to_owned())
}

/// Returns the date in a zone: `2026-01-28`.
pub fn today_in(zone: Zone) -> String {
    let mut now = wording::moment(&browser::now(), zone);
    now.truncate("2026-01-28".len());
    now
}

/// Returns UTC for a zone that the formatter does not know; the server refuses that zone with a problem.
pub fn zone_or_utc(name: &str) -> Zone {
    name.parse().unwrap_or_default()
}
