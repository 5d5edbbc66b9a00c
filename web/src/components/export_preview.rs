//! The first lines of the file and warnings, before the export.

use leptos::prelude::*;
use wasm_export::Options;

use crate::dataset_view::DatasetView;
use crate::preview::preview;

/// Formats the rows on show, only while the panel is open. Sends no request.
#[component]
pub fn ExportPreview(view: DatasetView, options: RwSignal<Options>, is_shown: Signal<bool>) -> impl IntoView {
    move || {
        is_shown.get().then(|| {
            let (_, options, _) = view.export(options.get());
            let shown = view.page.with(|page| {
                page.map(|page| preview(page, &options, view.counted_rows()))
            });
            let shown = shown.unwrap_or_default();
            let warnings = shown.warnings.into_iter().map(|warning| view! { <li>{warning}</li> });
            let text = shown.text.map(|text| {
                view! { <pre class="preview" tabindex="0" data-testid="export-preview" aria-label="First lines of the file">{text}</pre> }
            });
            view! {
                <ul class="warnings" data-testid="export-warnings">{warnings.collect_view()}</ul>
                {text}
            }
        })
    }
}
