//! All fields of one row, unabridged, beside the table.

use leptos::ev::KeyboardEvent;
use leptos::html::Aside;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::table::{focus_row, session_position};
use super::table_cell::SessionLink;
use crate::clipboard;
use crate::export_setup::ExportSetup;
use crate::wording::cells::NO_VALUE;

#[component]
pub fn RowDetails(setup: ExportSetup) -> impl IntoView {
    let view = setup.view;
    let is_open = Memo::new(move |_| view.open_row.get().is_some());
    move || is_open.get().then(|| view! { <Drawer setup/> })
}

#[component]
fn Drawer(setup: ExportSetup) -> impl IntoView {
    let view = setup.view;
    let drawer = NodeRef::<Aside>::new();
    drawer.on_load(|drawer| {
        request_animation_frame(move || drop(drawer.focus()));
    });
    let rows = move || view.page.with(|page| page.map_or(0, |page| page.rows.len()));
    let move_by = move |step: isize| {
        let to = view
            .open_row
            .get_untracked()
            .and_then(|row| row.checked_add_signed(step));
        if let Some(to) = to.filter(|to| *to < untrack(rows)) {
            view.open_row.set(Some(to));
        }
    };
    let close = move || {
        let row = view.open_row.get_untracked();
        view.open_row.set(None);
        if let Some(row) = row {
            request_animation_frame(move || focus_row(row));
        }
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" => close(),
        "ArrowUp" => {
            event.prevent_default();
            move_by(-1);
        }
        "ArrowDown" => {
            event.prevent_default();
            move_by(1);
        }
        _ => {}
    };
    let title = move || {
        let before = view.cursors.with(|cursors| cursors.rows_before());
        let row = view.open_row.get().unwrap_or_default() as u64;
        format!("Row {}", crate::wording::count(before + row + 1))
    };
    let is_first = move || view.open_row.get() == Some(0);
    let is_last = move || view.open_row.get().is_none_or(|row| row + 1 >= rows());
    view! {
        <aside
            class="drawer"
            role="dialog"
            aria-label=title
            tabindex="-1"
            data-testid="row-details"
            node_ref=drawer
            on:keydown=on_key
        >
            <div class="drawer-head">
                <h2>{title}</h2>
                <button
                    type="button"
                    class="quiet icon"
                    aria-label="Previous row"
                    title="Previous row (↑)"
                    aria-disabled=move || is_first().to_string()
                    data-testid="row-previous"
                    on:click=move |_| move_by(-1)
                >
                    "↑"
                </button>
                <button
                    type="button"
                    class="quiet icon"
                    aria-label="Next row"
                    title="Next row (↓)"
                    aria-disabled=move || is_last().to_string()
                    data-testid="row-next"
                    on:click=move |_| move_by(1)
                >
                    "↓"
                </button>
                <button
                    type="button"
                    class="quiet icon"
                    aria-label="Close"
                    title="Close (Esc)"
                    data-testid="row-close"
                    on:click=move |_| close()
                >
                    "×"
                </button>
            </div>
            <Fields setup/>
        </aside>
    }
}

/// Values as the file has them: the table shortens times.
#[component]
fn Fields(setup: ExportSetup) -> impl IntoView {
    let view = setup.view;
    let fields = move || {
        let row = view.open_row.get()?;
        let options = setup.file_options();
        view.page.with(|page| {
            let page = page?;
            let session = session_position(page, view);
            let cells = page.file_cells(row, &options)?;
            let cells = cells.into_iter().zip(&page.columns).enumerate();
            let fields = cells.map(|(at, (text, column))| {
                let label = column.label.clone();
                view! { <Field label text is_session=session == Some(at)/> }
            });
            Some(fields.collect_view())
        })
    };
    view! { <dl class="row-fields">{fields}</dl> }
}

#[component]
fn Field(label: String, text: Option<String>, is_session: bool) -> impl IntoView {
    let copy = text.clone().filter(|_| window().is_secure_context());
    let copy = copy.map(|text| view! { <CopyButton label=label.clone() text/> });
    let value = match text {
        Some(session) if is_session && !session.is_empty() => view! { <SessionLink session/> }.into_any(),
        Some(text) => text.into_any(),
        None => view! { <span class="faint">{NO_VALUE}</span> }.into_any(),
    };
    view! {
        <div>
            <dt>{label}</dt>
            <dd>{value}</dd>
            {copy}
        </div>
    }
}

#[component]
fn CopyButton(label: String, text: String) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            let written = clipboard::copy(&text).await;
            // `try_set`, because the visitor may have closed the row and with it this signal.
            is_copied.try_set(written);
        });
    };
    view! {
        <button type="button" class="quiet copy" aria-label=format!("Copy {label}") on:click=copy>
            {move || if is_copied.get() { "Copied" } else { "Copy" }}
        </button>
    }
}
