//! One page of the rows, as the file will hold them.

use leptos::prelude::*;
use wasm_export::rows::Kind;

use super::notice::Notice;
use crate::auth::Auth;
use crate::dataset;
use crate::dataset_view::DatasetView;
use crate::navigation::RouteLink;
use crate::route::Route;
use crate::table_page::TablePage;

#[component]
pub fn Table(view: DatasetView) -> impl IntoView {
    let has_page = Memo::new(move |_| view.page.with(|page| page.is_some()));
    let body = move || match view.page.problem() {
        Some(problem) => view! { <Notice problem on_retry=move || view.page.retry()/> }.into_any(),
        None if has_page.get() => view! { <Rows view/> }.into_any(),
        None => view! { <p class="faint" role="status">"Loading rows…"</p> }.into_any(),
    };
    view! {
        <section
            class="rows"
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
        let shown = view
            .columns
            .with(|columns| columns.shown().map(str::to_owned).collect::<Vec<_>>());
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
    let position = |name: &String| page.columns.iter().position(|column| column.name == *name);
    let positions = shown.iter().filter_map(position).collect::<Vec<_>>();
    let kinds = positions
        .iter()
        .map(|&at| page.columns[at].kind)
        .collect::<Vec<_>>();
    let head = positions.iter().zip(&kinds).map(|(&at, &kind)| {
        let label = view
            .dataset
            .with_value(|dataset| dataset::column_label(dataset, &page.columns[at].name));
        view! { <th scope="col" class=class(kind)>{label}</th> }
    });
    let head = head.collect_view();
    let session_position = session_position(page, view);
    let rows = page.rows.iter().map(|row| {
        let cells = positions.iter().zip(&kinds).map(|(&at, &kind)| {
            let text = row.get(at).cloned().flatten().unwrap_or_default();
            // CSS cuts long texts; the title shows the whole text.
            let title = (kind == Kind::Text && text.chars().count() > CUT_CHARS).then(|| text.clone());
            let content = if Some(at) == session_position && !text.is_empty() {
                view! { <SessionLink session=text/> }.into_any()
            } else {
                text.into_any()
            };
            view! { <td class=class(kind) title=title>{content}</td> }
        });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    let rows = rows.collect_view();
    view! {
        <table>
            <thead><tr>{head}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Returns the column whose cells link to the stored requests of a session, for administrators.
fn session_position(page: &TablePage, view: DatasetView) -> Option<usize> {
    let has_sessions = view.dataset.with_value(|dataset| dataset.name == "usage-logs");
    let is_administrator = expect_context::<Auth>().is_administrator();
    let mut columns = page.columns.iter();
    (has_sessions && is_administrator)
        .then(|| columns.position(|column| column.name == "session_id"))
        .flatten()
}

#[component]
fn SessionLink(session: String) -> impl IntoView {
    let to = Route::SessionRequests {
        session: Some(session.clone()),
    };
    view! { <RouteLink to testid="session-link">{session}</RouteLink> }
}

/// About the number of characters that fit into a cell.
const CUT_CHARS: usize = 24;

fn class(kind: Kind) -> &'static str {
    match kind {
        kind if kind.is_number() => "number",
        Kind::Timestamp | Kind::LocalTimestamp | Kind::Date | Kind::Time => "time",
        _ => "text",
    }
}

#[component]
fn NoRows(view: DatasetView) -> impl IntoView {
    let is_first = move || view.cursors.with(|cursors| cursors.pages_before() == 0);
    move || {
        let text = match (is_first(), view.filters.with(|filters| filters.is_empty())) {
            (false, _) => "No more rows.",
            (true, true) => "No rows yet.",
            (true, false) => "No rows match your filters.",
        };
        view! { <p class="empty" data-testid="no-rows">{text}</p> }
    }
}
