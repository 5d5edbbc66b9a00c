//! The columns of table and file: a box to show each and buttons to move it.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::column_choice::{ColumnChoice, ColumnEntry};
use crate::dataset;
use crate::dataset_view::DatasetView;

#[component]
pub fn ColumnList(view: DatasetView) -> impl IntoView {
    let reset = move |_| {
        view.dataset.with_value(|dataset| {
            let default = dataset::table_columns(dataset);
            view.columns
                .set(ColumnChoice::new(dataset::column_names(dataset), &default, None))
        });
    };
    view! {
        <p class="faint">"Shown in the table, in this order. A file has all columns until you choose some here."</p>
        <ol class="columns">
            <For
                each=move || view.columns.get().columns().to_vec()
                key=|choice| choice.name.clone()
                let:choice
            >
                <ColumnItem view choice/>
            </For>
        </ol>
        <button type="button" data-testid="all-columns" on:click=reset>
            "Reset columns"
        </button>
    }
}

#[component]
fn ColumnItem(view: DatasetView, choice: ColumnEntry) -> impl IntoView {
    let name = StoredValue::new(choice.name);
    let label = name.with_value(|name| {
        view.dataset
            .with_value(|dataset| dataset::column_label(dataset, name))
    });
    let id = name.with_value(|name| format!("column-{name}"));
    let is_at = move |place: fn(&[ColumnEntry]) -> Option<&ColumnEntry>| {
        let at = move |columns: &ColumnChoice| place(columns.columns()).map(|column| column.name.clone());
        name.with_value(|name| view.columns.with(at).as_ref() == Some(name))
            .to_string()
    };
    let is_shown = move || {
        view.columns
            .with(|columns| columns.shown().any(|shown| name.with_value(|name| name == shown)))
    };
    let is_only = move || is_shown() && view.columns.with(|columns| columns.shown().count()) == 1;
    let show = move |event| {
        let shown = event_target_checked(&event);
        name.with_value(|name| view.columns.update(|columns| columns.set_shown(name, shown)));
    };
    let move_by = move |event: MouseEvent, step: fn(&mut ColumnChoice, &str)| {
        name.with_value(|name| view.columns.update(|columns| step(columns, name)));
        keep_focus(event);
    };
    view! {
        <li>
            <input
                id=id.clone()
                type="checkbox"
                data-testid=id.clone()
                prop:checked=is_shown
                disabled=is_only
                on:change=show
            />
            <label for=id>{label.clone()}</label>
            <button
                type="button"
                class="quiet icon"
                aria-label=format!("Move {label} up")
                aria-disabled=move || is_at(<[ColumnEntry]>::first)
                on:click=move |event| move_by(event, ColumnChoice::move_up)
            >
                "↑"
            </button>
            <button
                type="button"
                class="quiet icon"
                aria-label=format!("Move {label} down")
                aria-disabled=move || is_at(<[ColumnEntry]>::last)
                on:click=move |event| move_by(event, ColumnChoice::move_down)
            >
                "↓"
            </button>
        </li>
    }
}

/// A button that moves within the page loses the focus, which keyboard users need to move on.
fn keep_focus(event: MouseEvent) {
    let button = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok());
    request_animation_frame(move || {
        if let Some(button) = button {
            let _ = button.focus();
        }
    });
}
