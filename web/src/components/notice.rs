//! A problem in the place of the content that could not be loaded.

use leptos::prelude::*;
use wasm_export::rows::Problem;

#[component]
pub fn Notice(problem: Problem, on_retry: impl Fn() + 'static) -> impl IntoView {
    let request = problem
        .request_id
        .map(|id| view! { <p class="faint">"Request " <code>{id}</code></p> });
    view! {
        <div class="notice" role="alert" data-testid="notice">
            <p class="notice-title">{problem.title}</p>
            <p>{problem.detail}</p>
            {request}
            <button type="button" data-testid="retry" on:click=move |_| on_retry()>"Try again"</button>
        </div>
    }
}
