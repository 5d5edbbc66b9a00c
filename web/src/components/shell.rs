//! What surrounds every dataset: the product, the datasets, who is signed in.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::notice::Notice;
use super::toasts::Toasts;
use crate::address::Place;
use crate::api::{self, Me, Role};
use crate::dataset::Dataset;
use crate::load::Load;
use crate::pages::dataset::DatasetPage;
use crate::session::Session;

/// The page of somebody who is signed in.
#[component]
pub fn Shell(me: Me) -> impl IntoView {
    let datasets = Load::new(|| Some(api::datasets()));
    let place = RwSignal::new(address());
    // Only the visitor moves the address in a way that is heard here: by a link, a bookmark, the back button.
    let listener = window_event_listener(ev::hashchange, move |_| place.set(address()));
    on_cleanup(move || listener.remove());

    // Fetching the list again after a new sign-in does not touch the page of a dataset that is still in it.
    let shown = Memo::new(move |_| {
        let wanted = place.with(|place| place.dataset.clone());
        datasets.with(|datasets| {
            let mut datasets = datasets?.iter().filter(|dataset| dataset.available);
            match wanted {
                Some(name) => datasets.find(|dataset| dataset.name == name).cloned(),
                None => datasets.next().cloned(),
            }
        })
    });

    view! {
        <a class="skip" href="#content" on:click=skip_to_content>"Skip to the content"</a>
        <header class="top">
            <span class="brand">
                <img src="/logo.svg" alt="" width="28" height="28"/>
                "Decant"
            </span>
            <SignedIn me/>
        </header>
        <nav class="datasets" aria-label="Datasets">
            <ul>
                {move || datasets.value().unwrap_or_default().into_iter().map(|dataset| {
                    let is_shown = shown.with(|shown| shown.as_ref().is_some_and(|shown| shown.name == dataset.name));
                    view! { <DatasetLink dataset is_shown/> }
                }).collect_view()}
            </ul>
        </nav>
        <main id="content" tabindex="-1">
            {move || match shown.get() {
                Some(dataset) => {
                    let selection = place.get().selection;
                    view! { <DatasetPage dataset selection/> }.into_any()
                }
                None => view! { <NothingToShow datasets/> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn NothingToShow(datasets: Load<Vec<Dataset>>) -> impl IntoView {
    move || match datasets.problem() {
        Some(problem) => view! { <Notice problem on_retry=move || datasets.retry()/> }.into_any(),
        None if datasets.with(|datasets| datasets.is_none()) => {
            view! { <p class="faint" role="status">"Loading…"</p> }.into_any()
        }
        None => view! {
            <div class="notice">
                <p class="notice-title">"There is no such dataset"</p>
                <p>"Choose one of those listed. One that cannot be chosen says why."</p>
            </div>
        }
        .into_any(),
    }
}

#[component]
fn DatasetLink(dataset: Dataset, is_shown: bool) -> impl IntoView {
    let Dataset { name, title, available, reason, .. } = dataset;
    if available {
        let testid = format!("dataset-{name}");
        let current = is_shown.then_some("page");
        view! { <li><a href=format!("#{name}") aria-current=current data-testid=testid>{title}</a></li> }.into_any()
    } else {
        let reason = reason.unwrap_or_else(|| "not available".to_owned());
        view! { <li class="unavailable">{title} <span class="faint">{reason}</span></li> }.into_any()
    }
}

#[component]
fn SignedIn(me: Me) -> impl IntoView {
    let session = expect_context::<Session>();
    let toasts = expect_context::<Toasts>();
    let sign_out = move |_| {
        spawn_local(async move {
            if let Err(problem) = session.sign_out().await {
                toasts.error(format!("You are still signed in: {}", problem.title), problem.detail);
            }
        });
    };
    let role = match me.role {
        Role::Admin => "administrator",
        Role::User => "own rows only",
    };
    view! {
        <span class="who" data-testid="signed-in">
            <span class="who-name">{me.name}</span>
            <span class="badge">{role}</span>
        </span>
        <button type="button" class="quiet" data-testid="sign-out" on:click=sign_out>"Sign out"</button>
    }
}

/// Without this the link would change the address, which says what is shown.
fn skip_to_content(event: ev::MouseEvent) {
    event.prevent_default();
    if let Some(content) = document().get_element_by_id("content") {
        content.scroll_into_view();
        if let Some(content) = wasm_bindgen::JsCast::dyn_ref::<web_sys::HtmlElement>(&content) {
            let _ = content.focus();
        }
    }
}

fn address() -> Place {
    Place::parse(&window().location().hash().unwrap_or_default())
}
