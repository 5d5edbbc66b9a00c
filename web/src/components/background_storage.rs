//! The storage that exports take, and what may still be created.

use api::exports::QuotaUsage;
use leptos::prelude::*;

use crate::background::BackgroundExports;
use crate::client;
use crate::load::Load;
use crate::wording::export_limits as wording;

/// The visitor's own storage and limits. Shows nothing without an answer, because the list below shows the reason.
#[component]
pub fn OwnStorage() -> impl IntoView {
    let limits = expect_context::<BackgroundExports>().limits();
    let shown = Memo::new(move |_| limits.value().filter(|_| limits.problem().is_none()));
    move || {
        shown.get().map(|limits| {
            let rate = wording::rate(&limits);
            view! { <StorageBar label="Your storage" usage=limits.quota rate/> }
        })
    }
}

/// The storage of a workspace. Only its administrators see it.
#[component]
pub fn WorkspaceStorage(workspace: String) -> impl IntoView {
    let changes = expect_context::<BackgroundExports>();
    let load = Load::new(move || {
        let _ = changes.changes();
        let workspace = workspace.clone();
        Some(async move { client::workspace_storage(&workspace).await })
    });
    let shown = Memo::new(move |_| load.value().filter(|_| load.problem().is_none()));
    move || {
        shown.get().map(|storage| {
            let usage = QuotaUsage {
                used: storage.used,
                limit: storage.quota,
            };
            view! { <StorageBar label="Storage of the workspace" usage/> }
        })
    }
}

#[component]
fn StorageBar(
    label: &'static str,
    usage: QuotaUsage,
    /// Exports that may still be created.
    #[prop(optional)]
    rate: String,
) -> impl IntoView {
    let bar = wording::percent_used(usage).map(|percent| {
        view! { <progress aria-label=label max="100" value=percent.to_string()></progress> }
    });
    let rate = (!rate.is_empty()).then(|| view! { <span data-testid="exports-rate">{rate}</span> });
    view! {
        <p class="storage-bar" data-testid="exports-storage">
            <span class="faint">{label}</span>
            {bar}
            <span>{wording::storage(usage)}</span>
            {rate}
        </p>
    }
}
