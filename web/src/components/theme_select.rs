//! The choice of the colours.

use leptos::prelude::*;

use crate::theme::{Theme, ThemeChoice};

/// The header has one, and the account menu of a narrow screen another one.
#[component]
pub fn ThemeSelect(testid: &'static str) -> impl IntoView {
    let theme = expect_context::<ThemeChoice>();
    let options = Theme::ALL.iter().map(|&choice| {
        view! {
            <option value=choice.word() prop:selected=move || theme.get() == choice>{choice.title()}</option>
        }
    });
    view! {
        <label class="theme">
            <span class="theme-label">"Theme"</span>
            <select
                data-testid=testid
                on:change=move |event| theme.set(Theme::from_word(&event_target_value(&event)))
            >
                {options.collect_view()}
            </select>
        </label>
    }
}
