//! A field of text in the form of a draft.

use leptos::prelude::*;

#[component]
pub fn DraftField<D: Send + Sync + 'static>(
    draft: RwSignal<D>,
    /// Its test id, too.
    id: &'static str,
    label: &'static str,
    /// The type of the input.
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional)] placeholder: &'static str,
    get: fn(&D) -> String,
    set: fn(&mut D, String),
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type=kind
                autocomplete="off"
                spellcheck="false"
                placeholder=placeholder
                data-testid=id
                prop:value=move || draft.with(get)
                on:input=move |event| draft.update(|draft| set(draft, event_target_value(&event)))
            />
        </div>
    }
}
