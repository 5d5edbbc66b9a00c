//! The export that the visitor prepares on the page of a dataset: format, options, columns. Everything that starts
//! an export or describes it starts here.

use api::datasets::Dataset;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::protocol::{Destination, Start};
use wasm_export::options::{Format, Layout, Metadata};
use wasm_export::rows::Column;
use wasm_export::{Options, file_name};

use super::confirm::{Confirmer, Question};
use crate::auth::{Auth, AuthState};
use crate::browser;
use crate::client;
use crate::clipboard;
use crate::dataset;
use crate::dataset_view::DatasetView;
use crate::download::{ExportRequest, Exporter, RowCacheEntry, pick};
use crate::export_command;
use crate::preview::is_too_long_for_a_browser;
use crate::saved_options;
use crate::selection::Selection;
use crate::toasts::Toasts;
use crate::wording;

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
    /// The destination of the export that a question is about.
    asked: RwSignal<Destination>,
    /// Belongs to the page, because a callback of the menu would be gone with the menu before the answer.
    on_confirm: Callback<()>,
    exporter: Exporter,
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
            asked: RwSignal::new(Destination::Downloads),
            on_confirm: Callback::new(|()| {}),
            exporter: expect_context(),
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

    /// Returns the exact number of rows, if the page has counted them.
    pub fn rows(self) -> Option<u64> {
        self.cached_rows()
            .map(|cached| cached.count)
            .or_else(|| self.view.counted_rows())
    }

    /// Returns the cached rows if they are those on show and have all columns of the file.
    pub fn cached_rows(self) -> Option<RowCacheEntry> {
        self.exporter.row_cache().find(&self.rows_key(), &self.columns())
    }

    /// Returns why no export can start now.
    pub fn obstacle(self) -> Option<&'static str> {
        let has_cached_rows = || self.cached_rows().is_some_and(|cached| cached.count > 0);
        if self.view.counted_rows() != Some(0) || has_cached_rows() {
            return None;
        }
        Some(match self.view.filters.with(|filters| filters.is_empty()) {
            true => "This dataset has no rows yet.",
            false => "No rows match your filters.",
        })
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
        let filters = self.view.filters.with(|filters| filters.len());
        let zone = self.view.zone_in_force().to_string();
        wording::export::contents(self.rows(), filters, self.columns().len(), &zone)
    }

    pub fn export_as(self, format: Format) {
        self.options.update(|options| set_format(options, format));
        self.export(Destination::Downloads);
    }

    /// Starts an export. Asks first before a report that a browser hardly shows.
    pub fn export(self, destination: Destination) {
        let (obstacle, format, rows) = untrack(|| (self.obstacle(), self.format(), self.rows()));
        if obstacle.is_some() {
            return;
        }
        if !is_too_long_for_a_browser(format, rows) {
            return self.begin(destination);
        }
        self.asked.set(destination);
        let rows = wording::export::expected_rows(rows);
        self.confirmer.ask(Question {
            title: format!("Export {rows} as HTML?"),
            text: format!("{rows} is more than a browser shows well; XLSX or CSV hold them."),
            word: None,
            yes: "Export anyway".to_owned(),
            then: self.on_confirm,
        });
    }

    fn begin(self, destination: Destination) {
        self.is_drawer_open.set(false);
        let request = untrack(|| self.request(destination));
        if destination == Destination::Downloads {
            return self.exporter.start(request, None);
        }
        spawn_local(async move {
            let Start {
                file_name, options, ..
            } = &request.start;
            let picked = pick(file_name, options.media_type()).await;
            match picked {
                Ok(Some(picked)) => self.exporter.start(request, Some(picked)),
                Ok(None) => {}
                Err(reason) => self
                    .toasts
                    .error("The browser could not open a file".to_owned(), reason),
            }
        });
    }

    fn request(self, destination: Destination) -> ExportRequest {
        let options = self.file_options();
        let cached = self.cached_rows();
        let dataset = self.view.dataset.with_value(|dataset| dataset.name.clone());
        let at = browser::local_time();
        ExportRequest {
            rows_expected: self.rows(),
            start: Start {
                url: client::rows_url(&dataset, &self.selection().export_query()),
                kept: cached.map(|cached| cached.rows),
                file_name: file_name(&dataset, options.format, options.compression, at),
                options,
                destination,
            },
            rows_key: self.rows_key(),
        }
    }

    fn selection(self) -> Selection {
        let columns = match self.scope() {
            ColumnScope::All => None,
            ColumnScope::Shown => Some(self.view.shown_columns()),
        };
        Selection {
            columns,
            reversed: self.is_reversed(),
            ..self.view.selection()
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
        let selection = Selection {
            reversed: self.is_reversed(),
            ..self.view.selection()
        };
        self.view
            .dataset
            .with_value(|dataset| dataset::rows_key(dataset, &selection))
    }

    /// Drops the cached rows and loads the table again.
    pub fn refresh(self) {
        self.exporter.want_newer_rows();
        self.view.apply(self.view.filters.get_untracked());
    }

    pub fn copy_curl(self) {
        let base = document().base_uri().ok().flatten().unwrap_or_default();
        let command = untrack(|| {
            self.command(|dataset, selection, options| {
                export_command::curl(&base, dataset, selection, options)
            })
        });
        self.copy(
            command,
            "Copied the curl command. Set DECANT_TOKEN to your access key before you run it.",
        );
    }

    pub fn copy_command_line(self) {
        let command = untrack(|| self.command(export_command::command_line));
        self.copy(
            command,
            "Copied the command. It reads the database that DSN names.",
        );
    }

    fn command(self, of: impl Fn(&str, &Selection, &Options) -> String) -> String {
        let (selection, options) = (self.selection(), self.options.get());
        self.view
            .dataset
            .with_value(|dataset| of(&dataset.name, &selection, &options))
    }

    fn copy(self, command: String, copied: &'static str) {
        spawn_local(async move {
            if clipboard::copy(&command).await {
                self.toasts.success(copied.to_owned());
            } else {
                let title = "The browser does not let this page copy. Copy the command here:";
                self.toasts.error(title.to_owned(), command);
            }
        });
    }
}

pub fn set_format(options: &mut Options, format: Format) {
    options.format = format;
    // Only Markdown has a second layout.
    options.layout = Layout::Table;
    if matches!(format, Format::Csv | Format::Text) {
        // These formats cannot hold export details.
        options.metadata = Metadata::Without;
    }
}

/// Loads the visitor's options and saves every change. A format or layout that this dataset cannot have is replaced
/// by the default, which is saved only when the visitor changes an option: other datasets keep the visitor's choice.
fn load_options(dataset: &Dataset) -> RwSignal<Options> {
    let visitor = match expect_context::<Auth>().state() {
        AuthState::SignedIn(me) => me.name,
        _ => String::new(),
    };
    let mut options = saved_options::load(&visitor);
    if !dataset.formats.contains(&options.format) {
        options.format = dataset.formats.first().copied().unwrap_or_default();
    }
    if !dataset.layouts.contains(&options.layout) {
        options.layout = Layout::default();
    }
    let options = RwSignal::new(options);
    Effect::new(move |loaded: Option<()>| {
        options.with(|options| {
            if loaded.is_some() {
                saved_options::save(&visitor, options);
            }
        });
    });
    options
}
