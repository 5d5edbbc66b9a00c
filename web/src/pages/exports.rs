//! The background exports: those of the visitor, of a workspace, or of everybody.

use std::collections::BTreeMap;

use api::workspaces::WorkspaceRole;
use leptos::prelude::*;
use wasm_export::rows::Problem;

use crate::components::background_filters::BackgroundFilters;
use crate::components::background_row::BackgroundRow;
use crate::components::background_storage::{OwnStorage, WorkspaceStorage};
use crate::components::confirm::ConfirmDialog;
use crate::components::list_pages::ListPages;
use crate::components::notice::Notice;
use crate::components::workspace_refused::WorkspaceRefused;
use crate::confirmer::Confirmer;
use crate::export_actions::ExportActions;
use crate::exports_view::ExportsView;
use crate::keys::{KeyAction, Keys};
use crate::navigation::Navigation;
use crate::route::{ExportsChoice, Route};
use crate::wording;
use crate::workspaces::Workspaces;

/// The title of the page.
pub const TITLE: &str = "Background exports";

#[component]
pub fn ExportsPage(
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
    is_administrator: bool,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let choice = match untrack(|| navigation.route()) {
        Route::Exports(choice) => choice,
        _ => ExportsChoice::default(),
    };
    let view = ExportsView::new(choice);
    follow_keys(view);
    let confirmer = Confirmer::new();
    let actions = ExportActions::new(confirmer, Callback::new(|()| {}));
    let workspace = Memo::new(move |_| view.choice.with(|choice| choice.workspace.clone()));
    // The list of no state database has nothing to filter.
    let is_off = Memo::new(move |_| {
        view.list
            .problem()
            .is_some_and(|problem| problem.code == "no_state_database")
    });
    let workspaces = expect_context::<Workspaces>();
    let sees_storage = move |id: &str| {
        let role = workspaces.find(id).map(|(_, role)| role);
        role.is_some_and(|role| role >= WorkspaceRole::Admin)
    };
    let storage = move || match workspace.get() {
        Some(workspace) if sees_storage(&workspace) => view! { <WorkspaceStorage workspace/> }.into_any(),
        Some(_) => ().into_any(),
        None => view! { <OwnStorage/> }.into_any(),
    };
    let controls = move || {
        (!is_off.get()).then(|| {
            view! {
                {storage}
                <BackgroundFilters view titles is_administrator/>
            }
        })
    };
    view! {
        <div class="heading">
            <h1>{TITLE}</h1>
            <WorkspaceName workspace/>
            <Total view/>
        </div>
        {controls}
        <Exports view actions titles/>
        <ConfirmDialog confirmer/>
    }
}

fn follow_keys(view: ExportsView) {
    let keys = expect_context::<Keys>();
    keys.on(KeyAction::Refresh, move || view.list.retry());
    let meta = move || view.list.with(|list| list.map(|list| list.meta));
    keys.on(KeyAction::PreviousPage, move || {
        if untrack(meta).is_some_and(|meta| meta.offset > 0) {
            view.turn(false);
        }
    });
    keys.on(KeyAction::NextPage, move || {
        if untrack(meta).is_some_and(|meta| meta.has_more) {
            view.turn(true);
        }
    });
}

/// The name of the workspace whose exports are shown, and the way to the visitor's own ones.
#[component]
fn WorkspaceName(workspace: Memo<Option<String>>) -> impl IntoView {
    let workspaces = expect_context::<Workspaces>();
    let navigation = expect_context::<Navigation>();
    Effect::new(move || {
        if let Some(id) = workspace.get().filter(|id| workspaces.find(id).is_some()) {
            workspaces.remember(&id);
        }
    });
    move || {
        let id = workspace.get()?;
        let name = workspaces.find(&id).map_or(id, |(name, _)| name);
        let to_own = move |_| navigation.go(Route::Exports(ExportsChoice::default()));
        Some(view! {
            <span class="of-workspace" data-testid="of-workspace">{name}</span>
            <button type="button" class="link" data-testid="exports-own" on:click=to_own>"All of my exports"</button>
        })
    }
}

