//! The start of an export, and the question before a report that a browser hardly shows.

use leptos::prelude::*;
use wasm_export::browser::protocol::{Destination, Start};
use wasm_export::file_name;
use wasm_export::options::{Format, Options};

use super::{ExportSetup, set_format};
use crate::browser;
use crate::client;
use crate::confirmer::Question;
use crate::download::ExportRequest;
use crate::preview::is_too_long_for_a_browser;
use crate::wording;

impl ExportSetup {
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

    pub(super) fn begin(self, destination: Destination) {
        self.is_drawer_open.set(false);
        self.exporter.start(untrack(|| self.request(destination)));
    }

    /// Returns the name that the definition of the dataset gives to its files, or one with the dataset's name and the time.
    fn file_name(self, options: &Options) -> String {
        let now = browser::now_seconds();
        let workspace = self.view.workspace.get_value();
        self.view.dataset.with_value(|dataset| match &dataset.file_name {
            None => file_name::file_name(&dataset.name, options, now),
            Some(pattern) => {
                let id = |name: &str| {
                    let is_of_workspace = matches!(name, "scope" | "workspace");
                    workspace.clone().filter(|_| is_of_workspace)
                };
                file_name::from_pattern(&file_name::fill(pattern, id), options, now)
            }
        })
    }

    fn request(self, destination: Destination) -> ExportRequest {
        let options = self.file_options();
        let cached = self.cached_rows();
        let dataset = self.view.dataset.with_value(|dataset| dataset.name.clone());
        let selection = self.selection();
        let body = selection.is_long().then(|| selection.body());
        let query = match body {
            Some(_) => String::new(),
            None => selection.export_query(),
        };
        ExportRequest {
            rows_expected: self.rows(),
            start: Start {
                url: client::rows_url(&dataset, &query),
                body,
                kept: cached.map(|cached| cached.rows),
                file_name: self.file_name(&options),
                options,
                destination,
            },
            rows_key: self.rows_key(),
            bundle: None,
        }
    }
}
