//! The editor of all parameters of a dataset that are on or off.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::popover::{EditorActions, PopoverState};
use super::switch::Switch;
use crate::dataset_view::DatasetView;
use crate::filter_chip::switches;

#[component]
pub fn SwitchesEditor(view: DatasetView, popover: PopoverState) -> impl IntoView {
    let parameters = view
        .dataset
        .with_value(|dataset| switches(dataset).cloned().collect::<Vec<_>>());
    let draft: RwSignal<BTreeMap<String, String>> = RwSignal::new(view.filters.get_untracked());
    let fields = parameters.into_iter().map(|parameter| {
        let (name, default) = (parameter.name.clone(), parameter.default.clone());
        let is_on = Signal::derive(move || {
            draft.with(|draft| draft.get(&name).unwrap_or(&default) == "true")
        });
        let name = parameter.name.clone();
        let switch = move |is_on: bool| {
            // The default needs no word in the address.
            let value = (is_on.to_string() != parameter.default).then(|| is_on.to_string());
            draft.update(|draft| match value {
                Some(value) => drop(draft.insert(name.clone(), value)),
                None => drop(draft.remove(&name)),
            });
        };
        view! { <Switch id=format!("filter-{}", parameter.name) label=parameter.label is_on on_change=switch/> }
    });
    let fields = fields.collect_view();
    let apply = move |event: SubmitEvent| {
        event.prevent_default();
        view.apply(draft.get_untracked());
        popover.close();
    };
    view! {
        <form method="get" class="editor" on:submit=apply>
            {fields}
            <EditorActions popover/>
        </form>
    }
}
