//! The deliveries of a background export: to whom, how far they are, and why one has failed.

use api::deliveries::{DeliveryStatus, ExportDelivery};
use api::exports::Export;
use leptos::prelude::*;

use super::status_badge::DeliveryBadge;
use crate::browser;
use crate::wording::deliveries as wording;

/// Nothing for an export without deliveries.
#[component]
pub fn Deliveries(export: Memo<Option<Export>>) -> impl IntoView {
    let deliveries = Memo::new(move |_| {
        export.with(|export| {
            let deliveries = export.as_ref().map(|export| export.deliveries.clone());
            deliveries.unwrap_or_default()
        })
    });
    move || {
        let deliveries = deliveries.get();
        (!deliveries.is_empty()).then(|| {
            let items = deliveries
                .into_iter()
                .map(|delivery| view! { <Delivery delivery/> });
            view! {
                <section class="card stack" aria-labelledby="deliveries-title">
                    <h2 id="deliveries-title">"Deliveries"</h2>
                    <ul class="deliveries" data-testid="export-deliveries">{items.collect_view()}</ul>
                </section>
            }
        })
    }
}

#[component]
fn Delivery(delivery: ExportDelivery) -> impl IntoView {
    let facts = wording::facts(&delivery, browser::moment);
    let ExportDelivery {
        target,
        status,
        last_error,
        ..
    } = delivery;
    let class = match status {
        DeliveryStatus::Failed => "text-bad",
        DeliveryStatus::Queued | DeliveryStatus::Sending => "text-warn",
        DeliveryStatus::Waiting | DeliveryStatus::Delivered | DeliveryStatus::Cancelled => "faint",
    };
    let error = last_error.map(|error| view! { <p class=class>{error}</p> });
    view! {
        <li>
            <p><DeliveryBadge status/> " " <strong>{target}</strong></p>
            <p class="faint">{facts}</p>
            {error}
        </li>
    }
}
