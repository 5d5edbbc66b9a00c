//! The group of the navigation for workspaces: the choice of one, and links to its datasets.

use api::bundles::Bundles;
use api::datasets::{Dataset, Datasets};
use api::workspaces::Workspace;
use leptos::prelude::*;

use super::bundle_links::{WorkspaceBundleLinks, WorkspaceExportsLink, of_group};
use super::dataset_link::DatasetLink;
use crate::bundle_pages::BundleGroup;
use crate::dataset_groups::workspace_datasets;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::route::Route;
use crate::workspace_names::{distinct_names, role_name};
use crate::workspaces::Workspaces;

/// Hidden for a visitor without a workspace. An administrator sees it as well if one of its datasets is broken.
#[component]
pub fn WorkspaceGroup(
    datasets: Load<Datasets>,
    bundles: Load<Bundles>,
    /// The name of the dataset on the page.
    shown: Memo<Option<String>>,
    is_administrator: bool,
) -> impl IntoView {
    let workspaces = expect_context::<Workspaces>();
    let datasets = Memo::new(move |_| {
        datasets.with(|answer| {
            let datasets = answer.map_or(&[][..], |answer| answer.datasets.as_slice());
            workspace_datasets(datasets, is_administrator)
        })
    });
    let all = Memo::new(move |_| workspaces.all());
    let of_workspaces = of_group(bundles, BundleGroup::Workspaces);
    let is_shown = Memo::new(move |_| {
        let is_broken = |dataset: &Dataset| !dataset.available;
        datasets.with(|datasets| {
            let has_links = !datasets.is_empty() || of_workspaces.with(|bundles| !bundles.is_empty());
            let has_rows = has_links && all.with(|all| !all.is_empty());
            has_rows || datasets.iter().any(is_broken)
        })
    });
    let links = move || {
        let datasets = datasets.get().into_iter();
        datasets
            .map(|dataset| view! { <DatasetLink dataset shown/> })
            .collect_view()
    };
    move || {
        is_shown.get().then(|| {
            view! {
                <div class="group" data-testid="workspaces">
                    <h2 id="workspaces">"Workspaces"</h2>
                    {move || all.with(|all| !all.is_empty()).then(|| view! { <WorkspaceSelect all/> })}
                    <ul aria-labelledby="workspaces">
                        {links}
                        <WorkspaceBundleLinks bundles/>
                        {move || all.with(|all| !all.is_empty()).then(|| view! { <WorkspaceExportsLink/> })}
                    </ul>
                </div>
            }
        })
    }
}

/// The workspace of the page, or the one that links lead to.
#[component]
fn WorkspaceSelect(all: Memo<Vec<Workspace>>) -> impl IntoView {
    let workspaces = expect_context::<Workspaces>();
    let navigation = expect_context::<Navigation>();
    let chosen = Memo::new(move |_| workspaces.of_page(navigation));
    let options = move || {
        let all = all.get();
        let names = distinct_names(&all);
        // The address may name a workspace that is not the visitor's.
        let is_listed = chosen.with(|chosen| all.iter().any(|one| Some(&one.id) == chosen.as_ref()));
        let unlisted = (!is_listed).then(|| {
            view! { <option value="" selected=true disabled=true>"Choose a workspace"</option> }
        });
        let options = all.into_iter().zip(names).map(|(workspace, name)| {
            let id = workspace.id.clone();
            let is_chosen = move || chosen.with(|chosen| chosen.as_ref() == Some(&id));
            view! { <option value=workspace.id prop:selected=is_chosen>{name}</option> }
        });
        view! { {unlisted} {options.collect_view()} }
    };
    let role = move || {
        let (_, role) = workspaces.find(&chosen.get()?)?;
        Some(format!("Your role: {}", role_name(role)))
    };
    let choose = move |event| {
        let id = event_target_value(&event);
        workspaces.remember(&id);
        if navigation.with_untracked(|route| route.workspace().is_some()) {
            navigation.go(navigation.with_untracked(Route::clone).in_workspace(&id));
        }
    };
    view! {
        <div class="workspace-select">
            <select aria-label="Workspace" data-testid="workspace" on:change=choose>{options}</select>
            <p class="faint" data-testid="workspace-role">{role}</p>
        </div>
    }
}
