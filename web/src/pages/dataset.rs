//! A dataset: its filters, its rows, their export.

use api::datasets::Dataset;
use leptos::prelude::*;

use crate::components::cached_rows_note::CachedRowsNote;
use crate::components::columns::ColumnList;
use crate::components::export_bar::ExportBar;
use crate::components::export_drawer::ExportDrawer;
use crate::components::export_setup::ExportSetup;
use crate::components::figure_strip::FigureStrip;
use crate::components::filters::Filters;
use crate::components::pager::Pager;
use crate::components::row_details::RowDetails;
use crate::components::table::Table;
use crate::dataset_view::DatasetView;
use crate::navigation::Navigation;
use crate::route::Route;
use crate::selection::Selection;
use crate::wording;

/// The panels under the heading; one is open at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panel {
    Columns,
}

#[component]
pub fn DatasetPage(dataset: Dataset, selection: Selection) -> impl IntoView {
    let title = dataset.title.clone();
    let view = DatasetView::new(dataset, selection);
    let panel = RwSignal::new(None::<Panel>);
    let setup = ExportSetup::new(view);
    let is_folded = move |of| move || panel.get() != Some(of);
    follow_address(view);

    view! {
        <div class="heading">
            <h1>{title}</h1>
            <RowCount view/>
            <div class="actions">
                <PanelButton panel of=Panel::Columns controls="columns-panel" testid="columns-toggle">
                    "Columns " {move || column_count(view)}
                </PanelButton>
                <ExportBar setup/>
            </div>
        </div>
        <CachedRowsNote setup/>
        <ExportDrawer setup/>
        <section id="columns-panel" class="card" aria-label="Columns" hidden=is_folded(Panel::Columns)>
            <ColumnList view/>
        </section>
        <Filters view/>
        <FigureStrip view/>
        <Table view/>
        <Pager view/>
        <RowDetails view/>
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

#[component]
fn PanelButton(
    panel: RwSignal<Option<Panel>>,
    of: Panel,
    controls: &'static str,
    testid: &'static str,
    children: Children,
) -> impl IntoView {
    let is_open = move || panel.get() == Some(of);
    let toggle = move |_| panel.update(|open| *open = (*open != Some(of)).then_some(of));
    view! {
        <button
            type="button"
            class="fold"
            aria-expanded=move || is_open().to_string()
            aria-controls=controls
            data-testid=testid
            on:click=toggle
        >
            {children()}
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
            navigation.step(now);
        } else {
            navigation.note(now);
        }
    });
    let name = view.dataset.with_value(|dataset| dataset.name.clone());
    Effect::new(move |is_known: Option<()>| {
        let Route::Dataset { name: of, selection } = navigation.route() else {
            return;
        };
        let is_here = of.is_none_or(|of| of == name);
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
