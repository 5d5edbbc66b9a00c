//! The stored requests of a session, of which the visitor chooses one.

use api::session_requests::StoredRequest;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;
use crate::download::{DownloadedFile, download_session_request};
use crate::toasts::Toasts;
use crate::wording;

#[component]
pub fn RequestList(
    session: String,
    requests: Vec<StoredRequest>,
    chosen: Memo<Option<StoredRequest>>,
    shows_secrets: Signal<bool>,
    on_choose: Callback<u64>,
) -> impl IntoView {
    let items = requests.into_iter().map(|request| {
        let session = session.clone();
        view! { <RequestItem session request chosen shows_secrets on_choose/> }
    });
    view! { <ul class="request-list">{items.collect_view()}</ul> }
}

#[component]
fn RequestItem(
    session: String,
    request: StoredRequest,
    chosen: Memo<Option<StoredRequest>>,
    shows_secrets: Signal<bool>,
    on_choose: Callback<u64>,
) -> impl IntoView {
    let sequence = request.sequence;
    let missing = wording::session_requests::missing_part(&request);
    let is_chosen =
        move || chosen.with(|chosen| chosen.as_ref().is_some_and(|chosen| chosen.sequence == sequence));
    let (client_url, title) = (request.meta.client_url.clone(), request.meta.client_url);
    view! {
        <li>
            <button
                type="button"
                class="request-choice"
                aria-current=move || is_chosen().then_some("true")
                title=title
                data-testid=format!("request-{sequence}")
                on:click=move |_| on_choose.run(sequence)
            >
                <span class="request-head">
                    <strong>{sequence.to_string()}</strong>
                    <span>{request.meta.method}</span>
                    <span class="faint">{wording::bytes(request.body_bytes)}</span>
                </span>
                <span class="request-url">{client_url}</span>
                {missing.map(|missing| view! { <span class="faint">{missing}</span> })}
            </button>
            <DownloadRequest session sequence missing shows_secrets class="icon" testid=format!("download-request-{sequence}")>
                <span aria-hidden="true">"↓"</span>
            </DownloadRequest>
        </li>
    }
}

/// A button that saves a request as a file.
#[component]
pub fn DownloadRequest(
    session: String,
    sequence: u64,
    missing: Option<&'static str>,
    shows_secrets: Signal<bool>,
    #[prop(optional)] class: &'static str,
    testid: String,
    children: Children,
) -> impl IntoView {
    let auth = expect_context::<Auth>();
    let toasts = expect_context::<Toasts>();
    let busy = RwSignal::new(false);
    let download = move |_| {
        if missing.is_some() || busy.get_untracked() {
            return;
        }
        let session = session.clone();
        let shows_secrets = shows_secrets.get_untracked();
        busy.set(true);
        spawn_local(async move {
            let file = download_session_request(&session, sequence, shows_secrets).await;
            report_download(auth, toasts, &format!("Request {sequence}"), file);
            // `try_set`, because the visitor may have left the page and with it this signal.
            busy.try_set(false);
        });
    };
    let label = format!("Download request {sequence} as JSON");
    view! {
        <button
            type="button"
            class=class
            aria-label=label.clone()
            title=missing.map_or(label, str::to_owned)
            data-testid=testid
            disabled=missing.is_some()
            aria-busy=move || busy.get().to_string()
            aria-disabled=move || busy.get().then_some("true")
            on:click=download
        >
            {children()}
        </button>
    }
}

/// Shows how a download ended. `what` begins the message of a failure.
pub fn report_download(auth: Auth, toasts: Toasts, what: &str, file: Result<DownloadedFile, Problem>) {
    match file {
        Ok(file) => toasts.success(format!(
            "Downloaded {} ({})",
            file.file_name,
            wording::bytes(file.bytes)
        )),
        Err(problem) => {
            auth.check_expiry(&problem);
            let title = format!("{what} was not downloaded: {}", problem.title);
            toasts.error(title, problem.detail);
        }
    }
}
