//! The explanation of background exports in a panel, and their limits before they refuse one.

use api::exports::ExportLimits;
use leptos::prelude::*;

use crate::background::BackgroundExports;
use crate::browser;
use crate::wording::export_limits as wording;
use crate::wording::rows as rows_text;

/// Loads the limits. Further requests follow each change of the visitor's exports.
#[component]
pub fn BackgroundLimits(
    /// The size of the file in bytes before its compression.
    #[prop(into)]
    estimate: Signal<Option<u64>>,
    /// The file is compressed.
    #[prop(into)]
    is_packed: Signal<bool>,
    #[prop(into)] rows: Signal<Option<u64>>,
    /// The file is one of a workspace, whose storage and retention the limits do not have.
    of_workspace: bool,
) -> impl IntoView {
    let background = expect_context::<BackgroundExports>();
    let limits = background.limits();
    let about = move || {
        match rows.get().filter(|rows| background.suggests(*rows)) {
        Some(rows) => {
            let rows = rows_text(rows);
            view! {
                <p class="suggestion" data-testid="background-suggested">
                    {format!("Suggested for {rows}: the server makes the file and stores it, also when you close this page.")}
                </p>
            }
            .into_any()
        }
        None => view! {
            <p class="faint">"The server makes the file and stores it, also when you close this page. You download it later."</p>
        }
        .into_any(),
    }
    };
    let facts = move || match (limits.problem(), limits.value()) {
        (Some(problem), _) => view! {
            <p class="caution" role="alert" data-testid="background-unavailable">
                {format!("Background exports are not available: {}. {}", problem.title, problem.detail)}
            </p>
        }
        .into_any(),
        (None, Some(limits)) => view! { <Limits limits estimate is_packed of_workspace/> }.into_any(),
        (None, None) => view! { <p class="faint" role="status">"Loading the limits…"</p> }.into_any(),
    };
    view! {
        <h3>"In the background"</h3>
        {about}
        {facts}
    }
}

#[component]
fn Limits(
    limits: ExportLimits,
    estimate: Signal<Option<u64>>,
    is_packed: Signal<bool>,
    of_workspace: bool,
) -> impl IntoView {
    let obstacle = wording::limit_obstacle(&limits, of_workspace, browser::moment);
    let obstacle =
        obstacle.map(|obstacle| view! { <li data-testid="background-limit-reached">{obstacle}</li> });
    let warning = {
        let limits = limits.clone();
        move || {
            let warning = estimate
                .get()
                .filter(|_| !is_packed.get())
                .and_then(|estimate| wording::size_warning(estimate, &limits, of_workspace));
            warning.map(|warning| view! { <li data-testid="background-size-warning">{warning}</li> })
        }
    };
    let own = (!of_workspace).then(|| {
        view! {
            <dt>"Your storage"</dt>
            <dd>{wording::storage(limits.quota)}</dd>
            <dt>"Kept for"</dt>
            <dd>{wording::hours(limits.retention_hours.default)}</dd>
        }
    });
    view! {
        <ul class="warnings">{obstacle}{warning}</ul>
        <dl class="contents" data-testid="background-limits">
            <dt>"File size"</dt>
            <dd data-testid="background-estimate">
                {move || wording::estimated_size(estimate.get(), is_packed.get())}
            </dd>
            <dt>"Largest file"</dt>
            <dd>{crate::wording::bytes(limits.max_bytes)}</dd>
            <dt>"Exports"</dt>
            <dd>{wording::rate(&limits)}</dd>
            {own}
        </dl>
    }
}
