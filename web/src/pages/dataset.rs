//! A dataset: its filters, its rows, their export.

use api::datasets::Dataset;
use leptos::prelude::*;

use crate::components::cached_rows_note::CachedRowsNote;
use crate::components::columns::ColumnList;
use crate::components::export_bar::ExportBar;
use crate::components::export_drawer::ExportDrawer;
use crate::components::export_run::ExportRun;
use crate::components::export_setup::ExportSetup;
use crate::components::filters::Filters;
use crate::components::pager::Pager;
use crate::components::table::Table;
use crate::components::zone_select::ZoneSelect;
use crate::dataset_view::DatasetView;
use crate::navigation::Navigation;
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
    document().set_title(&format!("{title} · Decant"));
    let view = DatasetView::new(dataset, selection);
    let panel = RwSignal::new(None::<Panel>);
    let setup = ExportSetup::new(view);
    let is_folded = move |of| move || panel.get() != Some(of);
    keep_address(view);

    view! {
        <div class="heading">
            <h1>{title}</h1>
            <RowCount view/>
            <div class="actions">
                <ZoneSelect view/>
                <PanelButton panel of=Panel::Columns controls="columns-panel" testid="columns-toggle">
                    "Columns"
                </PanelButton>
                <ExportBar setup/>
            </div>
        </div>
        <CachedRowsNote setup/>
        <ExportDrawer setup/>
        <section id="columns-panel" class="card" aria-label="Columns" hidden=is_folded(Panel::Columns)>
            <ColumnList view/>
        </section>
        <ExportRun/>
        <Filters view/>
        <Table view/>
        <Pager view/>
    }
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

/// Keeps the URL up to date, so that a reload or a shared link shows the same rows.
fn keep_address(view: DatasetView) {
    let navigation = expect_context::<Navigation>();
    Effect::new(move || navigation.note(view.route()));
}
