//! Probes of the hub's endpoints as they happen, for administrators.

use api::datasets::{Dataset, Datasets};
use leptos::prelude::*;

use crate::components::probe_endpoints::ProbeEndpointCards;
use crate::components::probe_terminal::ProbeTerminal;
use crate::components::probe_toolbar::ProbeToolbar;
use crate::load::Load;
use crate::navigation::{Navigation, RouteLink};
use crate::probe_view::ProbeView;
use crate::probes::text_file::DATASET;
use crate::route::{AdminPage, ProbesRoute, Route};
use crate::selection::Selection;

#[component]
pub fn ProbesPage(datasets: Load<Datasets>) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    // Untracked, because the view itself follows the route.
    let route = match untrack(|| navigation.route()) {
        Route::Probes(route) => route,
        _ => Default::default(),
    };
    let view = ProbeView::new(route);
    let dataset = Memo::new(move |_| {
        datasets.with(|answer| {
            let is_wanted = |dataset: &&Dataset| dataset.available && dataset.name == DATASET;
            answer?.datasets.iter().find(is_wanted).cloned()
        })
    });
    view! {
        <div class="heading">
            <h1>{AdminPage::Probes.title()}</h1>
            <ChosenEndpoint view/>
            <div class="actions">
                {move || dataset.with(Option::is_some).then(|| view! { <TableLink view/> })}
            </div>
        </div>
        <ProbeEndpointCards view/>
        <section class="card probe-terminal" aria-label="Terminal">
            <ProbeToolbar view dataset=dataset.into()/>
            <ProbeTerminal view/>
        </section>
    }
}

/// Names the endpoint on show, and leads back to all.
#[component]
fn ChosenEndpoint(view: ProbeView) -> impl IntoView {
    let name = Memo::new(move |_| {
        let id = view.endpoint.get()?;
        let name = view.endpoints.with(|list| {
            let endpoint = list?.0.iter().find(|endpoint| endpoint.id == id)?;
            Some(crate::probes::endpoints::name(endpoint).to_owned())
        });
        Some(name.unwrap_or_else(|| format!("Endpoint {id}")))
    });
    let all = Signal::derive(move || {
        Route::Probes(ProbesRoute {
            endpoint: None,
            ..view.route()
        })
    });
    move || {
        name.get().map(|name| {
            view! {
                <span class="row-count" data-testid="chosen-endpoint">{name}</span>
                <RouteLink to=all testid="all-endpoints">"All endpoints"</RouteLink>
            }
        })
    }
}

/// The rows of the same endpoint, to page through and to export in other formats.
#[component]
fn TableLink(view: ProbeView) -> impl IntoView {
    let to = Signal::derive(move || {
        let endpoint = view
            .endpoint
            .get()
            .map(|id| ("endpoint".to_owned(), id.to_string()));
        Route::Dataset {
            name: Some(DATASET.to_owned()),
            selection: Selection {
                filters: endpoint.into_iter().collect(),
                zone: Some(view.zone.get()),
                ..Selection::default()
            },
        }
    });
    view! { <RouteLink to testid="dataset-probe-logs">"Table of probe logs"</RouteLink> }
}
