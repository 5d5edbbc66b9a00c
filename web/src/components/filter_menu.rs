//! The filters of a dataset. A filter with a value opens its editor; one that is on or off is switched.

use api::datasets::{Filter, FilterKind};
use leptos::prelude::*;

use super::popover::{PopoverContent, PopoverState};
use crate::dataset_view::DatasetView;
use crate::quick_range::is_time;

#[component]
pub fn FilterMenu(view: DatasetView, popover: PopoverState) -> impl IntoView {
    let filters = view.dataset.with_value(|dataset| dataset.filters.clone());
    let text = RwSignal::new(String::new());
    let items = move || {
        let text = text.with(|text| text.trim().to_lowercase());
        let found = filters
            .iter()
            .filter(|filter| filter.label.to_lowercase().contains(&text));
        let items = found.cloned().map(|filter| match filter.kind {
            FilterKind::Boolean => view! { <SwitchItem view filter popover/> }.into_any(),
            _ => view! { <EditorItem filter popover/> }.into_any(),
        });
        items.collect_view()
    };
    view! {
        <input
            type="search"
            aria-label="Search filters"
            placeholder="Search filters"
            autocomplete="off"
            data-testid="filter-search"
            bind:value=text
        />
        <ul class="menu-items">{items}</ul>
    }
}

#[component]
fn EditorItem(filter: Filter, popover: PopoverState) -> impl IntoView {
    let testid = format!("add-filter-{}", filter.name);
    let editor = match is_time(&filter) {
        true => PopoverContent::Times,
        false => PopoverContent::Value(filter.name.clone()),
    };
    let open = move |_| popover.toggle(editor.clone(), None);
    view! {
        <li><button type="button" class="quiet" data-testid=testid on:click=open>{filter.label} "…"</button></li>
    }
}

#[component]
fn SwitchItem(view: DatasetView, filter: Filter, popover: PopoverState) -> impl IntoView {
    let testid = format!("add-filter-{}", filter.name);
    let name = StoredValue::new(filter.name);
    let is_on = move || {
        name.with_value(|name| {
            view.filters
                .with(|filters| filters.get(name).is_some_and(|value| value == "true"))
        })
    };
    let switch = move |_| {
        let value = if untrack(is_on) { "" } else { "true" };
        name.with_value(|name| view.apply_one(name, value));
        popover.close();
    };
    view! {
        <li>
            <button
                type="button"
                class="quiet"
                role="switch"
                aria-checked=move || is_on().to_string()
                data-testid=testid
                on:click=switch
            >
                {filter.label}
                <span aria-hidden="true">{move || is_on().then_some(" ✓")}</span>
            </button>
        </li>
    }
}
