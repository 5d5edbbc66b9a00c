//! A link of the navigation to a dataset.

use api::datasets::Dataset;
use leptos::prelude::*;

use crate::navigation::{Navigation, RouteLink};
use crate::route::Route;
use crate::selection::Selection;
use crate::workspaces::Workspaces;

/// The page of an unavailable dataset shows the reason.
#[component]
pub fn DatasetLink(dataset: Dataset, shown: Memo<Option<String>>) -> impl IntoView {
    let workspaces = expect_context::<Workspaces>();
    let navigation = expect_context::<Navigation>();
    let is_of_workspaces = dataset.workspace;
    let Dataset {
        name,
        title,
        available,
        reason,
        ..
    } = dataset;
    let testid = format!("dataset-{name}");
    let to = {
        let name = name.clone();
        Signal::derive(move || {
            let workspace = workspaces.of_page(navigation);
            Route::Dataset {
                name: Some(name.clone()),
                selection: Selection {
                    workspace: workspace.filter(|_| is_of_workspaces),
                    ..Selection::default()
                },
            }
        })
    };
    let is_current = Signal::derive(move || shown.with(|shown| shown.as_ref() == Some(&name)));
    let warning = (!available).then(|| view! { <UnavailableMark reason/> });
    view! { <li><RouteLink to is_current testid>{title} {warning}</RouteLink></li> }
}

/// Marks a link whose rows cannot be had. Only administrators see such links; the tooltip is the reason.
#[component]
pub fn UnavailableMark(reason: Option<String>) -> impl IntoView {
    view! {
        <span class="unavailable" title=reason>
            <span aria-hidden="true">" ⚠"</span>
            <span class="unseen">" (not available)"</span>
        </span>
    }
}
