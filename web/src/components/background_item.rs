//! A background export in the activity tray, while it waits or runs.

use api::exports::{Export, ExportStatus};
use leptos::prelude::*;

use super::run_bar::RunBar;
use super::status_badge::StatusBadge;
use crate::background::BackgroundExports;
use crate::browser;
use crate::navigation::RouteLink;
use crate::route::Route;
use crate::wording::background::{facts, name};

#[component]
pub fn BackgroundItem(id: String) -> impl IntoView {
    let background = expect_context::<BackgroundExports>();
    let to = Route::BackgroundExport { id: id.clone() };
    let id = StoredValue::new(id);
    let export = Memo::new(move |_| id.with_value(|id| background.with(id, Export::clone)));
    let name = untrack(|| export.with(|export| export.as_ref().map(name))).unwrap_or_default();
    let status = Memo::new(move |_| export.with(|export| export.as_ref().map(|export| export.status)));
    let badge = move || status.get().map(|status| view! { <StatusBadge status/> });
    let percent = Signal::derive(move || export.with(|export| Some(u64::from(export.as_ref()?.progress))));
    let (label, title) = (format!("Progress of {name}"), name.clone());
    let bar = move || {
        let label = label.clone();
        let is_running = status.get() == Some(ExportStatus::Processing);
        is_running.then(|| view! { <RunBar label testid="background-progress" percent/> })
    };
    let text = move || {
        let text = |export: &Export| facts(export, browser::now_seconds(), browser::moment);
        export.with(|export| export.as_ref().map(text))
    };
    view! {
        <section class="run" aria-label=format!("Background export {name}") data-testid="background-running">
            <div class="run-head">
                <p class="run-title"><RouteLink to>{title}</RouteLink></p>
                <button
                    type="button"
                    aria-label=format!("Cancel {name}")
                    data-testid="background-cancel"
                    on:click=move |_| background.cancel(id.get_value())
                >
                    "Cancel"
                </button>
            </div>
            {bar}
            <p class="run-facts">{badge} " " <span data-testid="background-facts">{text}</span></p>
            <p class="faint">"The server goes on when you close this page."</p>
        </section>
    }
}
