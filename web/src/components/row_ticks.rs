//! The tick boxes of rows, and the bar that exports the ticked ones.

use leptos::prelude::*;
use wasm_export::browser::protocol::Destination;

use crate::dataset_view::DatasetView;
use crate::export_setup::ExportSetup;
use crate::row_scope::RowScope;
use crate::table_page::TablePage;
use crate::ticks::TickedRows;
use crate::wording;
use crate::wording::export::format_name;

/// The width of the column, in pixels.
pub const TICK_WIDTH: u32 = 40;

/// Returns the values by which the rows of a page are ticked; `None` if the dataset has no tick boxes.
pub fn tick_ids(page: &TablePage, view: DatasetView) -> Option<Vec<String>> {
    let column = view
        .tick_filter
        .with_value(|filter| Some(filter.as_ref()?.column.clone()))?;
    let position = page.columns.iter().position(|one| one.name == column)?;
    let ids = page
        .rows
        .iter()
        .map(|row| row.get(position).cloned().flatten().unwrap_or_default());
    Some(ids.collect())
}

/// Ticks all rows of the page, or none if all are ticked.
#[component]
pub fn TickHead(view: DatasetView, ids: Vec<String>) -> impl IntoView {
    let ids = StoredValue::new(ids);
    let ticked = Memo::new(move |_| view.ticks.with(|ticks| ids.with_value(|ids| ticks.of(ids))));
    let change = move |event| {
        let is_ticked = event_target_checked(&event);
        view.ticks.update(|ticks| {
            ids.with_value(|ids| ids.iter().for_each(|id| ticks.set(id, is_ticked)));
        });
    };
    view! {
        <th scope="col" class="tick-cell">
            <input
                type="checkbox"
                aria-label="Select all rows of this page"
                data-testid="tick-page"
                disabled=ids.with_value(Vec::is_empty)
                prop:checked=move || ticked.get() == TickedRows::All
                prop:indeterminate=move || ticked.get() == TickedRows::Some
                on:change=change
            />
        </th>
    }
}

/// `name` says which row it is.
#[component]
pub fn TickCell(view: DatasetView, id: String, name: String) -> impl IntoView {
    let testid = format!("tick-{id}");
    let id = StoredValue::new(id);
    let is_ticked = move || view.ticks.with(|ticks| id.with_value(|id| ticks.has(id)));
    view! {
        <td class="tick-cell">
            <input
                type="checkbox"
                aria-label=format!("Select {name}")
                data-testid=testid
                prop:checked=is_ticked
                on:change=move |event| {
                    let is_ticked = event_target_checked(&event);
                    view.ticks.update(|ticks| id.with_value(|id| ticks.set(id, is_ticked)));
                }
            />
        </td>
    }
}

/// `12 selected · Export JSON · Clear`, while rows are ticked.
#[component]
pub fn TickBar(setup: ExportSetup) -> impl IntoView {
    let view = setup.view;
    let number = Memo::new(move |_| view.ticks.with(|ticks| ticks.len()));
    let obstacle = Memo::new(move |_| setup.obstacle_of(&RowScope::Ticked));
    let export = move |_| {
        setup.choose_rows(RowScope::Ticked);
        setup.export(Destination::Downloads);
    };
    let bar = move || {
        let number = number.get();
        (number > 0).then(|| {
            let text = format!("{} selected", wording::count(number as u64));
            view! {
                <div class="tick-bar">
                    <span role="status" data-testid="ticked">{text}</span>
                    <button
                        type="button"
                        class="primary"
                        data-testid="export-ticked"
                        aria-disabled=move || obstacle.get().map(|_| "true")
                        aria-describedby="ticked-obstacle"
                        on:click=export
                    >
                        {move || format!("Export {}", format_name(setup.format()))}
                    </button>
                    <button
                        type="button"
                        class="quiet"
                        data-testid="clear-ticks"
                        on:click=move |_| view.ticks.set(Default::default())
                    >
                        "Clear selection"
                    </button>
                    <span id="ticked-obstacle" class="faint">{move || obstacle.get()}</span>
                </div>
            }
        })
    };
    view! { <div class="filters-note">{bar}</div> }
}
