//! The content of the shell: a dataset or a bundle, or why there is none.

use api::bundles::Bundles;
use api::datasets::{Dataset, Datasets};
use leptos::prelude::*;

use crate::components::notice::Notice;
use crate::components::workspace_refused::NoWorkspace;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::pages::bundle::BundlePage;
use crate::pages::dataset::DatasetPage;
use crate::route::Route;
use crate::workspaces::Workspaces;

/// The dataset on the page.
#[derive(Clone, PartialEq)]
pub struct Shown {
    pub dataset: Dataset,
    /// The id of the workspace whose rows are shown. Rows of another workspace have a page of their own.
    pub workspace: Option<String>,
}

#[component]
pub fn ShownDataset(shown: Memo<Option<Shown>>, datasets: Load<Datasets>) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let workspaces = expect_context::<Workspaces>();
    // Untracked, because the page itself follows the selection of the route.
    move || match (shown.get(), untrack(|| navigation.route())) {
        (Some(Shown { dataset, .. }), Route::Dataset { .. }) if !dataset.available => {
            let Dataset { title, reason, .. } = dataset;
            view! { <Unavailable title reason/> }.into_any()
        }
        (Some(Shown { dataset, workspace }), Route::Dataset { .. })
            if dataset.workspace && workspace.is_none() =>
        {
            view! { <WithoutWorkspace workspaces/> }.into_any()
        }
        (Some(Shown { dataset, workspace }), Route::Dataset { mut selection, .. }) => {
            if dataset.workspace {
                selection.workspace = workspace;
            }
            view! { <DatasetPage dataset selection/> }.into_any()
        }
        _ => view! { <NotFound datasets title="No such dataset"/> }.into_any(),
    }
}

/// Waits for the list of the visitor's workspaces.
#[component]
fn WithoutWorkspace(workspaces: Workspaces) -> impl IntoView {
    let list = workspaces.list;
    move || match list.problem() {
        Some(problem) => view! { <Notice problem on_retry=move || list.retry()/> }.into_any(),
        None if list.with(|list| list.is_none()) => {
            view! { <p class="faint" role="status">"Loading…"</p> }.into_any()
        }
        None => view! { <NoWorkspace/> }.into_any(),
    }
}

#[component]
pub fn ShownBundle(name: String, bundles: Load<Bundles>, datasets: Load<Datasets>) -> impl IntoView {
    let found = Memo::new(move |_| {
        bundles.with(|answer| answer?.bundles.iter().find(|bundle| bundle.name == name).cloned())
    });
    let navigation = expect_context::<Navigation>();
    let workspaces = expect_context::<Workspaces>();
    // Rows of another workspace have a page of their own.
    let workspace = Memo::new(move |_| {
        let is_of_workspace = found.with(|found| found.as_ref().is_some_and(|found| found.of_workspace));
        workspaces.of_page(navigation).filter(|_| is_of_workspace)
    });
    move || match (found.get(), bundles.problem()) {
        (Some(bundle), _) if !bundle.available => {
            view! { <Unavailable title=bundle.title reason=bundle.reason/> }.into_any()
        }
        (Some(bundle), _) => match (bundle.of_workspace, workspace.get()) {
            (true, None) => view! { <WithoutWorkspace workspaces/> }.into_any(),
            (_, workspace) => view! { <BundlePage bundle workspace/> }.into_any(),
        },
        (None, Some(problem)) => view! { <Notice problem on_retry=move || bundles.retry()/> }.into_any(),
        (None, None) if bundles.with(|bundles| bundles.is_none()) => {
            view! { <p class="faint" role="status">"Loading…"</p> }.into_any()
        }
        (None, None) => view! { <NotFound datasets title="No such page"/> }.into_any(),
    }
}

/// Only administrators read the reason.
#[component]
fn Unavailable(title: String, reason: Option<String>) -> impl IntoView {
    let reason = reason.unwrap_or_else(|| "Ask an administrator for the reason.".to_owned());
    view! {
        <div class="notice" data-testid="dataset-unavailable">
            <p class="notice-title">{title} " is not available"</p>
            <p class="path">{reason}</p>
        </div>
    }
}

#[component]
pub fn NotFound(datasets: Load<Datasets>, title: &'static str) -> impl IntoView {
    move || match datasets.problem() {
        Some(problem) => view! { <Notice problem on_retry=move || datasets.retry()/> }.into_any(),
        None if datasets.with(|datasets| datasets.is_none()) => {
            view! { <p class="faint" role="status">"Loading…"</p> }.into_any()
        }
        None => view! {
            <div class="notice" data-testid="not-found">
                <p class="notice-title">{title}</p>
                <p>"Choose one from the navigation."</p>
            </div>
        }
        .into_any(),
    }
}

#[component]
pub fn ForAdministratorsOnly() -> impl IntoView {
    view! {
        <div class="notice" data-testid="for-administrators-only">
            <p class="notice-title">"This page is for administrators"</p>
            <p>"You are signed in as a member and see only your own rows. Sign in as an administrator to open it."</p>
        </div>
    }
}
