//! The export in the background: the server makes the file and stores it.

use api::exports::ExportRequest;
use leptos::prelude::*;
use wasm_export::options::{Compression, Format};

use super::ExportSetup;
use crate::background_request;
use crate::preview::estimated_bytes;
use crate::row_scope::RowScope;
use crate::wording;

impl ExportSetup {
    /// Returns why the background takes no export now.
    pub fn background_obstacle(self) -> Option<String> {
        self.obstacle()
            .or_else(|| self.background.obstacle(self.is_of_workspace()))
    }

    /// Returns a hint for the menu: why it is not possible, that it is suggested, or how long the file is kept. Loads the limits.
    pub fn background_hint(self) -> Signal<String> {
        let limits = self.background.limits();
        Signal::derive(move || {
            if let Some(obstacle) = self.background.obstacle(self.is_of_workspace()) {
                return obstacle;
            }
            if self.rows().is_some_and(|rows| self.background.suggests(rows)) {
                return "suggested for so many rows".to_owned();
            }
            // The limits do not tell how long those of a workspace are kept.
            let kept = limits.with(|limits| {
                let hours = limits
                    .filter(|_| !self.is_of_workspace())?
                    .retention_hours
                    .default;
                Some(format!("stored for {}", wording::export_limits::hours(hours)))
            });
            kept.unwrap_or_default()
        })
    }

    pub fn is_of_workspace(self) -> bool {
        self.view.workspace.with_value(Option::is_some)
    }

    pub fn run_in_background(self) {
        if untrack(|| self.background_obstacle()).is_some() {
            return;
        }
        self.is_drawer_open.set(false);
        self.background.start(self.background_request());
    }

    /// The same with the recipients of the drawer, which stays open if the server refuses one.
    pub fn deliver_in_background(self) {
        if untrack(|| self.background_obstacle()).is_some() {
            return;
        }
        let close = move || _ = self.is_drawer_open.try_set(false);
        self.background
            .deliver(self.background_request(), self.delivery, close);
    }

    /// Returns whether the visitor's role allows that the file leaves the workspace of its rows.
    pub fn may_deliver(self) -> bool {
        let workspace = self.view.workspace.get_value();
        self.workspaces.may_deliver(workspace.as_deref())
    }

    /// Returns why the export cannot be scheduled. A dataset without rows may have some at the time of a run.
    pub fn schedule_obstacle(self) -> Option<String> {
        self.role_obstacle()
            .or_else(|| self.obstacle().filter(|_| self.row_scope() == RowScope::Ticked))
    }

    /// Asks when the server is to make this export.
    pub fn schedule(self) {
        if untrack(|| self.schedule_obstacle()).is_some() {
            return;
        }
        self.is_drawer_open.set(false);
        let zone = untrack(|| self.view.zone_in_force()).to_string();
        let delivery = self.delivery.draft.get_untracked();
        self.schedule_form
            .ask_for(self.background_request(), zone, delivery);
    }

    /// Returns the request for the file that the panel describes.
    pub fn background_request(self) -> ExportRequest {
        let (selection, options) = untrack(|| (self.selection(), self.file_options()));
        self.view
            .dataset
            .with_value(|dataset| background_request::of_dataset(&dataset.name, &selection, &options))
    }

    /// Returns about how many bytes the file has before its compression, if the rows are counted.
    pub fn estimated_bytes(self) -> Option<u64> {
        let rows = self.rows()?;
        let options = self.file_options();
        self.view.page.with(|page| estimated_bytes(page?, &options, rows))
    }

    /// Returns whether the file is compressed. A workbook always is.
    pub fn is_packed(self) -> bool {
        self.options
            .with(|options| options.compression != Compression::None || options.format == Format::Xlsx)
    }
}
