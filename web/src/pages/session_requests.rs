//! The stored requests of a session, for administrators.

use api::session_requests::{SessionRequests, StoredRequest};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::session_request::Part;

use crate::auth::Auth;
use crate::client;
use crate::components::confirm::ConfirmDialog;
use crate::components::notice::Notice;
use crate::components::request_list::{RequestList, report_download};
use crate::components::request_parts::RequestParts;
use crate::confirmer::{Confirmer, Question};
use crate::download::download_session;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::route::{AdminPage, RequestPlace, Route};
use crate::toasts::Toasts;

const DEFAULT_PART: Part = Part::Body;

/// The chosen request, its part, and whether secrets are shown.
#[derive(Clone, Copy)]
struct View {
    /// The chosen request; without one it is the newest.
    sequence: RwSignal<Option<u64>>,
    part: RwSignal<Part>,
    shows_secrets: RwSignal<bool>,
}

impl View {
    /// Shows the request and the part of the address, and keeps the address up to date.
    fn new(navigation: Navigation) -> Self {
        let view = Self {
            sequence: RwSignal::new(None),
            part: RwSignal::new(DEFAULT_PART),
            shows_secrets: RwSignal::new(false),
        };
        Effect::new(move || {
            if let Route::SessionRequests { place, .. } = navigation.route() {
                view.sequence.set(place.request);
                view.part.set(place.part.unwrap_or(DEFAULT_PART));
            }
        });
        Effect::new(move |is_known: Option<()>| {
            let (request, part) = (view.sequence.get(), view.part.get());
            let part = (part != DEFAULT_PART).then_some(part);
            let place = RequestPlace { request, part };
            // The view has been made from the first route.
            if is_known.is_some()
                && let Route::SessionRequests { session, .. } = navigation.with_untracked(Route::clone)
            {
                navigation.replace(Route::SessionRequests { session, place });
            }
        });
        view
    }
}

#[component]
pub fn SessionRequestsPage() -> impl IntoView {
    let title = AdminPage::SessionRequests.title();
    let navigation = expect_context::<Navigation>();
    let session = Memo::new(move |_| match navigation.route() {
        Route::SessionRequests { session, .. } => session,
        _ => None,
    });
    let requests = Load::new(move || session.get().map(client::session_requests));
    let view = View::new(navigation);
    // Another session begins with masked secrets.
    Effect::new(move || {
        session.track();
        view.shows_secrets.set(false);
    });
    view! {
        <div class="heading">
            <h1>{title}</h1>
            {move || session.get().map(|session| view! { <Actions session view requests/> })}
        </div>
        <p class="faint">
            "Requests that a client sent in a session: URL, headers and body. The hub stores them only for a few minutes."
        </p>
        <SessionForm session requests/>
        {move || session.with(Option::is_some).then(|| view! { <Requests requests view/> })}
    }
}

#[component]
fn SessionForm(session: Memo<Option<String>>, requests: Load<SessionRequests>) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let entered = RwSignal::new(String::new());
    Effect::new(move || entered.set(session.get().unwrap_or_default()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let entered = entered.with_untracked(|entered| entered.trim().to_owned());
        let session = (!entered.is_empty()).then_some(entered);
        navigation.go(Route::session(session));
        // Showing the same session again is how visitors refresh.
        requests.retry();
    };
    view! {
        <form class="card session-form" method="get" on:submit=submit>
            <div class="field">
                <label for="session-id">"Session ID"</label>
                <input
                    id="session-id"
                    type="text"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    data-testid="session-id"
                    bind:value=entered
                />
            </div>
            <button type="submit" class="primary" data-testid="session-show">"Show requests"</button>
        </form>
    }
}

