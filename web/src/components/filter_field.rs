//! The field of one filter.

use std::collections::BTreeMap;

use api::datasets::{Filter, FilterKind, FilterOption, FilterOptions};
use leptos::prelude::*;

use crate::dataset_view::DatasetView;
use crate::wall_time::is_wall_time;

/// Filter values as typed, before they are applied.
pub type Draft = RwSignal<BTreeMap<String, String>>;

/// Shows the label, a field for the filter's kind, and the server's problem with its value.
#[component]
pub fn FilterField(view: DatasetView, filter: Filter, draft: Draft) -> impl IntoView {
    let problem = {
        let name = filter.name.clone();
        Memo::new(move |_| view.problem_of_filter(&name).map(|problem| problem.detail))
    };
    let field = Field {
        id: format!("filter-{}", filter.name),
        problem_id: format!("filter-{}-problem", filter.name),
        name: filter.name.clone(),
        draft,
        problem,
    };
    let (id, problem_id) = (field.id.clone(), field.problem_id.clone());
    let is_switch = filter.kind == FilterKind::Boolean;
    let zone = (filter.kind == FilterKind::Timestamp)
        .then_some(move || format!(" ({})", view.zone.get().unwrap_or_else(|| "UTC".to_owned())));
    let input = match filter.kind {
        FilterKind::Boolean => field.switch().into_any(),
        FilterKind::Timestamp => field.time().into_any(),
        FilterKind::Integer if filter.options => number_of_list(view, field).into_any(),
        kind => {
            let suggestions = filter.options.then(|| options_of(view, &field.name));
            field.text(kind, suggestions).into_any()
        }
    };
    view! {
        <div class="field" class:switch-field=is_switch>
            <label for=id>{filter.label} {zone}</label>
            {input}
            <p class="field-problem" id=problem_id role="alert">{move || problem.get()}</p>
        </div>
    }
}

/// A list of names for a number. It becomes a text field if the server has more values than it lists, or
/// cannot list them.
fn number_of_list(view: DatasetView, field: Field) -> impl IntoView {
    let options = options_of(view, &field.name);
    let failed = Memo::new(move |_| view.options.problem().is_some());
    move || match options.get() {
        Some(FilterOptions { truncated: true, .. }) => {
            field.text(FilterKind::Integer, Some(options)).into_any()
        }
        None if failed.get() => field.text(FilterKind::Integer, None).into_any(),
        options => field.select(options).into_any(),
    }
}

fn options_of(view: DatasetView, name: &str) -> Memo<Option<FilterOptions>> {
    let name = name.to_owned();
    Memo::new(move |_| view.options.with(|all| all?.get(&name).cloned()))
}

struct Field {
    id: String,
    problem_id: String,
    name: String,
    draft: Draft,
    problem: Memo<Option<String>>,
}

impl Field {
    fn switch(&self) -> impl IntoView + use<> {
        let value = self.value();
        let enter = self.enter();
        view! {
            <input
                id=self.id.clone()
                type="checkbox"
                role="switch"
                data-testid=self.id.clone()
                prop:checked=move || value() == "true"
                on:change=move |event| enter(if event_target_checked(&event) { "true" } else { "" })
            />
        }
    }

    fn time(&self) -> impl IntoView + use<> {
        let (value, enter) = (self.value(), self.enter());
        // A date and time field would show nothing for a time with an offset, which a link may contain.
        let kind = {
            let value = value.clone();
            move || {
                if is_wall_time(&value()) {
                    "datetime-local"
                } else {
                    "text"
                }
            }
        };
        let input = move |event| {
            let input = event_target::<web_sys::HtmlInputElement>(&event);
            // An incomplete date has an empty value. Taking that for "no filter" would clear the field while
            // the visitor types.
            if !input.validity().bad_input() {
                enter(&input.value());
            }
        };
        view! {
            <input
                id=self.id.clone()
                type=kind
                step="1"
                data-testid=self.id.clone()
                aria-invalid=self.is_invalid()
                aria-describedby=self.problem_id.clone()
                prop:value=value
                on:input=input
            />
        }
    }

    fn text(&self, kind: FilterKind, options: Option<Memo<Option<FilterOptions>>>) -> impl IntoView + use<> {
        let (value, enter) = (self.value(), self.enter());
        let list_id = options.map(|_| format!("{}-options", self.id));
        let suggestions = options.map(|options| {
            let items = move || {
                options
                    .get()
                    .unwrap_or_default()
                    .options
                    .into_iter()
                    .map(item)
                    .collect_view()
            };
            view! { <datalist id=list_id.clone()>{items}</datalist> }
        });
        let mode = (kind == FilterKind::Integer).then_some("numeric");
        view! {
            <input
                id=self.id.clone()
                type="text"
                inputmode=mode
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                list=list_id
                data-testid=self.id.clone()
                aria-invalid=self.is_invalid()
                aria-describedby=self.problem_id.clone()
                prop:value=value
                on:input=move |event| enter(&event_target_value(&event))
            />
            {suggestions}
        }
    }

    fn select(&self, options: Option<FilterOptions>) -> impl IntoView + use<> {
        let (value, enter) = (self.value(), self.enter());
        let any = if options.is_none() { "Loading…" } else { "Any" };
        let options = options.unwrap_or_default().options;
        // Untracked: a choice must not render the list again, because it would lose the focus.
        let current = untrack(&value);
        let is_listed = current.is_empty() || options.iter().any(|option| option.value == current);
        let unlisted = (!is_listed).then(|| {
            item(FilterOption {
                value: current.clone(),
                label: current,
            })
        });
        view! {
            <select
                id=self.id.clone()
                data-testid=self.id.clone()
                aria-invalid=self.is_invalid()
                aria-describedby=self.problem_id.clone()
                prop:value=value
                on:change=move |event| enter(&event_target_value(&event))
            >
                <option value="">{any}</option>
                {unlisted}
                {options.into_iter().map(item).collect_view()}
            </select>
        }
    }

    fn value(&self) -> impl Fn() -> String + Clone + use<> {
        let (draft, name) = (self.draft, self.name.clone());
        move || draft.with(|draft| draft.get(&name).cloned().unwrap_or_default())
    }

    fn enter(&self) -> impl Fn(&str) + use<> {
        let (draft, name) = (self.draft, self.name.clone());
        move |value| {
            draft.update(|draft| {
                if value.is_empty() {
                    draft.remove(&name);
                } else {
                    draft.insert(name.clone(), value.to_owned());
                }
            });
        }
    }

    fn is_invalid(&self) -> impl Fn() -> String + use<> {
        let problem = self.problem;
        move || problem.with(Option::is_some).to_string()
    }
}

fn item(option: FilterOption) -> impl IntoView {
    let title = (option.label != option.value).then(|| option.value.clone());
    view! { <option value=option.value title=title>{option.label}</option> }
}
