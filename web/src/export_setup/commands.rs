//! The export as a command to copy.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::Options;

use super::ExportSetup;
use crate::clipboard;
use crate::export_command;
use crate::selection::Selection;

impl ExportSetup {
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
