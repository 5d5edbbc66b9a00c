//! One filter: a field that fits its kind.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::dataset::{Filter, FilterKind, FilterOptions};
use crate::dataset_view::DatasetView;
use crate::wall_time::is_wall_time;

type Draft = RwSignal<BTreeMap<String, String>>;

/// A filter's label, its field, and what the server has against its value.
#[component]
pub fn FilterField(view: DatasetView, filter: Filter, draft: Draft) -> impl IntoView {
    let id = format!("filter-{}", filter.name);
    let problem_id = format!("{id}-problem");
    let problem = {
        let name = filter.name.clone();
        Memo::new(move |_| view.problem_of_filter(&name).map(|problem| problem.detail))
    };
    let invalid = move || problem.with(Option::is_some).to_string();
    let label = filter.label.clone();
    let zone = (filter.kind == FilterKind::Timestamp)
        .then_some(move || format!(" ({})", view.zone.get().unwrap_or_else(|| "UTC".to_owned())));
    let is_switch = filter.kind == FilterKind::Boolean;
    let field = match filter.kind {
        FilterKind::Boolean => switch(&filter, &id, draft).into_any(),
        FilterKind::Timestamp => time_field(&filter, &id, draft).into_any(),
        FilterKind::Integer if filter.options => {
            let name = filter.name.clone();
            let options = Memo::new(move |_| view.options.with(|all| all?.get(&name).cloned()));
            let failed = Memo::new(move |_| view.options.problem().is_some());
            let (filter, id) = (filter.clone(), id.clone());
            (move || match options.get() {
                // More values than a list can hold, or none to be had: then the number is typed.
                Some(FilterOptions { truncated: true, .. }) => {
                    text_field(&filter, &id, draft, view).into_any()
                }
                None if failed.get() => text_field(&filter, &id, draft, view).into_any(),
                options => select(&filter, &id, draft, options).into_any(),
            })
            .into_any()
        }
        FilterKind::Integer | FilterKind::Text => text_field(&filter, &id, draft, view).into_any(),
    };
    view! {
        <div class="field" class:switch-field=is_switch aria-invalid=invalid>
            <label for=id>{label} {zone}</label>
            {field}
            <p class="field-problem" id=problem_id role="alert">{move || problem.get()}</p>
        </div>
    }
}

fn switch(filter: &Filter, id: &str, draft: Draft) -> impl IntoView + use<> {
    let name = filter.name.clone();
    let is_on = {
        let name = name.clone();
        move || draft.with(|draft| draft.get(&name).is_some_and(|value| value == "true"))
    };
    let set = move |event| {
        enter(
            draft,
            &name,
            if event_target_checked(&event) { "true" } else { "" },
        )
    };
    view! {
        <input
            id=id.to_owned()
            type="checkbox"
            role="switch"
            data-testid=id.to_owned()
            prop:checked=is_on
            on:change=set
        />
    }
}

fn time_field(filter: &Filter, id: &str, draft: Draft) -> impl IntoView + use<> {
    let name = filter.name.clone();
    // A link may hold a time with its zone, which a date and time field would not show.
    let kind = {
        let name = name.clone();
        move || {
            draft.with(|draft| {
                if draft.get(&name).is_none_or(|value| is_wall_time(value)) {
                    "datetime-local"
                } else {
                    "text"
                }
            })
        }
    };
    let value = value_of(draft, &name);
    view! {
        <input
            id=id.to_owned()
            type=kind
            step="1"
            data-testid=id.to_owned()
            prop:value=value
            on:change=move |event| enter(draft, &name, &event_target_value(&event))
        />
    }
}

fn text_field(filter: &Filter, id: &str, draft: Draft, view: DatasetView) -> impl IntoView + use<> {
    let name = filter.name.clone();
    let list_id = format!("{id}-options");
    let list = {
        let name = name.clone();
        move || {
            view.options.with(|all| {
                all.and_then(|all| all.get(&name))
                    .map(|options| options.options.clone())
            })
        }
    };
    let suggestions = filter.options.then(|| {
        view! {
            <datalist id=list_id.clone()>
                {move || list().unwrap_or_default().into_iter().map(|option| {
                    view! { <option value=option.value>{option.label}</option> }
                }).collect_view()}
            </datalist>
        }
    });
    let mode = if filter.kind == FilterKind::Integer {
        "numeric"
    } else {
        "text"
    };
    view! {
        <input
            id=id.to_owned()
            type="text"
            inputmode=mode
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            list=filter.options.then_some(list_id)
            data-testid=id.to_owned()
            prop:value=value_of(draft, &name)
            on:input=move |event| enter(draft, &name, &event_target_value(&event))
        />
        {suggestions}
    }
}

fn select(filter: &Filter, id: &str, draft: Draft, options: Option<FilterOptions>) -> impl IntoView + use<> {
    let name = filter.name.clone();
    let value = value_of(draft, &name);
    let is_loading = options.is_none();
    let options = options.unwrap_or_default();
    let current = value();
    let is_listed = current.is_empty() || options.options.iter().any(|option| option.value == current);
    let unlisted = (!is_listed).then(|| view! { <option value=current.clone()>{current.clone()}</option> });
    let with_values = options.have_labels();
    let options = options.options.into_iter().map(|option| {
        let title = with_values.then(|| option.value.clone());
        view! { <option value=option.value title=title>{option.label}</option> }
    });
    view! {
        <select
            id=id.to_owned()
            data-testid=id.to_owned()
            prop:value=value
            on:change=move |event| enter(draft, &name, &event_target_value(&event))
        >
            <option value="">{if is_loading { "Loading…" } else { "Any" }}</option>
            {unlisted}
            {options.collect_view()}
        </select>
    }
}

fn value_of(draft: Draft, name: &str) -> impl Fn() -> String + Clone + use<> {
    let name = name.to_owned();
    move || draft.with(|draft| draft.get(&name).cloned().unwrap_or_default())
}

fn enter(draft: Draft, name: &str, value: &str) {
    draft.update(|draft| {
        if value.is_empty() {
            draft.remove(name);
        } else {
            draft.insert(name.to_owned(), value.to_owned());
        }
    });
}
