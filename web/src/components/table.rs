//! One page of the rows.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::notice::Notice;
use super::row_ticks::{TICK_WIDTH, TickCell, tick_ids};
use super::table_cell::TableCell;
use super::table_head::TableHead;
use crate::auth::Auth;
use crate::dataset;
use crate::dataset_view::DatasetView;
use crate::keys::{KeyAction, Keys};
use crate::table_columns::TableColumn;
use crate::table_page::TablePage;

/// Rows without texts that stand for the first page while it loads.
const SKELETON_ROWS: usize = 12;

#[component]
pub fn Table(view: DatasetView) -> impl IntoView {
    let has_page = Memo::new(move |_| view.page.with(|page| page.is_some()));
    let has_roles = view
        .dataset
        .with_value(|dataset| dataset.table.iter().any(|column| column.role.is_some()));
    let is_of_filter = move |field: &String| {
        view.dataset
            .with_value(|dataset| dataset::has_filter(dataset, field))
    };
    let body = move || match view.page.problem() {
        // The problem itself stands at the chip.
        Some(problem) if problem.field.as_ref().is_some_and(is_of_filter) => {
            view! { <p class="faint">"No rows, because a filter has a value that cannot be used."</p> }
                .into_any()
        }
        Some(problem) => view! { <Notice problem on_retry=move || view.page.retry()/> }.into_any(),
        None if has_page.get() => view! { <Rows view/> }.into_any(),
        None => view! { <Skeleton view/> }.into_any(),
    };
    let keys = expect_context::<Keys>();
    keys.on(KeyAction::NextRow, || focus_row_after(1));
    keys.on(KeyAction::PreviousRow, || focus_row_after(-1));
    view! {
        <section
            class="rows"
            class:cards=has_roles
            aria-label="Rows"
            tabindex="0"
            data-testid="rows"
            aria-busy=move || view.page.is_busy().to_string()
        >
            {body}
        </section>
    }
}

#[component]
fn Rows(view: DatasetView) -> impl IntoView {
    move || {
        let shown = view.shown_columns();
        view.page.with(|page| {
            let page = page?;
            Some(if page.rows.is_empty() {
                view! { <NoRows view/> }.into_any()
            } else {
                table(page, &shown, view).into_any()
            })
        })
    }
}

fn table(page: &TablePage, shown: &[String], view: DatasetView) -> impl IntoView + use<> {
    let columns = view
        .dataset
        .with_value(|dataset| TableColumn::of_rows(dataset, shown, &page.columns));
    let session = session_position(page, view);
    let ids = tick_ids(page, view);
    // The first cell opens the row, unless it links to a session.
    let opening = columns.iter().position(|column| Some(column.position) != session);
    let rows = page.rows.iter().enumerate().map(|(index, row)| {
        let cells = columns.iter().enumerate().map(|(place, column)| {
            let text = row.get(column.position).cloned().flatten();
            let opens = (opening == Some(place)).then_some(index);
            let is_session = Some(column.position) == session;
            view! { <TableCell column=column.clone() text opens is_session view/> }
        });
        let tick = ids.as_ref().and_then(|ids| ids.get(index)).map(|id| {
            let first = columns
                .first()
                .and_then(|column| row.get(column.position).cloned().flatten());
            let name = first.unwrap_or_else(|| id.clone());
            view! { <TickCell view id=id.clone() name/> }
        });
        let is_open = move || view.open_row.get() == Some(index);
        view! { <tr data-row=index.to_string() class:open=is_open>{tick} {cells.collect_view()}</tr> }
    });
    let rows = rows.collect_view();
    let open = move |event: leptos::ev::MouseEvent| {
        let clicked = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(row) = clicked.and_then(|clicked| row_of_click(&clicked)) {
            view.open_row.set(Some(row));
        }
    };
    view! {
        <Grid columns=columns.clone() has_ticks=ids.is_some()>
            <TableHead view columns ids/>
            <tbody on:click=open>{rows}</tbody>
        </Grid>
    }
}

