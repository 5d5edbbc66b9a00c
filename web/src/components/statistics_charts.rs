//! The figures of exports and their charts.

use leptos::prelude::*;
use wasm_export::Zone;

use crate::dataset_view::today_in;
use crate::statistics::charts::{Scope, charts};
use crate::statistics_view::StatisticsView;
use crate::wording::statistics as wording;

/// The four figures above the charts.
#[component]
pub fn StatisticsFigures(view: StatisticsView) -> impl IntoView {
    let figures = Memo::new(move |_| view.figures().map(|figures| wording::figures(&figures)));
    let items = move || {
        let items = figures.get()?.into_iter().map(|figure| {
            view! {
                <div>
                    <dt>{figure.label}</dt>
                    <dd title=figure.exact data-testid=format!("statistics-{}", figure.name)>{figure.text}</dd>
                </div>
            }
        });
        Some(items.collect_view())
    };
    let is_busy = move || view.load.is_busy().to_string();
    view! { <dl class="figures strip" aria-busy=is_busy data-testid="statistics-figures">{items}</dl> }
}

#[component]
pub fn StatisticsCharts(view: StatisticsView) -> impl IntoView {
    // Equal figures do not render the charts again, so that an open table stays open.
    let html = Memo::new(move |_| {
        let (figures, choice) = (view.figures()?, view.choice.get());
        let today = today_in(Zone::default());
        Some(charts(
            &figures,
            Scope {
                days: choice.days,
                today: &today,
                is_all: choice.is_all,
            },
        ))
    });
    let html = move || html.get().unwrap_or_default();
    view! { <div class="card charts" data-testid="statistics-charts" inner_html=html></div> }
}
