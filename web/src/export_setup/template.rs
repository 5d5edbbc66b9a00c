//! Templates of exports in the panel.

use api::export_templates::ExportTemplate;
use leptos::prelude::*;
use wasm_export::Options;

use super::{ColumnScope, ExportSetup};
use crate::selection::Selection;
use crate::template_choice;

impl ExportSetup {
    /// Takes over what the page has of a template: the format and the options of the file, the filters, the columns, order and zone.
    pub fn apply_template(self, template: &ExportTemplate) {
        let Some(options) = template_choice::options(template) else {
            let title = format!("The template {} cannot be used here", template.name);
            let detail = "It has an option that this page does not have.";
            return self.toasts.error(title, detail.to_owned());
        };
        let parameters = &template.parameters;
        self.options.set(Options {
            zone: self.options.with_untracked(|options| options.zone.clone()),
            columns: None,
            ..options
        });
        self.choose_scope(match parameters.columns {
            Some(_) => ColumnScope::Shown,
            None => ColumnScope::All,
        });
        let selection = untrack(|| self.view.selection());
        self.view.show(Selection {
            filters: template_choice::filters(template),
            columns: parameters.columns.clone().or(selection.columns),
            reversed: parameters.sort.as_deref() == Some("reversed"),
            zone: parameters.zone.clone(),
            start: None,
            ..selection
        });
    }
}
