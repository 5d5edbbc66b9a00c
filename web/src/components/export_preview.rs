//! Rows as the file will have them, and warnings, before the export.

use leptos::prelude::*;
use wasm_export::grid::Grid;
use wasm_export::rows::Kind;

use crate::export_setup::ExportSetup;
use crate::preview::{Sample, preview};

/// Formats the rows on show. Sends no request.
#[component]
pub fn ExportPreview(setup: ExportSetup) -> impl IntoView {
    move || {
        let options = setup.file_options();
        let shown = setup
            .view
            .page
            .with(|page| page.map(|page| preview(page, &options, setup.rows())));
        let shown = shown.unwrap_or_default();
        let warnings = shown
            .warnings
            .into_iter()
            .map(|warning| view! { <li>{warning}</li> });
        let sample = shown.sample.map(|sample| {
            view! {
                <h3>"Preview"</h3>
                <p class="faint">"The rows of this page, as the file has them."</p>
                {sample_view(sample)}
            }
        });
        view! {
            <ul class="warnings" data-testid="export-warnings">{warnings.collect_view()}</ul>
            {sample}
        }
    }
}

/// It scrolls, so the keyboard must reach it.
fn sample_view(sample: Sample) -> impl IntoView {
    match sample {
        Sample::Lines(text) => view! {
            <pre class="preview" tabindex="0" role="region" aria-label="Preview" data-testid="export-preview">{text}</pre>
        }
        .into_any(),
        Sample::Grid(grid) => view! {
            <div class="preview cells" tabindex="0" role="region" aria-label="Preview" data-testid="export-preview">
                {grid_view(grid)}
            </div>
        }
        .into_any(),
    }
}

fn grid_view(grid: Grid) -> impl IntoView {
    let Grid {
        headings,
        kinds,
        rows,
    } = grid;
    let class = |kind: &Kind| if kind.is_number() { "number" } else { "text" };
    let head = headings.map(|headings| {
        let cells = headings.into_iter().zip(&kinds);
        let cells = cells.map(|(heading, kind)| view! { <th scope="col" class=class(kind)>{heading}</th> });
        view! { <thead><tr>{cells.collect_view()}</tr></thead> }
    });
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter().zip(&kinds);
        let cells = cells.map(|(cell, kind)| view! { <td class=class(kind)>{cell}</td> });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    view! { <table>{head}<tbody>{rows.collect_view()}</tbody></table> }
}
