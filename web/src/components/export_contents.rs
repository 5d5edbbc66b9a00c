//! What the export will contain: rows, filters, columns, time zone.

use leptos::prelude::*;

use crate::dataset;
use crate::export_setup::{ColumnScope, ExportSetup};
use crate::filter_chip::chips;
use crate::wording;

#[component]
pub fn ExportContents(setup: ExportSetup) -> impl IntoView {
    let columns = move || match setup.scope() {
        ColumnScope::All => setup.scope_name(ColumnScope::All),
        ColumnScope::Shown => {
            let labels = setup.columns();
            let labels = setup.view.dataset.with_value(|dataset| {
                let label = |name: &String| dataset::column_label(dataset, name);
                labels.iter().map(label).collect::<Vec<_>>()
            });
            labels.join(", ")
        }
    };
    view! {
        <dl class="contents" data-testid="export-contents">
            <dt>"Rows"</dt>
            <dd>{move || wording::export::expected_rows(setup.rows())}</dd>
            <dt>"Filters"</dt>
            <dd>{move || filters(setup)}</dd>
            <dt>"Columns"</dt>
            <dd>{columns}</dd>
            <dt>"Time zone"</dt>
            <dd>{move || setup.view.zone_in_force().to_string()}</dd>
        </dl>
    }
}

/// `Model: gpt-5.1; Errors only`, as the chips above the table say it.
fn filters(setup: ExportSetup) -> String {
    let view = setup.view;
    let filters = setup.rows_selection().filters;
    let chips = view
        .dataset
        .with_value(|dataset| view.value_names.with(|names| chips(dataset, &filters, names)));
    match chips.is_empty() {
        true => "None".to_owned(),
        false => chips
            .into_iter()
            .map(|chip| chip.text)
            .collect::<Vec<_>>()
            .join("; "),
    }
}
