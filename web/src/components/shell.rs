//! What surrounds every dataset: the product, the datasets, who is signed in.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;

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
    let go = move |to: Place| {
        // The skip link moves the address too, but not to another place.
        if place.with_untracked(|place| *place != to) {
            place.set(to);
        }
    };
    let listener = window_event_listener(ev::popstate, move |_| go(address()));
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
        <a class="skip" href="#content">"Skip to the content"</a>
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
                    let is_shown = shown.with(|shown| shown.as_ref().map(|shown| &shown.name) == Some(&dataset.name));
                    view! { <DatasetLink dataset is_shown go/> }
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
fn DatasetLink(dataset: Dataset, is_shown: bool, go: impl Fn(Place) + 'static) -> impl IntoView {
    let Dataset {
        name,
        title,
        available,
        reason,
        ..
    } = dataset;
    if !available {
        let reason = reason.unwrap_or_else(|| "not available".to_owned());
        return view! { <li class="unavailable">{title} <span class="faint">{reason}</span></li> }.into_any();
    }
    let testid = format!("dataset-{name}");
    let place = Place {
        dataset: Some(name),
        ..Place::default()
    };
    let address = place.address();
    let follow = move |event: ev::MouseEvent| {
        // Another tab or window is the browser's business.
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        event.prevent_default();
        if let Ok(history) = window().history() {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&place.address()));
        }
        go(place.clone());
    };
    let current = is_shown.then_some("page");
    view! { <li><a href=address aria-current=current data-testid=testid on:click=follow>{title}</a></li> }
        .into_any()
}

#[component]
fn SignedIn(me: Me) -> impl IntoView {
    let session = expect_context::<Session>();
    let toasts = expect_context::<Toasts>();
    let sign_out = move |_| {
        spawn_local(async move {
            if let Err(problem) = session.sign_out().await {
                toasts.error(
                    format!("You are still signed in: {}", problem.title),
                    problem.detail,
                );
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

fn address() -> Place {
    let location = window().location();
    Place::parse(
        &location.pathname().unwrap_or_default(),
        &location.search().unwrap_or_default(),
    )
}
