//! A control that is on or off, with its label.

use leptos::prelude::*;

/// `id` is its `data-testid`, too.
#[component]
pub fn Switch(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    #[prop(into)] is_on: Signal<bool>,
    on_change: impl Fn(bool) + 'static,
) -> impl IntoView {
    view! {
        <div class="field switch-field">
            <label for=id.clone()>{label}</label>
            <input
                id=id.clone()
                type="checkbox"
                role="switch"
                data-testid=id
                prop:checked=is_on
                on:change=move |event| on_change(event_target_checked(&event))
            />
        </div>
    }
}
