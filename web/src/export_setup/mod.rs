//! The export that the visitor prepares on the page of a dataset: format, options, columns. Everything that starts
//! an export or describes it starts here.

mod background;
mod commands;
mod options;
mod start;
mod template;

use leptos::prelude::*;
use wasm_export::Options;
use wasm_export::browser::protocol::Destination;
use wasm_export::options::Format;
use wasm_export::rows::Column;

use crate::background::BackgroundExports;
use crate::confirmer::Confirmer;
use crate::dataset;
use crate::dataset_view::DatasetView;
use crate::delivery_form::DeliveryForm;
use crate::download::{Exporter, RowCacheEntry};
use crate::row_scope::{RowScope, filters_of, quick_name};
use crate::schedule_form::ScheduleForm;
use crate::selection::Selection;
use crate::ticks::TICKS_MAX;
use crate::toasts::Toasts;
use crate::wording;
use crate::workspace_names::export_obstacle;
use crate::workspaces::Workspaces;
use options::load_options;
pub use options::set_format;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnScope {
    /// All columns of the dataset, in its order.
    All,
    /// Those of the table, in the table's order.
    Shown,
}

#[derive(Clone, Copy)]
pub struct ExportSetup {
    pub view: DatasetView,
    pub options: RwSignal<Options>,
    pub is_drawer_open: RwSignal<bool>,
    pub confirmer: Confirmer,
    /// `None` until the visitor chooses.
    chosen_scope: RwSignal<Option<ColumnScope>>,
    /// `None` until the visitor chooses.
    chosen_rows: RwSignal<Option<RowScope>>,
    workspaces: Workspaces,
    /// The recipients of the background export that the drawer starts.
    pub delivery: DeliveryForm,
    /// The destination of the export that a question is about.
    asked: RwSignal<Destination>,
    /// Belongs to the page, because a callback of the menu would be gone with the menu before the answer.
    on_confirm: Callback<()>,
    exporter: Exporter,
    background: BackgroundExports,
    schedule_form: ScheduleForm,
    toasts: Toasts,
}

impl ExportSetup {
    pub fn new(view: DatasetView) -> Self {
        let setup = Self {
            view,
            options: view.dataset.with_value(load_options),
            is_drawer_open: RwSignal::new(false),
            confirmer: Confirmer::new(),
            chosen_scope: RwSignal::new(None),
            chosen_rows: RwSignal::new(None),
            workspaces: expect_context(),
            delivery: DeliveryForm::new(),
            asked: RwSignal::new(Destination::Downloads),
            on_confirm: Callback::new(|()| {}),
            exporter: expect_context(),
            background: expect_context(),
            schedule_form: expect_context(),
            toasts: expect_context(),
        };
        let on_confirm = Callback::new(move |()| setup.begin(setup.asked.get_untracked()));
        Self { on_confirm, ..setup }
    }

    pub fn format(self) -> Format {
        self.options.with(|options| options.format)
    }

    /// Returns all columns until the visitor chooses or edits the columns of the table.
    pub fn scope(self) -> ColumnScope {
        self.chosen_scope
            .get()
            .unwrap_or_else(|| match self.view.selection().columns {
                None => ColumnScope::All,
                Some(_) => ColumnScope::Shown,
            })
    }

    pub fn choose_scope(self, scope: ColumnScope) {
        self.chosen_scope.set(Some(scope));
    }

    pub fn columns_of(self, scope: ColumnScope) -> Vec<String> {
        match scope {
            ColumnScope::All => self.all_columns(),
            ColumnScope::Shown => self.view.shown_columns(),
        }
    }

    fn all_columns(self) -> Vec<String> {
        let names = |columns: &[Column]| -> Vec<String> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        // A parameter may add columns, which only the rows name.
        let of_rows = self.view.page.with(|page| page.map(|page| names(&page.columns)));
        of_rows.unwrap_or_else(|| {
            self.view
                .dataset
                .with_value(|dataset| dataset::column_names(dataset).map(str::to_owned).collect())
        })
    }

    /// Returns the columns of the file, in its order.
    pub fn columns(self) -> Vec<String> {
        self.columns_of(self.scope())
    }

    /// `All 18 columns`, `The 9 shown`
    pub fn scope_name(self, scope: ColumnScope) -> String {
        let number = self.columns_of(scope).len();
        match scope {
            ColumnScope::All => wording::export::all_columns(number),
            ColumnScope::Shown => wording::export::shown_columns(number),
        }
    }

    /// Returns whether the table shows other columns than all, or in another order.
    pub fn has_scopes(self) -> bool {
        self.columns_of(ColumnScope::All) != self.columns_of(ColumnScope::Shown)
    }

    /// Returns the ticked rows while there are any, until the visitor chooses others.
    pub fn row_scope(self) -> RowScope {
        let has_ticks = self.view.ticks.with(|ticks| !ticks.is_empty());
        match self.chosen_rows.get() {
            Some(RowScope::Ticked) | None if has_ticks => RowScope::Ticked,
            Some(RowScope::Ticked) | None => RowScope::Filtered,
            Some(chosen) => chosen,
        }
    }

