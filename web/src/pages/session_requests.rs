//! The stored requests of a session, for administrators.

use api::session_requests::{SessionRequests, StoredRequest};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::auth::Auth;
use crate::client;
use crate::components::notice::Notice;
use crate::download::download_session_request;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::route::{AdminPage, Route};
use crate::toasts::Toasts;
use crate::wording;

#[component]
pub fn SessionRequestsPage() -> impl IntoView {
    let title = AdminPage::SessionRequests.title();
    let navigation = expect_context::<Navigation>();
    let session = Memo::new(move |_| match navigation.route() {
        Route::SessionRequests { session } => session,
        Route::Dataset { .. } | Route::Database | Route::LogCleanup => None,
    });
    let requests = Load::new(move || session.get().map(client::session_requests));
    view! {
        <div class="heading">
            <h1>{title}</h1>
        </div>
        <p class="faint">
            "Requests that a client sent in a session: URL, headers and body. The hub stores them only for a few minutes."
        </p>
        <SessionForm session requests/>
        {move || session.with(Option::is_some).then(|| view! { <Requests requests/> })}
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
        navigation.go(Route::SessionRequests { session });
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

#[component]
fn Requests(requests: Load<SessionRequests>) -> impl IntoView {
    let list = move || match (requests.problem(), requests.value()) {
        (Some(problem), _) => view! { <Notice problem on_retry=move || requests.retry()/> }.into_any(),
        (None, Some(list)) => view! { <RequestTable list/> }.into_any(),
        (None, None) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
    };
    view! {
        <section
            class="rows"
            aria-label="Requests"
            tabindex="0"
            data-testid="session-requests"
            aria-busy=move || requests.is_busy().to_string()
        >
            {list}
        </section>
    }
}

#[component]
fn RequestTable(list: SessionRequests) -> impl IntoView {
    let SessionRequests { session_id, requests } = list;
    let rows = requests
        .into_iter()
        .map(|request| view! { <RequestRow session=session_id.clone() request/> })
        .collect_view();
    view! {
        <table>
            <thead>
                <tr>
                    <th scope="col" class="number">"No."</th>
                    <th scope="col">"Method"</th>
                    <th scope="col">"Client URL"</th>
                    <th scope="col">"Upstream URL"</th>
                    <th scope="col" class="number">"Body"</th>
                    <th scope="col">"File"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

#[component]
fn RequestRow(session: String, request: StoredRequest) -> impl IntoView {
    let missing = wording::session_requests::missing_part(&request);
    let sequence = request.sequence;
    let url = |url: Option<String>| {
        let title = url.clone();
        view! { <td class="text" title=title>{url}</td> }
    };
    view! {
        <tr>
            <td class="number">{sequence.to_string()}</td>
            <td>{request.meta.method}</td>
            {url(request.meta.client_url)}
            {url(request.meta.upstream_url)}
            <td class="number">{wording::bytes(request.body_bytes)}</td>
            <td>
                <DownloadButton session sequence missing/>
                {missing.map(|missing| view! { <span class="faint">{missing}</span> })}
            </td>
        </tr>
    }
}

#[component]
fn DownloadButton(session: String, sequence: u64, missing: Option<&'static str>) -> impl IntoView {
    let auth = expect_context::<Auth>();
    let toasts = expect_context::<Toasts>();
    let busy = RwSignal::new(false);
    let download = move |_| {
        let session = session.clone();
        busy.set(true);
        spawn_local(async move {
            match download_session_request(&session, sequence).await {
                Ok(file) => toasts.success(format!(
                    "Downloaded {} ({})",
                    file.file_name,
                    wording::bytes(file.bytes)
                )),
                Err(problem) => {
                    auth.check_expiry(&problem);
                    let title = format!("Request {sequence} was not downloaded: {}", problem.title);
                    toasts.error(title, problem.detail);
                }
            }
            // `try_set`, because the visitor may have left the page and with it this signal.
            busy.try_set(false);
        });
    };
    view! {
        <button
            type="button"
            aria-label=format!("Download request {sequence} as JSON")
            data-testid=format!("download-request-{sequence}")
            disabled=move || missing.is_some() || busy.get()
            aria-busy=move || busy.get().to_string()
            on:click=download
        >
            "Download JSON"
        </button>
    }
}
