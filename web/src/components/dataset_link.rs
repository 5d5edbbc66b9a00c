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
            let workspace = navigation.with(|route| route.workspace().map(str::to_owned));
            let workspace = workspace.or_else(|| workspaces.usual());
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
    let warning = (!available).then(|| {
        view! {
            <span class="unavailable" title=reason>
                <span aria-hidden="true">" ⚠"</span>
                <span class="unseen">" (not available)"</span>
            </span>
        }
    });
    view! { <li><RouteLink to is_current testid>{title} {warning}</RouteLink></li> }
}
