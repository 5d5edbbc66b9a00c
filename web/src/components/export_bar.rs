//! The buttons that start an export.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_export::Options;
use wasm_export::browser::protocol::{Destination, Start};

use crate::dataset_view::DatasetView;
use crate::download::{ExportRequest, Exporter, RowCacheEntry, can_pick, pick};
use crate::toasts::Toasts;
use crate::wording;

/// "Export" saves a download, "Save as…" writes to a picked file if the browser supports it. Both use the
/// cached rows if those are the rows on show.
#[component]
pub fn ExportBar(view: DatasetView, options: RwSignal<Options>) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let toasts = expect_context::<Toasts>();
    let start = move |destination: Destination, picked: Option<JsValue>| {
        let request = untrack(|| request(view, options.get(), destination, cached_rows(exporter, view)));
        exporter.start(request, picked);
    };
    let save_as = move |_| {
        spawn_local(async move {
            let (_, options, file_name) = untrack(|| view.export(options.get()));
            match pick(&file_name, options.media_type()).await {
                Ok(Some(picked)) => start(Destination::PickedFile, Some(picked)),
                Ok(None) => {}
                Err(reason) => toasts.error("The browser could not open a file".to_owned(), reason),
            }
        });
    };
    let save_as = can_pick().then(|| {
        view! {
            <button type="button" data-testid="export-save-as" on:click=save_as>"Save as…"</button>
        }
    });
    view! {
        {save_as}
        <button
            type="button"
            class="primary"
            data-testid="export-start"
            on:click=move |_| start(Destination::Downloads, None)
        >
            {move || format!("Export {}", options.with(|options| options.format.label()))}
        </button>
    }
}

/// Announces before the click that the export will use cached rows, and their time: the table may show newer
/// ones.
#[component]
pub fn CachedRowsNote(view: DatasetView, options: RwSignal<Options>) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let refresh = move |_| {
        let request = untrack(|| request(view, options.get(), Destination::Downloads, None));
        exporter.start(request, None);
    };
    let note = Memo::new(move |_| {
        let cached = cached_rows(exporter, view)?;
        let as_of = wording::moment(&cached.as_of, view.zone_in_force());
        let rows = wording::rows(cached.count);
        Some(format!(
            "The export uses {rows} loaded at {as_of}, without a new query."
        ))
    });
    move || {
        note.get().map(|note| {
            view! {
                <p class="cached-rows" data-testid="kept-rows">
                    <span>{note}</span>
                    <button type="button" data-testid="fetch-anew" on:click=refresh>"Refresh and export"</button>
                </p>
            }
        })
    }
}

/// Returns the cached rows if they are those on show and have all columns on show.
fn cached_rows(exporter: Exporter, view: DatasetView) -> Option<RowCacheEntry> {
    exporter.row_cache().find(&view.rows(), &view.file_columns())
}

fn request(
    view: DatasetView,
    options: Options,
    destination: Destination,
    cached: Option<RowCacheEntry>,
) -> ExportRequest {
    let (url, options, file_name) = view.export(options);
    let rows_expected = match &cached {
        Some(cached) => Some(cached.count),
        None => view.counted_rows(),
    };
    ExportRequest {
        start: Start {
            url,
            kept: cached.map(|cached| cached.rows),
            options,
            file_name,
            destination,
        },
        rows_key: view.rows(),
        rows_expected,
    }
}
