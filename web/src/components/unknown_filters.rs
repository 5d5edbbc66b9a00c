//! The line that names filters of the link that do not apply.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::dataset_view::DatasetView;
use crate::wording::filters::unknown;

/// The address has lost these filters, so nothing but this line names them.
#[component]
pub fn UnknownFilters(view: DatasetView) -> impl IntoView {
    let sentence = move || view.unknown_filters.with(unknown);
    let line = move || {
        let remove = move |_| view.unknown_filters.set(BTreeMap::new());
        Some(view! {
            <p class="unknown-filters" data-testid="unknown-filters">
                <span>{sentence()?}</span>
                <button type="button" class="link" data-testid="remove-unknown-filters" on:click=remove>"Remove"</button>
            </p>
        })
    };
    // The region exists before its text, because screen readers announce only changes of regions that they know.
    view! { <div class="filters-note" role="status">{line}</div> }
}
