//! A cell of the table: a shortened text, whose title is the exact one.

use api::datasets::ColumnRole;
use leptos::prelude::*;

use super::tone_icon::ToneIcon;
use crate::dataset_view::DatasetView;
use crate::navigation::RouteLink;
use crate::route::Route;
use crate::table_columns::TableColumn;

/// About the number of characters that fit into 100 pixels.
const CHARS_PER_100_PX: usize = 14;

/// `opens` is the position of the row whose details the cell opens.
#[component]
pub fn TableCell(
    column: TableColumn,
    text: Option<String>,
    opens: Option<usize>,
    is_session: bool,
    view: DatasetView,
) -> impl IntoView {
    let shown = column.text(text.as_deref());
    let is_cut = shown.chars().count() * 100 > usize::from(column.width) * CHARS_PER_100_PX;
    let is_shortened = text.as_ref().is_some_and(|text| *text != shown);
    let title = text.clone().filter(|_| is_cut || is_shortened);
    let icon = column
        .tone(text.as_deref())
        .map(|tone| view! { <ToneIcon tone/> " " });
    let unit = (column.role == Some(ColumnRole::Usd) && text.is_some())
        .then(|| view! { <span class="unit" aria-hidden="true">"$"</span> });
    // Only a narrow screen shows it: there the table has no head, and a mere number or text does not explain itself.
    let label = matches!(column.role, None | Some(ColumnRole::Number)).then(|| column.label.clone());
    let content = match (opens, text) {
        (Some(index), _) => {
            let open = move |event: leptos::ev::MouseEvent| {
                event.stop_propagation();
                view.open_row.set(Some(index));
            };
            view! {
                <button type="button" class="row-open" data-testid="row-open" on:click=open>{icon} {unit} {shown}</button>
            }
            .into_any()
        }
        (None, Some(session)) if is_session => view! { <SessionLink session/> }.into_any(),
        _ => view! { {icon} {unit} {shown} }.into_any(),
    };
    view! { <td class=column.class() title=title data-label=label>{content}</td> }
}

/// A link to the stored requests of a session.
#[component]
pub fn SessionLink(session: String) -> impl IntoView {
    let to = Route::session(Some(session.clone()));
    view! { <RouteLink to testid="session-link">{session}</RouteLink> }
}
