//! The figures of exports: those of the visitor, or of everybody.

use std::collections::BTreeMap;

use leptos::prelude::*;
use wasm_export::rows::Problem;

use crate::components::notice::Notice;
use crate::components::statistics_charts::{StatisticsCharts, StatisticsFigures};
use crate::components::statistics_system::StatisticsSystem;
use crate::keys::{KeyAction, Keys};
use crate::navigation::{Navigation, RouteLink};
use crate::route::{DAYS, Route, StatisticsChoice};
use crate::selection::Selection;
use crate::statistics_view::StatisticsView;
use crate::wording::statistics as wording;

/// The title of the page.
pub const TITLE: &str = "Statistics";

#[component]
pub fn StatisticsPage(
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
    is_administrator: bool,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let choice = match untrack(|| navigation.route()) {
        Route::Statistics(choice) => choice,
        _ => StatisticsChoice::default(),
    };
    let view = StatisticsView::new(choice);
    expect_context::<Keys>().on(KeyAction::Refresh, move || view.load.retry());
    let total = move || view.figures().map(|figures| wording::total(&figures));
    let is_off = Memo::new(move |_| view.load.problem().is_some_and(|problem| is_off(&problem)));
    view! {
        <div class="heading">
            <h1>{TITLE}</h1>
            <span class="row-count" role="status" data-testid="statistics-total">{total}</span>
        </div>
        {move || (!is_off.get()).then(|| view! { <Choices view is_administrator/> })}
        <Content view titles/>
    }
}

/// There is no state database, which has the records of exports.
fn is_off(problem: &Problem) -> bool {
    problem.code == "no_state_database"
}

/// Whose exports, and how many days.
#[component]
fn Choices(view: StatisticsView, is_administrator: bool) -> impl IntoView {
    let owner = |is_all: bool, label: &'static str, testid: &'static str| {
        view! {
            <button
                type="button"
                aria-pressed=move || (view.is_all() == is_all).to_string()
                data-testid=testid
                on:click=move |_| view.choice.update(|choice| choice.is_all = is_all)
            >
                {label}
            </button>
        }
    };
    let owners = is_administrator.then(|| {
        view! {
            <div class="quick" role="group" aria-label="Whose exports">
                {owner(false, "Mine", "statistics-mine")}
                {owner(true, "Everyone", "statistics-everyone")}
            </div>
        }
    });
    let days = DAYS.map(|days| {
        view! {
            <button
                type="button"
                aria-pressed=move || (view.choice.get().days == days).to_string()
                data-testid=format!("statistics-days-{days}")
                on:click=move |_| view.choice.update(|choice| choice.days = days)
            >
                {format!("{days} days")}
            </button>
        }
    });
    view! {
        <div class="stored-filters">
            {owners}
            <div class="quick" role="group" aria-label="Days">{days.into_iter().collect_view()}</div>
        </div>
    }
}

#[derive(Clone, PartialEq)]
enum State {
    Loading,
    Failed(Problem),
    Empty,
    Shown,
}

#[component]
fn Content(view: StatisticsView, titles: Memo<BTreeMap<String, String>>) -> impl IntoView {
    // Figures that are asked for again must not render the page again.
    let state = Memo::new(move |_| match (view.load.problem(), view.figures()) {
        (Some(problem), _) => State::Failed(problem),
        (None, None) => State::Loading,
        (None, Some(figures)) if figures.total_exports == 0 => State::Empty,
        (None, Some(_)) => State::Shown,
    });
    let explanation = move || {
        let choice = view.choice.get();
        wording::explanation(choice.is_all, choice.days)
    };
    move || match state.get() {
        State::Loading => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
        State::Failed(problem) => view! { <Failed problem view/> }.into_any(),
        State::Empty => view! { <Empty/> <StatisticsSystem view titles/> }.into_any(),
        State::Shown => view! {
            <StatisticsFigures view/>
            <p class="faint" data-testid="statistics-about">{explanation}</p>
            <StatisticsCharts view/>
            <StatisticsSystem view titles/>
        }
        .into_any(),
    }
}

#[component]
fn Failed(problem: Problem, view: StatisticsView) -> impl IntoView {
    let on_retry = move || view.load.retry();
    if is_off(&problem) {
        return view! {
            <div class="notice" role="alert" data-testid="statistics-off">
                <p class="notice-title">"Background exports are off on this server"</p>
                <p>{problem.detail}</p>
                <p>"Exports that a browser makes itself are not counted."</p>
                <button type="button" data-testid="retry" on:click=move |_| on_retry()>"Try again"</button>
            </div>
        }
        .into_any();
    }
    view! { <Notice problem on_retry/> }.into_any()
}

#[component]
fn Empty() -> impl IntoView {
    let first = Route::Dataset {
        name: None,
        selection: Selection::default(),
    };
    view! {
        <div class="empty card" data-testid="statistics-empty">
            <p>"No exports to count yet"</p>
            <p class="faint">
                "Open a dataset, open the menu beside Export, and choose Run in background. Each export that ends is counted here."
            </p>
            <p><RouteLink to=first testid="statistics-to-data">"Export something"</RouteLink></p>
        </div>
    }
}
