//! The storage, the queue and the datasets of all exports, for administrators.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::statistics::health::{self, Health};
use crate::statistics_view::StatisticsView;
use crate::wording::cells::{self, NO_VALUE};
use crate::wording::export::format_of_word;
use crate::wording::{bytes, count, statistics as wording};

/// Nothing while an administrator looks at their own exports.
#[component]
pub fn StatisticsSystem(
    view: StatisticsView,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let system = Memo::new(move |_| view.system());
    move || {
        system.get().map(|system| {
            let (storage, queue) = (system.storage, system.queue);
            let rows = health::rows(&system.health_metrics);
            let table = (!rows.is_empty()).then(|| view! { <HealthTable rows titles/> });
            view! {
                <div class="record">
                    <section class="card stack" aria-labelledby="storage-title" data-testid="statistics-storage">
                        <h2 id="storage-title">"Storage"</h2>
                        <dl class="contents">
                            <dt>"Used"</dt>
                            <dd>{bytes(storage.used)}</dd>
                            <dt>"Growth a day"</dt>
                            <dd>{format!("{}, on average of the last 30 days", bytes(storage.growth_per_day))}</dd>
                        </dl>
                    </section>
                    <section class="card stack" aria-labelledby="queue-title" data-testid="statistics-queue">
                        <h2 id="queue-title">"Queue"</h2>
                        <dl class="contents">
                            <dt>"Queued"</dt>
                            <dd>{count(queue.queued)}</dd>
                            <dt>"Running"</dt>
                            <dd>{count(queue.processing)}</dd>
                            <dt>"Oldest waits"</dt>
                            <dd>{wording::oldest(&queue)}</dd>
                        </dl>
                    </section>
                </div>
                {table}
            }
        })
    }
}

#[component]
fn HealthTable(rows: Vec<Health>, titles: Memo<BTreeMap<String, String>>) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|health| view! { <HealthRow health titles/> });
    view! {
        <section class="stack" aria-labelledby="health-title">
            <h2 id="health-title">"Datasets in the last 30 days"</h2>
            <div class="health">
                <table data-testid="statistics-health">
                    <thead>
                        <tr>
                            <th scope="col">"Dataset"</th>
                            <th scope="col">"Format"</th>
                            <th scope="col" class="number">"Exports"</th>
                            <th scope="col" class="number">"Failed"</th>
                            <th scope="col" class="number">"Success rate"</th>
                            <th scope="col" class="number">"Average time"</th>
                            <th scope="col" class="number">"Average size"</th>
                            <th scope="col" class="number">"Downloads"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn HealthRow(health: Health, titles: Memo<BTreeMap<String, String>>) -> impl IntoView {
    let known = |text: Option<String>| text.unwrap_or_else(|| NO_VALUE.to_owned());
    let dataset = health.dataset;
    let title =
        move || titles.with(|titles| titles.get(&dataset).cloned().unwrap_or_else(|| dataset.clone()));
    let time = health
        .avg_processing_time_ms
        .map(|time| cells::duration(&time.to_string()));
    let numbers = [
        ("Exports", count(health.total_exports)),
        ("Failed", count(health.failed_exports)),
        (
            "Success rate",
            known(health.success_rate_percent.map(wording::percent)),
        ),
        ("Average time", known(time)),
        ("Average size", known(health.avg_export_size.map(bytes))),
        ("Downloads", count(health.total_downloads)),
    ];
    let numbers = numbers.map(|(label, text)| {
        view! { <td class="number" data-label=label>{text}</td> }
    });
    view! {
        <tr>
            <th scope="row">{title}</th>
            <td data-label="Format">{format_of_word(&health.format)}</td>
            {numbers.into_iter().collect_view()}
        </tr>
    }
}
