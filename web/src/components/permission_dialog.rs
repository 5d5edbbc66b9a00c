//! The dialog that gives a permission for exports, or changes one.

use std::collections::BTreeMap;

use api::export_permissions::{ANY, PermissionRole};
use api::exports::ExportType;
use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_export::options::Format;

use super::dialog::open_while;
use super::draft_field::DraftField;
use crate::permission_draft::{PermissionDraft, PermissionRight};
use crate::permission_form::PermissionForm;
use crate::wording::export::format_name;
use crate::wording::permissions as wording;

/// The option of the holder that is a person.
const PERSON: &str = "person";

type Draft = RwSignal<PermissionDraft>;

#[component]
pub fn PermissionDialog(
    form: PermissionForm,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_while(dialog, move || form.is_open());
    view! {
        <dialog
            class="card wide-dialog"
            aria-labelledby="permission-title"
            data-testid="permission-dialog"
            node_ref=dialog
            on:close=move |_| form.close()
        >
            {move || form.is_open().then(|| view! { <Form form titles/> })}
        </dialog>
    }
}

#[component]
fn Form(form: PermissionForm, titles: Memo<BTreeMap<String, String>>) -> impl IntoView {
    let draft = form.draft;
    let title = match untrack(|| form.is_new()) {
        true => "Add a permission",
        false => "Edit the permission",
    };
    let obstacle = Memo::new(move |_| draft.with(|draft| draft.obstacle()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        form.submit();
    };
    let problem = move || {
        form.problem.get().map(|problem| {
            view! {
                <p class="caution" role="alert" data-testid="permission-problem">{format!("{}: {}", problem.title, problem.detail)}</p>
            }
        })
    };
    let rights = PermissionRight::ALL
        .into_iter()
        .enumerate()
        .map(|(place, right)| view! { <RightField draft place right/> });
    view! {
        <form class="confirm" on:submit=submit>
            <h2 id="permission-title">{title}</h2>
            <Holder draft/>
            <Exports draft titles/>
            <fieldset class="permission-rights">
                <legend>"Rights"</legend>
                <div class="options">{rights.collect_view()}</div>
            </fieldset>
            <div class="options">
                <DraftField draft id="permission-rows" label="Rows of one export at most" placeholder="No limit"
                    get=|draft| draft.rows_max.clone() set=|draft, text| draft.rows_max = text/>
                <DraftField draft id="permission-until" label="Until" kind="datetime-local"
                    get=|draft| draft.until.clone() set=|draft, text| draft.until = text/>
            </div>
            {problem}
            <p class="faint" role="status" data-testid="permission-obstacle">{move || obstacle.get()}</p>
            <div class="confirm-actions">
                <button type="button" data-testid="permission-cancel" on:click=move |_| form.close()>"Cancel"</button>
                <button
                    type="submit"
                    class="primary"
                    aria-disabled=move || (obstacle.get().is_some() || form.is_sending()).then_some("true")
                    data-testid="permission-save"
                >
                    "Save"
                </button>
            </div>
        </form>
    }
}

/// The role or the person.
#[component]
fn Holder(draft: Draft) -> impl IntoView {
    let is_person = Memo::new(move |_| draft.with(|draft| draft.role.is_none()));
    let mut choices: Vec<_> = PermissionRole::ALL
        .iter()
        .map(|role| (role.word().to_owned(), wording::role(*role).to_owned()))
        .collect();
    choices.push((PERSON.to_owned(), "One person".to_owned()));
    let person = move || {
        is_person.get().then(|| {
            view! {
                <DraftField draft id="permission-subject" label="Person" placeholder="hub:7, jwt:… or token:admin"
                    get=|draft| draft.subject.clone() set=|draft, text| draft.subject = text/>
            }
        })
    };
    view! {
        <div class="options">
            <Choice draft id="permission-holder" label="For" choices=Signal::stored(choices)
                get=|draft| draft.role.map_or(PERSON, PermissionRole::word).to_owned()
                set=|draft, word| draft.role = PermissionRole::from_word(&word)/>
            {person}
        </div>
    }
}

/// The exports that the permission is for.
#[component]
fn Exports(draft: Draft, titles: Memo<BTreeMap<String, String>>) -> impl IntoView {
    let any = || (ANY.to_owned(), "Any".to_owned());
    let types = ExportType::ALL.map(|one| (one.word().to_owned(), wording::export_type(one).to_owned()));
    let types = std::iter::once(any()).chain(types).collect::<Vec<_>>();
    let formats = Format::ALL
        .iter()
        .map(|format| (format.word().to_owned(), format_name(*format).to_owned()));
    let formats = std::iter::once(any()).chain(formats).collect::<Vec<_>>();
    let datasets = Signal::derive(move || {
        let mut datasets: Vec<_> = std::iter::once(any()).chain(titles.get()).collect();
        // One of a permission may be gone.
        let chosen = draft.with(|draft| draft.dataset.clone());
        if !datasets.iter().any(|(name, _)| *name == chosen) {
            datasets.push((chosen.clone(), chosen));
        }
        datasets
    });
    view! {
        <div class="options">
            <Choice draft id="permission-type" label="Type of export" choices=Signal::stored(types)
                get=|draft| draft.export_type.clone() set=|draft, word| draft.export_type = word/>
            <Choice draft id="permission-dataset" label="Dataset or bundle" choices=datasets
                get=|draft| draft.dataset.clone() set=|draft, word| draft.dataset = word/>
            <Choice draft id="permission-format" label="Format" choices=Signal::stored(formats)
                get=|draft| draft.format.clone() set=|draft, word| draft.format = word/>
        </div>
    }
}

#[component]
fn RightField(draft: Draft, place: usize, right: PermissionRight) -> impl IntoView {
    let id = format!("permission-right-{place}");
    let options = [None, Some(true), Some(false)].map(|decision| {
        let word = wording::decision(decision);
        let is_chosen = move || draft.with(|draft| draft.rights[place] == decision);
        view! { <option value=word prop:selected=is_chosen>{word}</option> }
    });
    let choose = move |event| {
        let word = event_target_value(&event);
        let mut decisions = [None, Some(true), Some(false)].into_iter();
        let chosen = decisions.find(|decision| wording::decision(*decision) == word);
        draft.update(|draft| draft.rights[place] = chosen.flatten());
    };
    view! {
        <div class="field">
            <label for=id.clone()>{wording::right(right)}</label>
            <select id=id.clone() data-testid=id on:change=choose>{options.into_iter().collect_view()}</select>
        </div>
    }
}

#[component]
fn Choice(
    draft: Draft,
    /// Its test id, too.
    id: &'static str,
    label: &'static str,
    /// The word of each option with its label.
    choices: Signal<Vec<(String, String)>>,
    get: fn(&PermissionDraft) -> String,
    set: fn(&mut PermissionDraft, String),
) -> impl IntoView {
    let chosen = Memo::new(move |_| draft.with(get));
    let options = move || {
        let options = choices.get().into_iter().map(|(word, label)| {
            let value = word.clone();
            view! { <option value=value prop:selected=move || chosen.with(|chosen| *chosen == word)>{label}</option> }
        });
        options.collect_view()
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id data-testid=id on:change=move |event| draft.update(|draft| set(draft, event_target_value(&event)))>
                {options}
            </select>
        </div>
    }
}
