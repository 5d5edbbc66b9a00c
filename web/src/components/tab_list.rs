//! Tabs over a panel, as WAI-ARIA describes them: one of them is in the order of focus, and arrow keys choose.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Returns the id of the panel below the tabs.
pub fn panel_id(name: &str) -> String {
    format!("{name}-panel")
}

/// Returns the id of a tab, which names the panel.
pub fn tab_id(name: &str, word: &str) -> String {
    format!("{name}-tab-{word}")
}

/// A list of tabs. `name` begins the ids and test ids; `word` and `label` give those of a tab.
#[component]
pub fn TabList<T>(
    name: &'static str,
    label: &'static str,
    tabs: &'static [T],
    chosen: RwSignal<T>,
    word: fn(T) -> &'static str,
    title: fn(T) -> &'static str,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let on_key = move |event: KeyboardEvent| {
        let at = tabs.iter().position(|tab| *tab == chosen.get_untracked());
        let (at, last) = (at.unwrap_or_default(), tabs.len() - 1);
        let next = match event.key().as_str() {
            "ArrowRight" if at == last => 0,
            "ArrowRight" => at + 1,
            "ArrowLeft" => at.checked_sub(1).unwrap_or(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        chosen.set(tabs[next]);
        let tab = document().get_element_by_id(&tab_id(name, word(tabs[next])));
        if let Some(tab) = tab.and_then(|tab| tab.dyn_into::<HtmlElement>().ok()) {
            // Fails only if the tab has been removed.
            let _ = tab.focus();
        }
    };
    let tab = move |tab: T| {
        let is_chosen = move || chosen.get() == tab;
        let id = tab_id(name, word(tab));
        view! {
            <button
                type="button"
                role="tab"
                id=id.clone()
                class="tab"
                aria-selected=move || is_chosen().to_string()
                aria-controls=panel_id(name)
                tabindex=move || if is_chosen() { "0" } else { "-1" }
                data-testid=id
                on:click=move |_| {
                    // The panel of a tab that is chosen already is not loaded again.
                    if !untrack(is_chosen) {
                        chosen.set(tab);
                    }
                }
            >
                {title(tab)}
            </button>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=on_key>
            {tabs.iter().copied().map(tab).collect_view()}
        </div>
    }
}
