//! The editor of all filters on times: days, of which the last is included, or times.

use std::collections::BTreeMap;

use api::datasets::{Filter, FilterKind};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::popover::{EditorActions, PopoverState};
use super::switch::Switch;
use crate::dataset_view::DatasetView;
use crate::filter_chip::{day_label, day_of, value_of_day, with_time, without_time};
use crate::quick_range::is_time;
use crate::wall_time::is_wall_time;

/// Values before they are applied, as in the address.
type Draft = RwSignal<BTreeMap<String, String>>;

#[component]
pub fn TimeEditor(view: DatasetView, popover: PopoverState) -> impl IntoView {
    let filters = view.dataset.with_value(|dataset| {
        let times = dataset.filters.iter().filter(|filter| is_time(filter));
        times.cloned().collect::<Vec<_>>()
    });
    let draft: Draft = RwSignal::new(view.filters.get_untracked());
    let has_time = |filter: &Filter| {
        let value = draft.with_untracked(|draft| draft.get(&filter.name).cloned());
        value.is_some_and(|value| day_of(filter, &value).is_none())
    };
    let with_times = RwSignal::new(filters.iter().any(has_time));
    let fields = StoredValue::new(filters.clone());
    let switch = move |is_on: bool| {
        draft.update(|draft| {
            for filter in filters
                .iter()
                .filter(|filter| filter.kind == FilterKind::Timestamp)
            {
                if let Some(value) = draft.get_mut(&filter.name) {
                    *value = if is_on {
                        with_time(value)
                    } else {
                        without_time(filter, value)
                    };
                }
            }
        });
        with_times.set(is_on);
    };
    let apply = move |event: SubmitEvent| {
        event.prevent_default();
        view.apply(draft.get_untracked());
        popover.close();
    };
    view! {
        <form method="get" class="editor" on:submit=apply>
            {move || {
                let with_times = with_times.get();
                let fields = fields.get_value().into_iter();
                fields.map(|filter| view! { <TimeField filter draft with_times/> }).collect_view()
            }}
            <Switch id="set-times" label="Set times" is_on=with_times on_change=switch/>
            <p class="faint">"Calendar days, the last one included. Time zone: " {move || view.zone.get()}</p>
            <EditorActions popover/>
        </form>
    }
}

#[component]
fn TimeField(filter: Filter, draft: Draft, with_times: bool) -> impl IntoView {
    let id = format!("filter-{}", filter.name);
    let with_times = with_times && filter.kind == FilterKind::Timestamp;
    let label = match with_times {
        true => filter.label.clone(),
        false => day_label(&filter).to_owned(),
    };
    let value = draft.with_untracked(|draft| draft.get(&filter.name).cloned().unwrap_or_default());
    // A field of times shows nothing for a time with an offset, which a link may contain.
    let (kind, shown) = match with_times {
        true if is_wall_time(&value) => ("datetime-local", value),
        true => ("text", value),
        false => ("date", day_of(&filter, &value).unwrap_or_default()),
    };
    let input = move |event| {
        let input = event_target::<HtmlInputElement>(&event);
        // An incomplete date has an empty value. Taking that for "no filter" would clear the field while the visitor types.
        if input.validity().bad_input() {
            return;
        }
        let value = match with_times {
            true => input.value(),
            false => value_of_day(&filter, &input.value()),
        };
        draft.update(|draft| drop(draft.insert(filter.name.clone(), value)));
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id.clone()
                type=kind
                step=with_times.then_some("1")
                data-testid=id
                prop:value=shown
                on:input=input
            />
        </div>
    }
}
