//! The place of a workspace's rows when the server gives none: the visitor is not a member, or their role is too low.

use leptos::prelude::*;
use wasm_export::rows::Problem;

use crate::navigation::RouteLink;
use crate::route::Route;
use crate::workspace_names::distinct_names;
use crate::workspaces::Workspaces;

/// The greatest number of other workspaces that are named. The navigation lists all of them.
const NAMED_MAX: usize = 5;

#[component]
pub fn WorkspaceRefused(problem: Problem, route: Route, on_retry: impl Fn() + 'static) -> impl IntoView {
    let workspaces = expect_context::<Workspaces>();
    let (title, text) = match problem.code.as_str() {
        "role_too_low" => ("Your role in this workspace does not allow this", problem.detail),
        _ => (
            "You are not a member of this workspace",
            "It may have been removed, or its owner may have removed you. Choose another workspace, or ask the owner to add you."
                .to_owned(),
        ),
    };
    let route = StoredValue::new(route);
    let others = move || {
        let shown = route.with_value(|route| route.workspace().map(str::to_owned));
        let all = workspaces.all();
        let names = distinct_names(&all);
        let others = all.into_iter().zip(names);
        let others = others.filter(|(workspace, _)| Some(&workspace.id) != shown.as_ref());
        let links = others.take(NAMED_MAX).map(|(workspace, name)| {
            let to = route.get_value().in_workspace(&workspace.id);
            view! { <li><RouteLink to testid=format!("open-workspace-{}", workspace.id)>{name}</RouteLink></li> }
        });
        let links: Vec<_> = links.collect();
        (!links.is_empty()).then(|| {
            view! {
                <p>"Your other workspaces:"</p>
                <ul>{links}</ul>
            }
        })
    };
    view! {
        <div class="notice" role="alert" data-testid="workspace-refused">
            <p class="notice-title">{title}</p>
            <p>{text}</p>
            {others}
            <button type="button" data-testid="retry" on:click=move |_| on_retry()>"Check again"</button>
        </div>
    }
}

/// The page of a dataset of workspaces for a visitor who is in none.
#[component]
pub fn NoWorkspace() -> impl IntoView {
    let workspaces = expect_context::<Workspaces>();
    view! {
        <div class="notice" data-testid="no-workspace">
            <p class="notice-title">"You are in no workspace"</p>
            <p>"Ask the owner of a workspace to add you. Its rows appear here then."</p>
            <button type="button" data-testid="retry" on:click=move |_| workspaces.list.retry()>"Check again"</button>
        </div>
    }
}