#[component]
fn Total(view: ExportsView) -> impl IntoView {
    let text = move || {
        view.list.with(|list| {
            let meta = list?.meta;
            let more = if meta.total_is_at_least { "more than " } else { "" };
            let noun = if meta.total == 1 { "export" } else { "exports" };
            Some(format!("{more}{} {noun}", wording::count(meta.total)))
        })
    };
    view! { <span class="row-count" role="status" data-testid="exports-total">{text}</span> }
}

#[component]
fn Exports(
    view: ExportsView,
    actions: ExportActions,
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    // A list that is asked for every few seconds must not render its rows again.
    let state = Memo::new(
        move |_| match (view.list.problem(), view.list.with(|list| list.is_some())) {
            (Some(problem), _) => State::Failed(problem),
            (None, false) => State::Loading,
            (None, true) if view.ids().is_empty() => State::Empty,
            (None, true) => State::Listed,
        },
    );
    move || match state.get() {
        State::Loading => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
        State::Failed(problem) => view! { <Failed problem view/> }.into_any(),
        State::Empty => view! { <Empty view/> }.into_any(),
        State::Listed => view! {
            <ul class="stored-exports" data-testid="exports-list">
                <For
                    each=move || view.ids()
                    key=|id| id.clone()
                    children=move |id| view! { <BackgroundRow id view actions titles/> }
                />
            </ul>
            <ListPages
                list="exports"
                noun="Exports"
                meta=Signal::derive(move || view.list.with(|list| list.map(|list| list.meta)))
                shown=Signal::derive(move || view.ids().len())
                on_turn=move |is_forward| view.turn(is_forward)
            />
        }
        .into_any(),
    }
}

#[derive(Clone, PartialEq)]
enum State {
    Loading,
    Failed(Problem),
    Empty,
    Listed,
}

#[component]
fn Failed(problem: Problem, view: ExportsView) -> impl IntoView {
    let on_retry = move || view.list.retry();
    let of_workspace = untrack(|| view.choice.with(|choice| choice.workspace.is_some()));
    match problem.code.as_str() {
        "no_state_database" => view! {
            <div class="notice" role="alert" data-testid="exports-off">
                <p class="notice-title">"Background exports are off on this server"</p>
                <p>{problem.detail}</p>
                <p>"Everything else works: export from the page of a dataset, and keep the page open until the file is saved."</p>
                <button type="button" data-testid="retry" on:click=move |_| on_retry()>"Try again"</button>
            </div>
        }
        .into_any(),
        "not_a_member" | "role_too_low" if of_workspace => {
            let route = Route::Exports(view.choice.get_untracked());
            view! { <WorkspaceRefused problem route on_retry/> }.into_any()
        }
        _ => view! { <Notice problem on_retry/> }.into_any(),
    }
}

#[component]
fn Empty(view: ExportsView) -> impl IntoView {
    let (has_filters, offset) = untrack(|| view.choice.with(|choice| (choice.has_filters(), choice.offset)));
    let (text, clear) = match (has_filters, offset) {
        (false, 0) => ("No exports yet.", None),
        (true, 0) => ("No export matches your filters.", Some("Clear filters")),
        _ => ("No more exports.", Some("First page")),
    };
    let clear = clear.map(|label| {
        let clear = move |_| {
            view.choice.update(|choice| match choice.offset {
                0 => *choice = choice.without_filters(),
                _ => choice.offset = 0,
            });
        };
        view! { <button type="button" data-testid="exports-empty-clear" on:click=clear>{label}</button> }
    });
    let hint = (!has_filters && offset == 0).then(|| {
        view! {
            <p class="faint">"Open a dataset, open the menu beside Export, and choose Run in background. The server makes the file, and you find it here."</p>
        }
    });
    view! {
        <div class="empty card" data-testid="exports-empty">
            <p>{text}</p>
            {hint}
            {clear}
        </div>
    }
}
