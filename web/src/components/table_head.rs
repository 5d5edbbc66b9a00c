//! The head of the table, with the box that ticks all rows of the page. The first column of the order turns the order round.

use leptos::prelude::*;
use wasm_export::rows::Kind;

use super::row_ticks::TickHead;
use crate::browser;
use crate::dataset_view::DatasetView;
use crate::table_columns::TableColumn;
use crate::wording::cells;

#[component]
pub fn TableHead(
    view: DatasetView,
    columns: Vec<TableColumn>,
    /// The values by which the rows are ticked. `None`: rows have no tick boxes.
    ids: Option<Vec<String>>,
) -> impl IntoView {
    let ticks = ids.map(|ids| view! { <TickHead view ids/> });
    let order = view.dataset.with_value(|dataset| dataset.order.first().cloned());
    let heads = columns.into_iter().map(|column| {
        let class = column.class();
        let title = column.label.clone();
        let zone = (column.kind == Kind::Timestamp).then_some(move || {
            let zone = cells::zone(&view.zone_in_force(), browser::now_seconds());
            view! { <span class="zone-of-head">", " {zone}</span> }
        });
        if order.as_ref() != Some(&column.name) {
            return view! { <th scope="col" class=class title=title>{column.label} {zone}</th> }.into_any();
        }
        let is_descending = move || view.dataset.with_value(|dataset| dataset.descending) != view.reversed.get();
        let aria = move || if is_descending() { "descending" } else { "ascending" };
        let is_time = matches!(column.kind, Kind::Timestamp | Kind::LocalTimestamp | Kind::Date);
        let hint = move || match (is_time, is_descending()) {
            (true, true) => "Newest first. Show the oldest first.",
            (true, false) => "Oldest first. Show the newest first.",
            (false, true) => "Greatest first. Show the least first.",
            (false, false) => "Least first. Show the greatest first.",
        };
        view! {
            <th scope="col" class=class aria-sort=aria>
                <button type="button" class="sort" title=hint data-testid="sort" on:click=move |_| view.reverse()>
                    {column.label}
                    {zone}
                    <span aria-hidden="true">{move || if is_descending() { " ↓" } else { " ↑" }}</span>
                </button>
            </th>
        }
        .into_any()
    });
    view! { <thead><tr>{ticks} {heads.collect_view()}</tr></thead> }
}