    pub fn choose_rows(self, scope: RowScope) {
        self.chosen_rows.set(Some(scope));
    }

    /// `All 98,731 rows`, `12 selected rows`, `All approved`
    pub fn rows_name(self, scope: &RowScope) -> String {
        match scope {
            RowScope::Filtered => wording::export::expected_rows(self.view.counted_rows()),
            RowScope::Ticked => {
                wording::export::ticked_rows(self.view.ticks.with(|ticks| ticks.len()) as u64)
            }
            RowScope::Quick(name) => self.view.dataset.with_value(|dataset| {
                let quick = dataset.quick.iter().find(|quick| quick.name == *name);
                quick.map(quick_name).unwrap_or_default()
            }),
        }
    }

    /// Returns the exact number of rows, if the page has counted them.
    pub fn rows(self) -> Option<u64> {
        let cached = self.cached_rows().map(|cached| cached.count);
        cached.or_else(|| match self.row_scope() {
            RowScope::Filtered => self.view.counted_rows(),
            RowScope::Ticked => Some(self.view.ticks.with(|ticks| ticks.len()) as u64),
            RowScope::Quick(_) => None,
        })
    }

    /// Returns the cached rows if they are those on show and have all columns of the file.
    pub fn cached_rows(self) -> Option<RowCacheEntry> {
        self.exporter.row_cache().find(&self.rows_key(), &self.columns())
    }

    /// Returns why no export can start now.
    pub fn obstacle(self) -> Option<String> {
        self.obstacle_of(&self.row_scope())
    }

    /// Returns why an export of these rows is not possible.
    pub fn obstacle_of(self, rows: &RowScope) -> Option<String> {
        if let Some(obstacle) = self.role_obstacle() {
            return Some(obstacle);
        }
        let has_cached_rows = || self.cached_rows().is_some_and(|cached| cached.count > 0);
        let obstacle = match rows {
            RowScope::Ticked => {
                let is_too_much = self.view.ticks.with(|ticks| ticks.len() > TICKS_MAX);
                is_too_much.then_some("More rows are selected than can be exported at once.")
            }
            RowScope::Filtered if self.view.counted_rows() == Some(0) && !has_cached_rows() => {
                Some(match self.view.filters.with(|filters| filters.is_empty()) {
                    true => "This dataset has no rows yet.",
                    false => "No rows match your filters.",
                })
            }
            RowScope::Filtered | RowScope::Quick(_) => None,
        };
        obstacle.map(str::to_owned)
    }

    /// Returns why the visitor's role in the workspace does not allow an export.
    fn role_obstacle(self) -> Option<String> {
        let least = self.view.dataset.with_value(|dataset| dataset.export_role);
        let (_, role) = self.workspaces.find(&self.view.workspace.get_value()?)?;
        export_obstacle(Some(role), least)
    }

    /// Returns the options of the file, with zone and columns.
    pub fn file_options(self) -> Options {
        Options {
            zone: self.view.zone_in_force(),
            columns: Some(self.columns()),
            ..self.options.get()
        }
    }

    /// `98,731 rows · 2 filters · 18 columns · UTC`
    pub fn contents(self) -> String {
        let scope = self.row_scope();
        let rows = match scope {
            RowScope::Filtered => wording::export::expected_rows(self.rows()),
            _ => self.rows_name(&scope),
        };
        let filters = match scope {
            RowScope::Filtered => self.view.filters.with(|filters| filters.len()),
            _ => 0,
        };
        let zone = self.view.zone_in_force().to_string();
        wording::export::contents(rows, filters, self.columns().len(), &zone)
    }

    fn selection(self) -> Selection {
        let columns = match self.scope() {
            ColumnScope::All => None,
            ColumnScope::Shown => Some(self.view.shown_columns()),
        };
        Selection {
            columns,
            ..self.rows_selection()
        }
    }

    /// Returns the selection of the rows of the file.
    pub fn rows_selection(self) -> Selection {
        let selection = self.view.selection();
        let filters = self.view.dataset.with_value(|dataset| {
            let ticks = self.view.ticks.get();
            filters_of(&self.row_scope(), dataset, &selection.filters, &ticks)
        });
        Selection {
            filters,
            reversed: self.is_reversed(),
            ..selection
        }
    }

    /// A log has its oldest row first. Other files have the order of the table.
    fn is_reversed(self) -> bool {
        let is_newest_first = self.view.dataset.with_value(|dataset| dataset.descending);
        match self.format().is_log() {
            true => is_newest_first,
            false => self.view.reversed.get(),
        }
    }

    fn rows_key(self) -> String {
        let selection = self.rows_selection();
        self.view
            .dataset
            .with_value(|dataset| dataset::rows_key(dataset, &selection))
    }

    /// Drops the cached rows and loads the table again.
    pub fn refresh(self) {
        self.exporter.discard_cached_rows();
        self.view.apply(self.view.filters.get_untracked());
    }
}
