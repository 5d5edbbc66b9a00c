//! Filters that one click sets, such as the last seven days.

use leptos::prelude::*;

use super::popover::{PopoverContent, PopoverState, opener_of};
use crate::dataset_view::DatasetView;
use crate::quick_range::{self, is_time};

#[component]
pub fn QuickRanges(view: DatasetView, popover: PopoverState) -> impl IntoView {
    let (quick, has_times) = view
        .dataset
        .with_value(|dataset| (dataset.quick.clone(), dataset.filters.iter().any(is_time)));
    if quick.is_empty() {
        return None;
    }
    let active = Memo::new(move |_| {
        let today = view.today();
        view.dataset.with_value(|dataset| {
            view.filters
                .with(|filters| quick_range::active(dataset, filters, &today).map(str::to_owned))
        })
    });
    let buttons = quick.into_iter().map(|quick| {
        let (name, testid) = (quick.name.clone(), format!("quick-{}", quick.name));
        let label = quick.label.clone();
        let is_active = move || active.with(|active| active.as_ref() == Some(&name)).to_string();
        let title = {
            let quick = quick.clone();
            move || quick_range::explanation(&quick, &view.today(), &view.zone.get())
        };
        let choose = move |_| {
            let filters = view.filters.get_untracked();
            let today = untrack(|| view.today());
            let filters = view
                .dataset
                .with_value(|dataset| quick_range::applied(dataset, &quick, &filters, &today));
            view.apply(filters);
        };
        view! {
            <button type="button" title=title aria-pressed=is_active data-testid=testid on:click=choose>{label}</button>
        }
    });
    let buttons = buttons.collect_view();
    let custom = has_times.then(|| {
        let has_time = move || {
            view.dataset.with_value(|dataset| {
                view.filters
                    .with(|filters| quick_range::has_time(dataset, filters))
            })
        };
        let is_other = move || (active.with(Option::is_none) && has_time()).to_string();
        view! {
            <button
                type="button"
                aria-pressed=is_other
                aria-expanded=move || popover.is(&PopoverContent::Times).to_string()
                data-testid="quick-custom"
                on:click=move |event| popover.toggle(PopoverContent::Times, opener_of(&event))
            >
                "Custom…"
            </button>
        }
    });
    Some(view! { <div class="quick" role="group" aria-label="Time range">{buttons} {custom}</div> })
}
