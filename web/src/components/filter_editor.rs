//! The editor of one filter or parameter.

use api::datasets::{FilterKind, Parameter};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::popover::{EditorActions, PopoverState};
use super::switch::Switch;
use super::tick_list::TickList;
use crate::dataset_view::DatasetView;
use crate::filter_chip::field_label;

#[component]
pub fn FilterEditor(view: DatasetView, name: String, popover: PopoverState) -> impl IntoView {
    let (filter, parameter) = view.dataset.with_value(|dataset| {
        let filter = dataset.filters.iter().find(|filter| filter.name == name);
        let parameter = dataset.parameters.iter().find(|parameter| parameter.name == name);
        (filter.cloned(), parameter.cloned())
    });
    match (filter, parameter) {
        (Some(filter), _) if filter.options || !filter.values.is_empty() => {
            view! { <TickList view filter popover/> }.into_any()
        }
        (Some(filter), _) => {
            let label = field_label(&filter);
            view! { <ValueForm view name kind=filter.kind label default=String::new() popover/> }.into_any()
        }
        (
            None,
            Some(Parameter {
                kind, label, default, ..
            }),
        ) => view! { <ValueForm view name kind label default popover/> }.into_any(),
        (None, None) => ().into_any(),
    }
}

#[component]
fn ValueForm(
    view: DatasetView,
    name: String,
    kind: FilterKind,
    label: String,
    default: String,
    popover: PopoverState,
) -> impl IntoView {
    let id = format!("filter-{name}");
    let applied = view.filters.with_untracked(|filters| filters.get(&name).cloned());
    let value = RwSignal::new(applied.unwrap_or(default));
    let field = match kind {
        FilterKind::Boolean => {
            let is_on = Signal::derive(move || value.with(|value| value == "true"));
            let switch = move |is_on: bool| value.set(is_on.to_string());
            view! { <Switch id label is_on on_change=switch/> }.into_any()
        }
        kind => {
            let mode = match kind {
                FilterKind::Integer => Some("numeric"),
                FilterKind::Decimal => Some("decimal"),
                _ => None,
            };
            view! {
                <div class="field">
                    <label for=id.clone()>{label}</label>
                    <input
                        id=id.clone()
                        type="text"
                        inputmode=mode
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        data-testid=id
                        bind:value=value
                    />
                </div>
            }
            .into_any()
        }
    };
    let apply = move |event: SubmitEvent| {
        event.prevent_default();
        value.with_untracked(|value| view.apply_one(&name, value));
        popover.close();
    };
    view! {
        <form method="get" class="editor" on:submit=apply>
            {field}
            <EditorActions popover/>
        </form>
    }
}
