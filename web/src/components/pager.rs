//! The links between the pages of a table.

use leptos::prelude::*;

use crate::dataset_view::{DatasetView, PAGE_ROWS};
use crate::wording;

#[component]
pub fn Pager(view: DatasetView) -> impl IntoView {
    let rows = move || view.page.with(|page| page.map_or(0, |page| page.rows.len()));
    let before = move || view.cursors.with(|cursors| cursors.pages_before()) * PAGE_ROWS;
    let has_more = move || {
        let end = (before() + rows()) as u64;
        rows() == PAGE_ROWS && view.counted_rows().is_none_or(|count| end < count)
    };
    let is_settled = move || !view.page.is_busy() && view.page.problem().is_none();
    let next = move |_| {
        if let Some(cursor) = view.page.with(|page| page.and_then(|page| page.next.clone())) {
            view.cursors.update(|cursors| cursors.next(cursor));
        }
    };
    let previous = move |_| view.cursors.update(|cursors| cursors.previous());
    let place = move || {
        (rows() > 0 && view.page.problem().is_none()).then(|| {
            let (first, last) = ((before() + 1) as u64, (before() + rows()) as u64);
            let of = view
                .counted_rows()
                .map(|count| format!(" of {}", wording::count(count)))
                .unwrap_or_default();
            format!("Rows {}–{}{of}", wording::count(first), wording::count(last))
        })
    };
    view! {
        <nav class="pager" aria-label="Pages">
            <button
                type="button"
                data-testid="previous-page"
                disabled=move || before() == 0 || view.page.is_busy()
                on:click=previous
            >
                "Previous"
            </button>
            <span data-testid="page-place" role="status">{place}</span>
            <button
                type="button"
                data-testid="next-page"
                disabled=move || !is_settled() || !has_more()
                on:click=next
            >
                "Next"
            </button>
        </nav>
    }
}
