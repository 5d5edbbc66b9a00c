//! The endpoints as cards, each with its last 24 hours. A card shows the probes of its endpoint.

use api::probes::{ProbeEndpoint, ProbeHour};
use leptos::prelude::*;

use super::notice::Notice;
use super::tone_icon::ToneIcon;
use crate::navigation::RouteLink;
use crate::probe_view::ProbeView;
use crate::probes::endpoints::{STRIP_HEIGHT, failed_height, last_result, name, strip_title, uptime};
use crate::probes::line;
use crate::route::{ProbesRoute, Route};

/// The width of an hour in a strip, with the gap before the next one.
const HOUR_WIDTH: u64 = 5;

#[component]
pub fn ProbeEndpointCards(view: ProbeView) -> impl IntoView {
    let problem = move || {
        let problem = view.endpoints.problem()?;
        Some(view! { <Notice problem on_retry=move || view.endpoints.retry()/> })
    };
    let cards = move || match (view.endpoints.value(), view.endpoints.problem()) {
        (Some(list), _) => {
            let cards = list.0.into_iter().map(|endpoint| view! { <Card endpoint view/> });
            view! { <ul class="endpoints" data-testid="endpoints">{cards.collect_view()}</ul> }.into_any()
        }
        (None, Some(_)) => ().into_any(),
        (None, None) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
    };
    view! { <section class="endpoint-cards" aria-label="Endpoints">{problem} {cards}</section> }
}

/// Choosing the endpoint on show again shows all endpoints.
#[component]
fn Card(endpoint: ProbeEndpoint, view: ProbeView) -> impl IntoView {
    let id = endpoint.id;
    let is_current = Signal::derive(move || view.endpoint.get() == Some(id));
    let (word, tone) = last_result(&endpoint);
    let latency = line::latency(endpoint.last_latency_ms);
    let status = endpoint.last_status_code.filter(|status| *status != 0);
    let status = status.map(|status| format!("{status} · ")).unwrap_or_default();
    let (endpoint_name, vendor) = (name(&endpoint).to_owned(), endpoint.vendor.clone());
    let (title, share) = (strip_title(&endpoint.hours), uptime(&endpoint));
    let hours = endpoint.hours;
    let to = Signal::derive(move || {
        Route::Probes(ProbesRoute {
            endpoint: (!is_current.get()).then_some(id),
            ..view.route()
        })
    });
    let testid = format!("endpoint-{id}");
    view! {
        <li class="card endpoint" class:chosen=is_current>
            <RouteLink to is_current testid>
                <span class="endpoint-name" title=endpoint.url>{endpoint_name}</span>
                <span class="faint">{vendor}</span>
            </RouteLink>
            <p class="endpoint-last"><ToneIcon tone/> {word} <span class="faint">{status} {latency}</span></p>
            <Strip hours title/>
            <p class="endpoint-uptime"><span class="faint">"Uptime 24 h "</span> {share}</p>
        </li>
    }
}

/// A bar for each hour. Failures fill it from below, so that they show without colour.
#[component]
fn Strip(hours: Vec<ProbeHour>, title: String) -> impl IntoView {
    let label = title.clone();
    let width = hours.len() as u64 * HOUR_WIDTH;
    let bars = (0..).zip(hours).map(|(place, hour): (u64, ProbeHour)| {
        let x = place * HOUR_WIDTH;
        let failed = failed_height(hour);
        let class = if failed.is_some() {
            "hour"
        } else {
            "hour hour-empty"
        };
        let failed = failed.filter(|height| *height > 0).map(|height| {
            let y = STRIP_HEIGHT - height;
            view! { <rect class="hour-failed" x=x y=y width=HOUR_WIDTH - 1 height=height/> }
        });
        view! {
            <rect class=class x=x y="0" width=HOUR_WIDTH - 1 height=STRIP_HEIGHT/>
            {failed}
        }
    });
    view! {
        <svg
            class="strip"
            role="img"
            aria-label=label
            viewBox=format!("0 0 {width} {STRIP_HEIGHT}")
            preserveAspectRatio="none"
        >
            <title>{title}</title>
            {bars.collect_view()}
        </svg>
    }
}
