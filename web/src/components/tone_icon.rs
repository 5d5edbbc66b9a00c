//! The sign of a value's meaning, so that it does not depend on colour.

use api::datasets::Tone;
use leptos::prelude::*;

#[component]
pub fn ToneIcon(tone: Tone) -> impl IntoView {
    let (class, path) = match tone {
        Tone::Good => ("tone tone-good", "M3 7.5 6 10.5 11.5 4"),
        Tone::Warn => ("tone tone-warn", "M7 2.5 12.5 12H1.5Z"),
        Tone::Bad => ("tone tone-bad", "M3.5 3.5l7 7M10.5 3.5l-7 7"),
        Tone::Neutral => ("tone tone-neutral", "M3.5 7h7"),
    };
    view! {
        <svg class=class viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
            <path d=path/>
        </svg>
    }
}
