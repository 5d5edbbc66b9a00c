//! The schedules of exports: those of the visitor, or of everybody.

use std::collections::BTreeMap;

use leptos::prelude::*;
use wasm_export::rows::Problem;

use crate::components::confirm::ConfirmDialog;
use crate::components::list_pages::ListPages;
use crate::components::notice::Notice;
use crate::components::schedule_row::ScheduleRow;
use crate::confirmer::Confirmer;
use crate::keys::{KeyAction, Keys};
use crate::navigation::Navigation;
use crate::route::{Route, SchedulesChoice};
use crate::schedule_actions::ScheduleActions;
use crate::schedules_view::SchedulesView;
use crate::wording;

/// The title of the page.
pub const TITLE: &str = "Schedules";

#[component]
pub fn SchedulesPage(
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
    is_administrator: bool,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let choice = match untrack(|| navigation.route()) {
        Route::Schedules(choice) => choice,
        _ => SchedulesChoice::default(),
    };
    let view = SchedulesView::new(choice);
    expect_context::<Keys>().on(KeyAction::Refresh, move || view.list.retry());
    let confirmer = Confirmer::new();
    let actions = ScheduleActions::new(confirmer);
    let total = move || {
        view.list.with(|list| {
            let total = list?.meta.total;
            let noun = if total == 1 { "schedule" } else { "schedules" };
            Some(format!("{} {noun}", wording::count(total)))
        })
    };
    view! {
        <div class="heading">
            <h1>{TITLE}</h1>
            <span class="row-count" role="status" data-testid="schedules-total">{total}</span>
        </div>
        {is_administrator.then(|| view! { <Owners view/> })}
        <Schedules view actions titles/>
        <ConfirmDialog confirmer/>
    }
}

/// The visitor's own schedules, or those of everybody.
#[component]
fn Owners(view: SchedulesView) -> impl IntoView {
    let choice = |is_all: bool, label: &'static str, testid: &'static str| {
        view! {
            <button
                type="button"
                aria-pressed=move || (view.choice.with(|choice| choice.is_all) == is_all).to_string()
                data-testid=testid
                on:click=move |_| view.choose(is_all)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="stored-filters">
            <div class="quick" role="group" aria-label="Whose schedules">
                {choice(false, "Mine", "schedules-mine")}
                {choice(true, "Everyone", "schedules-everyone")}
            </div>
        </div>
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
fn Schedules(
    view: SchedulesView,
    actions: ScheduleActions,
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    // A list that is asked for again must not render its rows again.
    let state = Memo::new(
        move |_| match (view.list.problem(), view.list.with(|list| list.is_some())) {
            (Some(problem), _) => State::Failed(problem),
            (None, false) => State::Loading,
            (None, true) if view.ids().is_empty() => State::Empty,
            (None, true) => State::Listed,
        },
    );
    move || {
        match state.get() {
        State::Loading => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
        State::Failed(problem) => view! { <Failed problem view/> }.into_any(),
        State::Empty => view! {
            <div class="empty card" data-testid="schedules-empty">
                <p>"No schedules yet"</p>
                <p class="faint">
                    "Open a dataset, open the menu beside Export, and choose Schedule. The server then makes the file again and again."
                </p>
            </div>
        }
        .into_any(),
        State::Listed => view! {
            <ul class="stored-exports" data-testid="schedules-list">
                <For
                    each=move || view.ids()
                    key=|id| *id
                    children=move |id| view! { <ScheduleRow id view actions titles/> }
                />
            </ul>
            <ListPages
                list="schedules"
                noun="Schedules"
                meta=Signal::derive(move || view.list.with(|list| list.map(|list| list.meta)))
                shown=Signal::derive(move || view.ids().len())
                on_turn=move |is_forward| view.turn(is_forward)
            />
        }
        .into_any(),
    }
    }
}

#[component]
fn Failed(problem: Problem, view: SchedulesView) -> impl IntoView {
    let on_retry = move || view.list.retry();
    match problem.code.as_str() {
        "no_state_database" => view! {
            <div class="notice" role="alert" data-testid="schedules-off">
                <p class="notice-title">"Schedules are off on this server"</p>
                <p>{problem.detail}</p>
                <button type="button" data-testid="retry" on:click=move |_| on_retry()>"Try again"</button>
            </div>
        }
        .into_any(),
        _ => view! { <Notice problem on_retry/> }.into_any(),
    }
}
