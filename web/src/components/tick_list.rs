//! The values that a filter offers, by name. The server searches if it does not list all of them.

use api::datasets::{Filter, FilterKind, FilterOption, FilterOptions};
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use super::popover::{EditorActions, PopoverState};
use crate::client;
use crate::dataset_view::DatasetView;
use crate::filter_chip::{field_label, joined, values};
use crate::load::Load;

/// The greatest number of values that the list shows at once.
const SHOWN_MAX: usize = 200;

#[component]
pub fn TickList(view: DatasetView, filter: Filter, popover: PopoverState) -> impl IntoView {
    let id = format!("filter-{}", filter.name);
    let applied = view
        .filters
        .with_untracked(|filters| filters.get(&filter.name).map(|value| values(&filter, value)));
    let applied = applied.unwrap_or_default();
    let chosen = RwSignal::new(applied.clone());
    let text = RwSignal::new(String::new());
    let search = OptionSearch::load(view, &filter, text);
    let many = filter.many;
    let filter = StoredValue::new(filter);

    let apply = move || {
        filter.with_value(|filter| {
            view.apply_one(&filter.name, &chosen.with_untracked(|chosen| joined(chosen)))
        });
        popover.close();
    };
    let choose = move |option: FilterOption| {
        let name = filter.with_value(|filter| filter.name.clone());
        view.value_names.update(|names| {
            names.insert((name, option.value.clone()), option.label);
        });
        if !many {
            chosen.set(vec![option.value]);
            return apply();
        }
        chosen.update(
            |chosen| match chosen.iter().position(|value| *value == option.value) {
                Some(at) => drop(chosen.remove(at)),
                None => chosen.push(option.value),
            },
        );
    };
    // The value that is named as the text, the only one that is found, or the text itself.
    let typed = move || {
        let typed = text.with_untracked(|text| text.trim().to_owned());
        let found = untrack(|| search.found());
        let exact = found
            .iter()
            .position(|option| option.label == typed || option.value == typed);
        let is_closed = filter.with_value(|filter| !filter.values.is_empty());
        match (exact, found.len()) {
            _ if typed.is_empty() => None,
            (Some(at), _) => Some(found[at].clone()),
            (None, 1) => Some(found[0].clone()),
            _ if is_closed => None,
            _ => Some(FilterOption {
                value: typed.clone(),
                label: typed,
            }),
        }
    };
    let enter = move |event: KeyboardEvent| {
        if event.key() == "Enter"
            && let Some(option) = typed()
        {
            event.prevent_default();
            choose(option);
        }
    };
    // Applying takes the text only if nothing was chosen from the list.
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let is_new = |option: &FilterOption| {
            chosen.with_untracked(|chosen| *chosen == applied && !chosen.contains(&option.value))
        };
        match typed().filter(is_new) {
            Some(option) if many => {
                choose(option);
                apply();
            }
            Some(option) => choose(option),
            None => apply(),
        }
    };
    let mode = filter
        .with_value(|filter| (filter.kind == FilterKind::Integer && !filter.options).then_some("numeric"));
    let items = move || {
        let found = search.found();
        let rest = found.len().saturating_sub(SHOWN_MAX);
        let items = found.into_iter().take(SHOWN_MAX).map(|option| {
            let value = option.value.clone();
            let is_chosen = Signal::derive(move || chosen.with(|chosen| chosen.contains(&value)));
            view! { <Item option is_chosen many choose/> }
        });
        let items = items.collect_view();
        view! {
            {items}
            {(rest > 0).then(|| view! { <li class="faint">{format!("{rest} more. Type a part of a name.")}</li> })}
        }
    };
    view! {
        <form method="get" class="editor" on:submit=submit>
            <div class="field">
                <label for=id.clone()>{filter.with_value(field_label)}</label>
                <input
                    id=id.clone()
                    type="search"
                    inputmode=mode
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder="Search"
                    data-testid=id
                    bind:value=text
                    on:keydown=enter
                />
            </div>
            <ul class="menu-items ticks" aria-label="Values">{items}</ul>
            <p class="faint" role="status">{move || search.note()}</p>
            <EditorActions popover/>
        </form>
    }
}

#[component]
fn Item(
    option: FilterOption,
    is_chosen: Signal<bool>,
    many: bool,
    choose: impl Fn(FilterOption) + Copy + 'static,
) -> impl IntoView {
    let label = option.label.clone();
    let title = (option.label != option.value).then(|| option.value.clone());
    let testid = format!("value-{}", option.value);
    view! {
        <li>
            <button
                type="button"
                class="quiet"
                role=many.then_some("checkbox")
                aria-checked=move || many.then(|| is_chosen.get().to_string())
                aria-current=move || (!many && is_chosen.get()).then_some("true")
                title=title
                data-testid=testid
                on:click=move |_| choose(option.clone())
            >
                {many.then(|| view! { <span class="tick" aria-hidden="true"></span> })}
                {label}
            </button>
        </li>
    }
}

/// The values that the search text finds.
#[derive(Clone, Copy)]
struct OptionSearch {
    all: Load<FilterOptions>,
    /// What the server finds, if it does not list all.
    searched: Load<FilterOptions>,
    text: RwSignal<String>,
}

impl OptionSearch {
    fn load(view: DatasetView, filter: &Filter, text: RwSignal<String>) -> Self {
        let dataset = view.dataset.with_value(|dataset| dataset.name.clone());
        let workspace = view.workspace.get_value();
        let names = StoredValue::new((dataset, workspace, filter.name.clone()));
        let declared = filter.values.clone();
        let all = Load::new(move || {
            let (declared, (dataset, workspace, name)) = (declared.clone(), names.get_value());
            Some(async move {
                match declared.is_empty() {
                    true => client::options(dataset, workspace, name, None).await,
                    false => Ok(named_as_they_are(declared)),
                }
            })
        });
        let searched = Load::new(move || {
            let is_truncated = all.with(|all| all.is_some_and(|all| all.truncated));
            let text = text.with(|text| text.trim().to_owned());
            let (dataset, workspace, name) = names.get_value();
            (is_truncated && !text.is_empty()).then(|| client::options(dataset, workspace, name, Some(text)))
        });
        Self { all, searched, text }
    }

    /// Returns the load that has the values for the search text.
    fn source(self) -> Load<FilterOptions> {
        let is_truncated = self.all.with(|all| all.is_some_and(|all| all.truncated));
        match is_truncated && self.text.with(|text| !text.trim().is_empty()) {
            true => self.searched,
            false => self.all,
        }
    }

    fn found(self) -> Vec<FilterOption> {
        let text = self.text.with(|text| text.trim().to_lowercase());
        let mut options = self.source().value().unwrap_or_default().options;
        options.retain(|option| option.label.to_lowercase().contains(&text));
        options
    }

    fn note(self) -> Option<String> {
        let source = self.source();
        let is_truncated = source.with(|list| list.is_some_and(|list| list.truncated));
        match source.problem() {
            Some(problem) => Some(problem.title),
            None if source.is_busy() => Some("Loading…".to_owned()),
            None if is_truncated => Some("More values exist. Type a part of a name to find them.".to_owned()),
            None if self.found().is_empty() => Some("No value has this text in its name.".to_owned()),
            None => None,
        }
    }
}

fn named_as_they_are(values: Vec<String>) -> FilterOptions {
    let options = values.into_iter().map(|value| FilterOption {
        label: value.clone(),
        value,
    });
    FilterOptions {
        options: options.collect(),
        truncated: false,
    }
}
