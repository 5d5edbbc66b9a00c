//! The progress bar of an operation.

use leptos::prelude::*;

/// Without a percentage, the bar shows only that the operation runs.
#[component]
pub fn RunBar(
    #[prop(into)] label: String,
    #[prop(optional)] testid: Option<&'static str>,
    percent: Signal<Option<u64>>,
) -> impl IntoView {
    view! {
        <div class="run-bar">
            <progress
                aria-label=label
                data-testid=testid
                max="100"
                value=move || percent.get().map(|percent| percent.to_string())
            ></progress>
            <span class="run-percent">{move || percent.get().map(|percent| format!("{percent} %"))}</span>
        </div>
    }
}
