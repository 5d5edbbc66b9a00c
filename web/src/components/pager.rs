//! The bar below the table: reload, zone, place, rows of a page, and the buttons between pages.

use leptos::prelude::*;

use super::zone_select::ZoneSelect;
use crate::browser;
use crate::dataset_view::DatasetView;
use crate::download::Exporter;
use crate::keys::{KeyAction, Keys};
use crate::selection::PAGE_SIZES;
use crate::wording;

#[component]
pub fn Pager(view: DatasetView) -> impl IntoView {
    // The way back is known while a page loads. The way forward is in the rows that come.
    let no_first = Signal::derive(move || view.cursors.with(|cursors| cursors.is_first()));
    let no_previous = Signal::derive(move || !view.cursors.with(|cursors| cursors.has_previous()));
    let no_next = Signal::derive(move || !has_next_page(view));
    let keys = expect_context::<Keys>();
    let unless = |is_off: Signal<bool>, go: fn(DatasetView)| {
        move || {
            if !is_off.get_untracked() {
                go(view);
            }
        }
    };
    keys.on(
        KeyAction::PreviousPage,
        unless(no_previous, DatasetView::to_previous_page),
    );
    keys.on(KeyAction::NextPage, unless(no_next, DatasetView::to_next_page));
    view! {
        <div class="pager">
            <Reload view/>
            <ZoneSelect zone=view.zone on_choose=move |zone| view.set_zone(zone)/>
            <span class="place" data-testid="page-place" role="status">{move || place(view)}</span>
            <PageRows view/>
            <nav class="pages" aria-label="Pages">
                <PageButton testid="first-page" name="First page" is_off=no_first go=move || view.to_first_page()>
                    "«"
                </PageButton>
                <PageButton testid="previous-page" name="Previous page" is_off=no_previous go=move || view.to_previous_page()>
                    "‹ Previous"
                </PageButton>
                <PageButton testid="next-page" name="Next page" is_off=no_next go=move || view.to_next_page()>
                    "Next ›"
                </PageButton>
            </nav>
        </div>
    }
}

#[component]
fn PageButton(
    testid: &'static str,
    name: &'static str,
    is_off: Signal<bool>,
    go: impl Fn() + 'static,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="button"
            aria-label=name
            title=name
            data-testid=testid
            disabled=move || is_off.get()
            on:click=move |_| go()
        >
            {children()}
        </button>
    }
}

fn shown_rows(view: DatasetView) -> u64 {
    view.page
        .with(|page| page.map_or(0, |page| page.rows.len() as u64))
}

fn has_next_page(view: DatasetView) -> bool {
    let end = view.cursors.with(|cursors| cursors.rows_before()) + shown_rows(view);
    let is_settled = !view.page.is_busy() && view.page.problem().is_none();
    let is_full = shown_rows(view) == view.page_rows.get() as u64;
    is_settled && is_full && view.counted_rows().is_none_or(|count| end < count)
}

fn place(view: DatasetView) -> Option<String> {
    let (before, rows) = (
        view.cursors.with(|cursors| cursors.rows_before()),
        shown_rows(view),
    );
    (rows > 0 && view.page.problem().is_none()).then(|| {
        let of = view.counted_rows();
        let of = of.map(|count| format!(" of {}", wording::count(count)));
        let (first, last) = (wording::count(before + 1), wording::count(before + rows));
        format!("Rows {first}–{last}{}", of.unwrap_or_default())
    })
}

/// Requests the rows again, and shows when those on the page came.
#[component]
fn Reload(view: DatasetView) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let loaded_at = RwSignal::new(None::<String>);
    Effect::new(move || {
        if !view.page.is_busy() && view.page.problem().is_none() && view.page.with(|page| page.is_some()) {
            loaded_at.set(Some(browser::now()));
        }
    });
    let time = move || {
        let time = wording::moment(&loaded_at.get()?, view.zone_in_force());
        time.get("2026-01-28 ".len().."2026-01-28 12:00".len())
            .map(str::to_owned)
    };
    let reload = move || {
        exporter.discard_cached_rows();
        view.refresh();
    };
    expect_context::<Keys>().on(KeyAction::Refresh, reload);
    view! {
        <button type="button" class="quiet reload" title="Load the rows again" data-testid="reload" on:click=move |_| reload()>
            <span aria-hidden="true">"⟳ "</span>
            <span class="unseen">"Reload. Loaded at "</span>
            {time}
        </button>
    }
}

#[component]
fn PageRows(view: DatasetView) -> impl IntoView {
    let choose = move |event| {
        if let Ok(rows) = event_target_value(&event).parse() {
            view.set_page_rows(rows);
        }
    };
    let options = PAGE_SIZES.iter().map(|rows| {
        let rows = *rows;
        view! {
            <option value=rows.to_string() prop:selected=move || view.page_rows.get() == rows>{rows.to_string()}</option>
        }
    });
    view! {
        <select class="page-rows" aria-label="Rows of a page" data-testid="page-rows" on:change=choose>
            {options.collect_view()}
        </select>
    }
}
