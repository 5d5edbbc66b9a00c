//! The buttons between the pages of a list, if there are several.

use api::exports::ExportListMeta;
use leptos::prelude::*;

use crate::wording;

#[component]
pub fn ListPages(
    /// The name in test ids: `exports`.
    list: &'static str,
    /// The plural of an item, such as `Exports`.
    noun: &'static str,
    meta: Signal<Option<ExportListMeta>>,
    /// The number of items on the page.
    shown: Signal<usize>,
    /// Gets whether the next page is wanted, and not the one before.
    on_turn: impl Fn(bool) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let has_before = Memo::new(move |_| meta.get().is_some_and(|meta| meta.offset > 0));
    let has_more = Memo::new(move |_| meta.get().is_some_and(|meta| meta.has_more));
    let place = move || meta.get().map(|meta| place(noun, &meta, shown.get() as u64));
    move || {
        (has_before.get() || has_more.get()).then(|| {
            view! {
                <div class="pager">
                    <span class="place" role="status" data-testid=format!("{list}-place")>{place}</span>
                    <nav class="pages" aria-label="Pages">
                        <button type="button" data-testid=format!("{list}-previous") disabled=move || !has_before.get()
                            on:click=move |_| on_turn(false)>"‹ Previous"</button>
                        <button type="button" data-testid=format!("{list}-next") disabled=move || !has_more.get()
                            on:click=move |_| on_turn(true)>"Next ›"</button>
                    </nav>
                </div>
            }
        })
    }
}

/// `Exports 26–50 of 312`
fn place(noun: &str, meta: &ExportListMeta, shown: u64) -> String {
    let more = if meta.total_is_at_least { "more than " } else { "" };
    let (first, last) = (
        wording::count(meta.offset + 1),
        wording::count(meta.offset + shown),
    );
    format!("{noun} {first}–{last} of {more}{}", wording::count(meta.total))
}