/// The buttons of the whole session; none while it has no requests.
#[component]
fn Actions(session: String, view: View, requests: Load<SessionRequests>) -> impl IntoView {
    let is_listed = {
        let session = session.clone();
        Memo::new(move |_| {
            let is_of_session = |list: &SessionRequests| list.session_id == session;
            requests.problem().is_none() && requests.with(|list| list.is_some_and(is_of_session))
        })
    };
    let actions = move || {
        let session = session.clone();
        view! {
            <div class="actions">
                <SecretsButton shows_secrets=view.shows_secrets/>
                <DownloadSession session view/>
            </div>
        }
    };
    move || is_listed.get().then(&actions)
}

/// Shows or hides the secrets. The first time, the visitor is asked.
#[component]
fn SecretsButton(shows_secrets: RwSignal<bool>) -> impl IntoView {
    let confirmer = Confirmer::new();
    let is_confirmed = StoredValue::new(false);
    let show = Callback::new(move |()| {
        is_confirmed.set_value(true);
        shows_secrets.set(true);
    });
    let toggle = move |_| {
        match (shows_secrets.get_untracked(), is_confirmed.get_value()) {
        (true, _) => shows_secrets.set(false),
        (false, true) => shows_secrets.set(true),
        (false, false) => confirmer.ask(Question {
            title: "Show secrets?".to_owned(),
            text: "Keys, tokens and cookies in headers and URLs become visible, also in files that you download. The audit log \
                   records it."
                .to_owned(),
            word: None,
            yes: "Show secrets".to_owned(),
            then: show,
        }),
    }
    };
    view! {
        <button type="button" data-testid="show-secrets" on:click=toggle>
            {move || if shows_secrets.get() { "Hide secrets" } else { "Show secrets" }}
        </button>
        <ConfirmDialog confirmer/>
    }
}

#[component]
fn DownloadSession(session: String, view: View) -> impl IntoView {
    let auth = expect_context::<Auth>();
    let toasts = expect_context::<Toasts>();
    let busy = RwSignal::new(false);
    let download = move |_| {
        if busy.get_untracked() {
            return;
        }
        let session = session.clone();
        let shows_secrets = view.shows_secrets.get_untracked();
        busy.set(true);
        spawn_local(async move {
            let file = download_session(&session, shows_secrets).await;
            report_download(auth, toasts, "The session", file);
            // `try_set`, because the visitor may have left the page and with it this signal.
            busy.try_set(false);
        });
    };
    view! {
        <button
            type="button"
            data-testid="download-session"
            aria-busy=move || busy.get().to_string()
            aria-disabled=move || busy.get().then_some("true")
            on:click=download
        >
            "Download session as JSONL"
        </button>
    }
}

#[component]
fn Requests(requests: Load<SessionRequests>, view: View) -> impl IntoView {
    let content = move || match (requests.problem(), requests.value()) {
        (Some(problem), _) => view! { <Notice problem on_retry=move || requests.retry()/> }.into_any(),
        (None, Some(list)) => view! { <Session list view/> }.into_any(),
        (None, None) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
    };
    view! {
        <section
            class="session"
            aria-label="Requests"
            data-testid="session-requests"
            aria-busy=move || requests.is_busy().to_string()
        >
            {content}
        </section>
    }
}

#[component]
fn Session(list: SessionRequests, view: View) -> impl IntoView {
    let SessionRequests { session_id, requests } = list;
    let chosen = {
        let requests = requests.clone();
        Memo::new(move |_| {
            let wanted = view.sequence.get();
            let chosen = requests.iter().find(|request| Some(request.sequence) == wanted);
            chosen.or(requests.first()).cloned()
        })
    };
    let shows_secrets: Signal<bool> = view.shows_secrets.into();
    let choose = Callback::new(move |sequence| view.sequence.set(Some(sequence)));
    let session = session_id.clone();
    let parts = move || {
        let request: StoredRequest = chosen.get()?;
        let session = session.clone();
        Some(view! { <RequestParts session request part=view.part shows_secrets/> })
    };
    view! {
        <RequestList session=session_id requests chosen shows_secrets on_choose=choose/>
        {parts}
    }
}
