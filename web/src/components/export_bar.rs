//! The buttons that begin an export.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_export::Options;
use wasm_export::browser::protocol::{Destination, Start};

use super::toasts::Toasts;
use crate::dataset::format_name;
use crate::dataset_view::DatasetView;
use crate::download::{Exporter, Order, can_pick, pick};

/// "Export" into the downloads; "Save as…" where the browser lets the visitor pick a place.
#[component]
pub fn ExportBar(view: DatasetView, options: RwSignal<Options>) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let toasts = expect_context::<Toasts>();
    let is_busy = move || exporter.is_under_way();
    let start = move |destination: Destination, picked: Option<JsValue>| {
        let (url, options, file_name) = untrack(|| view.export(options.get()));
        let start = Start {
            url,
            options,
            file_name,
            destination,
        };
        exporter.start(
            Order {
                start,
                rows_expected: untrack(|| view.counted_rows()),
            },
            picked,
        );
    };
    let save_as = move |_| {
        spawn_local(async move {
            let (_, options, file_name) = untrack(|| view.export(options.get()));
            match pick(&file_name, options.media_type()).await {
                Ok(Some(picked)) => start(Destination::PickedFile, Some(picked)),
                Ok(None) => {}
                Err(reason) => toasts.error("No file could be chosen".to_owned(), reason),
            }
        });
    };
    let save_as = can_pick().then(|| {
        view! {
            <button type="button" data-testid="export-save-as" disabled=is_busy on:click=save_as>"Save as…"</button>
        }
    });
    view! {
        {save_as}
        <button
            type="button"
            class="primary"
            data-testid="export-start"
            disabled=is_busy
            on:click=move |_| start(Destination::Downloads, None)
        >
            {move || format!("Export {}", format_name(options.with(|options| options.format)))}
        </button>
    }
}
