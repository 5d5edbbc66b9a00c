//! The person whose data a bundle has, by name or id, for administrators.

use api::datasets::FilterOptions;
use leptos::prelude::*;

use crate::bundle_view::BundleView;
use crate::client;
use crate::hub::Hub;
use crate::load::Load;

/// The dataset and the filter whose values are the users of a hub.
const USERS: (&str, &str) = ("usage-logs", "user");

/// A field that suggests the users of a hub. Without a hub, the text is an id.
#[component]
pub fn PersonField(view: BundleView) -> impl IntoView {
    let hub = expect_context::<Hub>();
    let text = RwSignal::new(view.person.get_untracked());
    let users = Load::new(move || {
        let (dataset, filter) = USERS;
        let text = Some(text.get()).filter(|text| !text.trim().is_empty());
        hub.exists()
            .then(|| client::options(dataset.to_owned(), None, filter.to_owned(), text))
    });
    let all = Load::new(move || {
        let (dataset, filter) = USERS;
        hub.exists()
            .then(|| client::options(dataset.to_owned(), None, filter.to_owned(), None))
    });
    Effect::new(move || {
        all.with(|_| ());
        users.with(|_| ());
        let person = text.with(|text| person_of(users, all, text));
        view.is_person_unknown.set(person.is_none());
        let person = person.unwrap_or_default();
        if view.person.with_untracked(|before| *before != person) {
            view.person.set(person);
        }
    });
    // A link and *Back* give the id of a person. The field shows the name, unless the visitor is typing.
    let is_typed = StoredValue::new(false);
    Effect::new(move || {
        let person = view.person.get();
        let name = all.with(|all| name_of(all, &person));
        let is_other = text
            .with_untracked(|text| person_of(users, all, text))
            .unwrap_or_default()
            != person;
        if is_other || !is_typed.get_value() {
            let shown = name.unwrap_or(person);
            if text.with_untracked(|text| *text != shown) {
                text.set(shown);
            }
        }
    });
    let input = move |event| {
        is_typed.set_value(true);
        text.set(event_target_value(&event));
    };
    let suggestions = move || {
        let options = users.value().unwrap_or_default().options.into_iter();
        options
            .map(|option| view! { <option value=option.label></option> })
            .collect_view()
    };
    let placeholder = match view.needs_person() {
        true => "Name or id",
        false => "You; or the name or id of another person",
    };
    view! {
        <div class="field person">
            <label for="bundle-person">"Person"</label>
            <input
                id="bundle-person"
                type="text"
                list="bundle-people"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=placeholder
                data-testid="bundle-person"
                prop:value=move || text.get()
                on:input=input
            />
            <datalist id="bundle-people">{suggestions}</datalist>
            <p class="faint" data-testid="bundle-person-id">
                {move || view.person.with(|person| (!person.is_empty() && *person != text.get()).then(|| format!("User {person}")))}
            </p>
        </div>
    }
}

/// Returns the id of the user with this name, or the text itself if it is an id. `None`: it is neither.
fn person_of(users: Load<FilterOptions>, all: Load<FilterOptions>, text: &str) -> Option<String> {
    let text = text.trim();
    let found = |options: Option<&FilterOptions>| {
        let mut options = options?.options.iter();
        options
            .find(|option| option.label == text)
            .map(|option| option.value.clone())
    };
    let found = untrack(|| all.with(found).or_else(|| users.with(found)));
    // The users of a hub have whole numbers.
    let has_users = untrack(|| all.with(|all| all.is_some()));
    let is_id = !has_users || text.bytes().all(|byte| byte.is_ascii_digit());
    found.or_else(|| is_id.then(|| text.to_owned()))
}

fn name_of(users: Option<&FilterOptions>, id: &str) -> Option<String> {
    let mut options = users?.options.iter();
    options
        .find(|option| option.value == id)
        .map(|option| option.label.clone())
}
