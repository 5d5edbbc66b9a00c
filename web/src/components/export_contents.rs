//! What the export will contain: rows, filters, columns, time zone.

use leptos::prelude::*;

use super::export_setup::{ColumnScope, ExportSetup};
use crate::dataset;
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

/// `Model: gpt-5.1; Errors only: true`, with the names of values where the page knows them.
fn filters(setup: ExportSetup) -> String {
    let view = setup.view;
    let label = |name: &str| {
        view.dataset.with_value(|dataset| {
            let filter = dataset.filters.iter().find(|filter| filter.name == name);
            filter.map_or_else(|| name.to_owned(), |filter| filter.label.clone())
        })
    };
    let value_label = |name: &str, value: &str| {
        view.options.with(|options| {
            let options = options.and_then(|options| options.get(name));
            let option = options.and_then(|known| known.options.iter().find(|option| option.value == value));
            option.map_or_else(|| value.to_owned(), |option| option.label.clone())
        })
    };
    let filters = view.filters.with(|filters| {
        let text =
            |(name, value): (&String, &String)| format!("{}: {}", label(name), value_label(name, value));
        filters.iter().map(text).collect::<Vec<_>>()
    });
    if filters.is_empty() {
        "None".to_owned()
    } else {
        filters.join("; ")
    }
}
