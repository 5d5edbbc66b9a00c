//! Which background exports the list shows.

use std::collections::BTreeMap;

use api::exports::ExportStatus;
use leptos::prelude::*;
use wasm_export::options::Format;

use crate::exports_view::ExportsView;
use crate::route::ExportsChoice;
use crate::wording;

#[component]
pub fn BackgroundFilters(
    view: ExportsView,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
    is_administrator: bool,
) -> impl IntoView {
    let statuses = ExportStatus::ALL.into_iter();
    let statuses = statuses
        .map(|status| {
            (
                status.word().to_owned(),
                wording::background::status(status).to_owned(),
            )
        })
        .collect::<Vec<_>>();
    let formats = Format::ALL.iter();
    let formats = formats
        .map(|format| {
            (
                format.word().to_owned(),
                wording::export::format_name(*format).to_owned(),
            )
        })
        .collect::<Vec<_>>();
    // The list of a workspace has the exports that the visitor's role there may see.
    let has_owners = move || is_administrator && view.choice.with(|choice| choice.workspace.is_none());
    let clear = move || {
        view.choice.with(ExportsChoice::has_filters).then(|| {
            let clear = move |_| view.choice.update(|choice| *choice = choice.without_filters());
            view! { <button type="button" class="quiet" data-testid="exports-clear" on:click=clear>"Clear filters"</button> }
        })
    };
    view! {
        <div class="stored-filters" role="group" aria-label="Filters">
            {move || has_owners().then(|| view! { <Owners view/> })}
            <Choice
                view name="status" label="Status" any="Any status" options=Signal::stored(statuses)
                get=|choice| choice.status.map(|status| status.word().to_owned())
                set=|choice, word| choice.status = ExportStatus::from_word(word)
            />
            <Choice
                view name="dataset" label="Dataset" any="Any dataset"
                options=Signal::derive(move || titles.get().into_iter().collect())
                get=|choice| choice.dataset.clone()
                set=|choice, word| choice.dataset = Some(word.to_owned()).filter(|word| !word.is_empty())
            />
            <Choice
                view name="format" label="Format" any="Any format" options=Signal::stored(formats)
                get=|choice| choice.format.map(|format| format.word().to_owned())
                set=|choice, word| choice.format = word.parse().ok()
            />
            {clear}
        </div>
    }
}

/// The visitor's own exports, or those of everybody.
#[component]
fn Owners(view: ExportsView) -> impl IntoView {
    let choice = |is_all: bool, label: &'static str, testid: &'static str| {
        view! {
            <button
                type="button"
                aria-pressed=move || (view.choice.with(|choice| choice.is_all) == is_all).to_string()
                data-testid=testid
                on:click=move |_| view.choose(|choice| choice.is_all = is_all)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="quick" role="group" aria-label="Whose exports">
            {choice(false, "Mine", "exports-mine")}
            {choice(true, "Everyone", "exports-everyone")}
        </div>
    }
}

/// One of several values, or any.
#[component]
fn Choice(
    view: ExportsView,
    name: &'static str,
    label: &'static str,
    any: &'static str,
    /// The word of each value in the address, with its label.
    options: Signal<Vec<(String, String)>>,
    get: fn(&ExportsChoice) -> Option<String>,
    /// Gets an empty text for any value.
    set: fn(&mut ExportsChoice, &str),
) -> impl IntoView {
    let chosen = Memo::new(move |_| view.choice.with(get).unwrap_or_default());
    let options = move || {
        let mut options = options.get();
        let is_listed = |word: &String| options.iter().any(|(option, _)| option == word);
        // The address may name a dataset that is not listed.
        if let Some(word) = Some(chosen.get()).filter(|word| !word.is_empty() && !is_listed(word)) {
            options.push((word.clone(), word));
        }
        let options = options.into_iter().map(|(word, label)| {
            let value = word.clone();
            view! { <option value=value prop:selected=move || chosen.with(|chosen| *chosen == word)>{label}</option> }
        });
        options.collect_view()
    };
    view! {
        <select
            aria-label=label
            data-testid=format!("exports-{name}")
            on:change=move |event| {
                let word = event_target_value(&event);
                view.choose(|choice| set(choice, &word));
            }
        >
            <option value="" prop:selected=move || chosen.with(String::is_empty)>{any}</option>
            {options}
        </select>
    }
}