/// Returns the position of a row, unless the visitor has clicked a link or a tick box, or selected text.
fn row_of_click(clicked: &Element) -> Option<usize> {
    let selection = window().get_selection().ok().flatten();
    let is_selecting = selection.is_some_and(|selection| !selection.is_collapsed());
    let is_link = clicked.closest("a, .tick-cell").ok().flatten().is_some();
    let row = clicked.closest("tr").ok().flatten()?;
    let row = row.get_attribute("data-row")?.parse().ok();
    row.filter(|_| !is_selecting && !is_link)
}

/// Focuses the button of the next or previous row, or of the first row if none has the focus.
fn focus_row_after(step: isize) {
    let row_of = |element: Element| -> Option<usize> {
        let row = element.closest("tr[data-row]").ok().flatten()?;
        row.get_attribute("data-row")?.parse().ok()
    };
    let focused = document().active_element().and_then(row_of);
    if let Some(row) = focused.map_or(Some(0), |row| row.checked_add_signed(step)) {
        focus_row(row);
    }
}

/// Focuses the button that opens the row. Does nothing without that row.
pub fn focus_row(row: usize) {
    let selector = format!("tr[data-row='{row}'] .row-open");
    let button = document().query_selector(&selector).ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        // Fails only if the row has been removed.
        let _ = button.focus();
    }
}

/// A table whose columns have their widths. It is wider than its frame if they do not fit.
#[component]
fn Grid(columns: Vec<TableColumn>, has_ticks: bool, children: Children) -> impl IntoView {
    let width: u32 = columns.iter().map(|column| u32::from(column.width)).sum();
    let width = width + if has_ticks { TICK_WIDTH } else { 0 };
    let ticks = has_ticks.then(|| view! { <col style:width=format!("{TICK_WIDTH}px")/> });
    let widths = columns
        .iter()
        .map(|column| view! { <col style:width=format!("{}px", column.width)/> });
    let widths = widths.collect_view();
    view! {
        <table class="grid" style:min-width=format!("{width}px")>
            <colgroup>{ticks} {widths}</colgroup>
            {children()}
        </table>
    }
}

#[component]
fn Skeleton(view: DatasetView) -> impl IntoView {
    let columns = view
        .dataset
        .with_value(|dataset| TableColumn::of_rows(dataset, &view.shown_columns(), &dataset.columns));
    let ids = view.tick_filter.with_value(Option::is_some).then(Vec::new);
    let has_ticks = ids.is_some();
    let row = || {
        let tick = has_ticks.then(|| view! { <td class="tick-cell"></td> });
        let cells = columns.iter().map(|column| {
            view! { <td class=column.class()><span class="bone"></span></td> }
        });
        view! { <tr>{tick} {cells.collect_view()}</tr> }
    };
    let rows = (0..SKELETON_ROWS).map(|_| row()).collect_view();
    view! {
        <p class="unseen" role="status">"Loading rows…"</p>
        <Grid columns=columns.clone() has_ticks>
            <TableHead view columns ids/>
            <tbody class="skeleton" aria-hidden="true">{rows}</tbody>
        </Grid>
    }
}

/// Returns the column whose cells link to the stored requests of a session, for administrators.
pub fn session_position(page: &TablePage, view: DatasetView) -> Option<usize> {
    let has_sessions = view.dataset.with_value(|dataset| dataset.name == "usage-logs");
    let is_administrator = expect_context::<Auth>().is_administrator();
    let mut columns = page.columns.iter();
    (has_sessions && is_administrator)
        .then(|| columns.position(|column| column.name == "session_id"))
        .flatten()
}

#[component]
fn NoRows(view: DatasetView) -> impl IntoView {
    let is_first = move || view.cursors.with(|cursors| cursors.is_first());
    let has_filters = move || view.filters.with(|filters| !filters.is_empty());
    let text = move || match (is_first(), has_filters()) {
        (false, _) => "No more rows.",
        (true, false) => "No rows yet.",
        (true, true) => "No rows match your filters.",
    };
    let clear = move || {
        (is_first() && has_filters()).then(|| {
            let clear = move |_| view.apply(Default::default());
            view! { <button type="button" data-testid="no-rows-clear" on:click=clear>"Clear filters"</button> }
        })
    };
    view! {
        <div class="empty">
            <p data-testid="no-rows">{text}</p>
            {clear}
        </div>
    }
}
