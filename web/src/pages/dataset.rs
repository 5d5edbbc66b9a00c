//! A dataset: its filters, its rows, their export.

use api::datasets::Dataset;
use leptos::html::Button;
use leptos::prelude::*;
use wasm_export::rows::Problem;

use crate::components::cached_rows_note::CachedRowsNote;
use crate::components::columns::ColumnList;
use crate::components::export_bar::ExportBar;
use crate::components::export_drawer::ExportDrawer;
use crate::components::figure_strip::FigureStrip;
use crate::components::filters::Filters;
use crate::components::pager::Pager;
use crate::components::row_details::RowDetails;
use crate::components::row_ticks::TickBar;
use crate::components::table::Table;
use crate::components::unknown_filters::UnknownFilters;
use crate::components::workspace_refused::WorkspaceRefused;
use crate::dataset_view::DatasetView;
use crate::download::Exporter;
use crate::export_setup::ExportSetup;
use crate::keys::{KeyAction, Keys};
use crate::navigation::Navigation;
use crate::route::Route;
use crate::selection::Selection;
use crate::wording;
use crate::workspaces::Workspaces;

#[component]
pub fn DatasetPage(dataset: Dataset, selection: Selection) -> impl IntoView {
    let view = DatasetView::new(dataset, selection);
    let setup = ExportSetup::new(view);
    let has_columns = RwSignal::new(false);
    follow_address(view);
    let refusal = Memo::new(move |_| view.refusal());
    follow_membership(view, refusal);

    move || match refusal.get() {
        None => view! { <Content setup has_columns/> }.into_any(),
        Some(problem) => view! {
            <div class="heading"><Title view/></div>
            <WorkspaceRefused problem route=untrack(|| view.route()) on_retry=move || view.refresh()/>
        }
        .into_any(),
    }
}

/// Remembers a workspace that the visitor may see. Drops all that is kept of one that they may not see any more.
fn follow_membership(view: DatasetView, refusal: Memo<Option<Problem>>) {
    let Some(workspace) = view.workspace.get_value() else {
        return;
    };
    let workspaces = expect_context::<Workspaces>();
    let exporter = expect_context::<Exporter>();
    Effect::new(move || {
        if workspaces.find(&workspace).is_some() {
            workspaces.remember(&workspace);
        }
    });
    Effect::new(move || {
        if refusal.with(Option::is_some) {
            exporter.discard_cached_rows();
            workspaces.list.retry();
        }
    });
}

/// The title of the dataset, with the name of the workspace.
#[component]
fn Title(view: DatasetView) -> impl IntoView {
    let workspaces = expect_context::<Workspaces>();
    let title = view.dataset.with_value(|dataset| dataset.title.clone());
    let workspace = move || Some(workspaces.find(&view.workspace.get_value()?)?.0);
    let workspace = move || {
        workspace().map(|name| view! { <span class="of-workspace" data-testid="of-workspace">{name}</span> })
    };
    view! { <h1>{title}</h1> {workspace} }
}

#[component]
fn Content(setup: ExportSetup, has_columns: RwSignal<bool>) -> impl IntoView {
    let view = setup.view;
    view! {
        <div class="heading">
            <Title view/>
            <RowCount view/>
            <div class="actions">
                <ColumnsButton view is_open=has_columns/>
                <ExportBar setup/>
            </div>
        </div>
        <CachedRowsNote setup/>
        <ExportDrawer setup/>
        <section id="columns-panel" class="card" aria-label="Columns" hidden=move || !has_columns.get()>
            <ColumnList view/>
        </section>
        <Filters view/>
        <UnknownFilters view/>
        <FigureStrip view/>
        <TickBar setup/>
        <Table view/>
        <Pager view/>
        <RowDetails setup/>
    }
}

/// Returns the numbers of shown and of all columns: `9/18`.
fn column_count(view: DatasetView) -> String {
    view.columns
        .with(|columns| format!("{}/{}", columns.shown().count(), columns.columns().len()))
}

#[component]
fn RowCount(view: DatasetView) -> impl IntoView {
    let text = move || match (view.counted_rows(), view.count.is_busy()) {
        (Some(rows), _) => wording::rows(rows),
        (None, true) => "counting…".to_owned(),
        (None, false) => String::new(),
    };
    view! { <span class="row-count" data-testid="row-count" role="status">{text}</span> }
}

/// Shows and hides the list of columns.
#[component]
fn ColumnsButton(view: DatasetView, is_open: RwSignal<bool>) -> impl IntoView {
    let button = NodeRef::<Button>::new();
    let toggle = move || is_open.update(|is_open| *is_open = !*is_open);
    expect_context::<Keys>().on(KeyAction::Columns, move || {
        toggle();
        if let Some(button) = button.get_untracked() {
            // The list is the next Tab stop. Fails only if the button has been removed.
            let _ = button.focus();
        }
    });
    view! {
        <button
            type="button"
            class="fold"
            aria-expanded=move || is_open.get().to_string()
            aria-controls="columns-panel"
            data-testid="columns-toggle"
            node_ref=button
            on:click=move |_| toggle()
        >
            "Columns " {move || column_count(view)}
        </button>
    }
}

/// Keeps the URL up to date, so that a reload or a shared link shows the same rows. Other filters, another order or another
/// page add a history entry; columns, zone and page size do not. *Back* and links change the view in turn.
fn follow_address(view: DatasetView) {
    let navigation = expect_context::<Navigation>();
    Effect::new(move |is_known: Option<()>| {
        let now = view.route();
        let is_step = navigation.with_untracked(|before| is_step(before, &now));
        if is_step && is_known.is_some() {
            navigation.push(now);
        } else {
            navigation.replace(now);
        }
    });
    let name = view.dataset.with_value(|dataset| dataset.name.clone());
    Effect::new(move |is_known: Option<()>| {
        let Route::Dataset { name: of, selection } = navigation.route() else {
            return;
        };
        let is_here = of.is_none_or(|of| of == name);
        let selection = view.dataset.with_value(|dataset| selection.for_dataset(dataset));
        // Another workspace has a page of its own, which takes the place of this one.
        let is_here = is_here && selection.workspace == view.workspace.get_value();
        // The view has been made from the first route.
        if is_known.is_some() && is_here && selection != untrack(|| view.selection()) {
            view.show(selection);
        }
    });
}

fn is_step(before: &Route, now: &Route) -> bool {
    match (before, now) {
        (
            Route::Dataset {
                selection: before, ..
            },
            Route::Dataset { selection: now, .. },
        ) => before.filters != now.filters || before.reversed != now.reversed || before.start != now.start,
        _ => false,
    }
}
