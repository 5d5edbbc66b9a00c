//! The applied filters as chips, and the popover in which they are chosen and edited.

use std::collections::BTreeMap;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::filter_editor::FilterEditor;
use super::filter_menu::FilterMenu;
use super::popover::{Popover, PopoverContent, PopoverState, opener_of};
use super::quick_ranges::QuickRanges;
use super::switches_editor::SwitchesEditor;
use super::time_editor::TimeEditor;
use crate::dataset_view::DatasetView;
use crate::filter_chip::{Chip, SWITCHES, chips};
use crate::keys::{KeyAction, Keys};
use crate::quick_range::is_time;

#[component]
pub fn Filters(view: DatasetView) -> impl IntoView {
    let popover = PopoverState::new();
    let has_choice = view
        .dataset
        .with_value(|dataset| !(dataset.filters.is_empty() && dataset.parameters.is_empty()));
    let shown = move || {
        let content = popover.get()?;
        let label = label(view, &content);
        Some(match content {
            PopoverContent::Menu => view! {
                <Popover popover label><FilterMenu view popover/></Popover>
            }
            .into_any(),
            PopoverContent::Times => view! {
                <Popover popover label><TimeEditor view popover/></Popover>
            }
            .into_any(),
            PopoverContent::Switches => view! {
                <Popover popover label><SwitchesEditor view popover/></Popover>
            }
            .into_any(),
            PopoverContent::Value(name) => view! {
                <Popover popover label><FilterEditor view name popover/></Popover>
            }
            .into_any(),
        })
    };
    has_choice.then(|| {
        view! {
            <div class="filters">
                <QuickRanges view popover/>
                <ChipList view popover/>
                {shown}
            </div>
        }
    })
}

fn label(view: DatasetView, content: &PopoverContent) -> String {
    let name = match content {
        PopoverContent::Menu => return "Add a filter".to_owned(),
        PopoverContent::Times => return "Time range".to_owned(),
        PopoverContent::Switches => return "Contents of a row".to_owned(),
        PopoverContent::Value(name) => name,
    };
    view.dataset.with_value(|dataset| {
        let filter = dataset.filters.iter().find(|filter| filter.name == *name);
        let parameter = dataset
            .parameters
            .iter()
            .find(|parameter| parameter.name == *name);
        filter
            .map(|filter| filter.label.clone())
            .or_else(|| parameter.map(|parameter| parameter.label.clone()))
            .unwrap_or_else(|| name.clone())
    })
}

#[component]
fn ChipList(view: DatasetView, popover: PopoverState) -> impl IntoView {
    Effect::new(move || view.name_values());
    let list = Memo::new(move |_| {
        view.dataset.with_value(|dataset| {
            view.filters
                .with(|filters| view.value_names.with(|names| chips(dataset, filters, names)))
        })
    });
    let has_filters = move || view.filters.with(|filters| !filters.is_empty());
    let clear = move || {
        has_filters().then(|| {
            let clear = move |_| view.apply(BTreeMap::new());
            view! { <button type="button" class="quiet" data-testid="clear-filters" on:click=clear>"Clear filters"</button> }
        })
    };
    let add = popover.add_button();
    let toggle_menu = move || {
        let opener = add.get_untracked();
        popover.toggle(PopoverContent::Menu, opener.map(|add| add.unchecked_into()));
    };
    expect_context::<Keys>().on(KeyAction::Filter, toggle_menu);
    view! {
        <div class="chips">
            <For each=move || list.get() key=|chip| chip.clone() let:chip>
                <ChipItem view chip popover/>
            </For>
            <button
                type="button"
                class="chip-add"
                aria-haspopup="dialog"
                aria-expanded=move || popover.is(&PopoverContent::Menu).to_string()
                data-testid="add-filter"
                node_ref=add
                on:click=move |_| toggle_menu()
            >
                "+ Filter"
            </button>
            {clear}
        </div>
    }
}

#[component]
fn ChipItem(view: DatasetView, chip: Chip, popover: PopoverState) -> impl IntoView {
    let Chip {
        name,
        text,
        is_removable,
        is_switch,
    } = chip;
    let editor = view.dataset.with_value(|dataset| {
        let filter = dataset.filters.iter().find(|filter| filter.name == name);
        match filter.is_some_and(is_time) {
            true => PopoverContent::Times,
            false if name == SWITCHES => PopoverContent::Switches,
            false => PopoverContent::Value(name.clone()),
        }
    });
    let problem_id = format!("filter-{name}-problem");
    let problem = {
        let name = name.clone();
        Memo::new(move |_| view.problem_of_filter(&name).map(|problem| problem.detail))
    };
    let is_wrong = move || problem.with(Option::is_some);
    let remove = is_removable.then(|| {
        let (name, testid) = (name.clone(), format!("remove-{name}"));
        let remove = move |_| match name == SWITCHES {
            true => view.reset_switches(),
            false => view.apply_one(&name, ""),
        };
        view! {
            <button
                type="button"
                class="chip-remove"
                aria-label=format!("Remove {text}")
                data-testid=testid
                on:click=remove
            >
                "×"
            </button>
        }
    });
    let testid = format!("chip-{name}");
    let content = match is_switch && is_removable {
        true => view! { <span class="chip-text" data-testid=testid>{text}</span> }.into_any(),
        false => {
            let edit = move |event| popover.toggle(editor.clone(), opener_of(&event));
            view! {
                <button
                    type="button"
                    class="chip-text"
                    aria-haspopup="dialog"
                    aria-describedby=problem_id.clone()
                    data-testid=testid
                    on:click=edit
                >
                    {text}
                </button>
            }
            .into_any()
        }
    };
    view! {
        <div class="chip" class:wrong=is_wrong>
            <span class="chip-body">{content} {remove}</span>
            <p class="field-problem" id=problem_id role="alert">{move || problem.get()}</p>
        </div>
    }
}
