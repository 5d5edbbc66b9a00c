//! The zone of all times on a page and in its files.

use leptos::prelude::*;

use crate::browser;

const UTC: &str = "UTC";

#[component]
pub fn ZoneSelect(
    /// IANA name.
    #[prop(into)]
    zone: Signal<String>,
    #[prop(default = "zone")] testid: &'static str,
    on_choose: impl Fn(String) + 'static,
) -> impl IntoView {
    let own = browser::zone().filter(|zone| zone != UTC);
    let mut others = browser::zones();
    others.retain(|zone| zone != UTC && Some(zone) != own.as_ref());
    // A link may contain a zone that this browser does not list.
    let linked = zone.get_untracked();
    if linked != UTC && Some(&linked) != own.as_ref() && !others.contains(&linked) {
        others.insert(0, linked);
    }
    let chosen = move || zone.get();
    let option = move |zone: String, label: String| {
        let value = zone.clone();
        view! { <option value=value prop:selected=move || chosen() == zone>{label}</option> }
    };
    let own = own.map(|zone| option(zone.clone(), format!("{zone} (yours)")));
    let others = others
        .into_iter()
        .map(|zone| option(zone.clone(), zone))
        .collect_view();
    let choose = move |event| on_choose(event_target_value(&event));
    view! {
        <label class="zone">
            <span class="unseen">"Time zone"</span>
            <select data-testid=testid on:change=choose>
                {option(UTC.to_owned(), UTC.to_owned())}
                {own}
                <optgroup label="All zones">{others}</optgroup>
            </select>
        </label>
    }
}
