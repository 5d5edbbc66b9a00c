//! The parts of a stored request, one in each tab.

use api::session_requests::StoredRequest;
use leptos::prelude::*;
use wasm_export::session_request::Part;

use crate::components::json_view::JsonView;
use crate::components::notice::Notice;
use crate::components::request_list::DownloadRequest;
use crate::components::tab_list::{TabList, panel_id, tab_id};
use crate::laid_out;
use crate::load::Load;
use crate::wording;

/// Begins the ids of the tabs.
const TABS: &str = "part";

#[component]
pub fn RequestParts(
    session: String,
    request: StoredRequest,
    part: RwSignal<Part>,
    shows_secrets: Signal<bool>,
) -> impl IntoView {
    let sequence = request.sequence;
    let missing = wording::session_requests::missing_part(&request);
    let content = {
        let session = session.clone();
        move || {
            let (session, request) = (session.clone(), request.clone());
            view! { <PartContent session request part=part.get() shows_secrets/> }
        }
    };
    view! {
        <section class="card request-parts" aria-label=format!("Request {sequence}") data-testid="request-parts">
            <div class="request-parts-head">
                <TabList
                    name=TABS
                    label="Parts of the request"
                    tabs=Part::ALL
                    chosen=part
                    word=Part::word
                    title=wording::session_requests::part
                />
                <DownloadRequest session sequence missing shows_secrets testid="request-download".to_owned()>
                    "Download"
                </DownloadRequest>
            </div>
            <div
                class="request-part"
                role="tabpanel"
                id=panel_id(TABS)
                aria-labelledby=move || tab_id(TABS, part.get().word())
            >
                {content}
            </div>
        </section>
    }
}

#[component]
fn PartContent(
    session: String,
    request: StoredRequest,
    part: Part,
    shows_secrets: Signal<bool>,
) -> impl IntoView {
    if let Some(missing) = wording::session_requests::missing(&request, part) {
        return view! { <p class="faint" data-testid="part-missing">{missing}</p> }.into_any();
    }
    let sequence = request.sequence;
    let lines = Load::new(move || {
        Some(laid_out::part(
            session.clone(),
            sequence,
            part,
            shows_secrets.get(),
        ))
    });
    let content = move || match (lines.problem(), lines.value()) {
        (Some(problem), _) => view! { <Notice problem on_retry=move || lines.retry()/> }.into_any(),
        (None, Some(lines)) => {
            view! { <JsonView lines label=wording::session_requests::part(part)/> }.into_any()
        }
        (None, None) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
    };
    view! { <div class="part-content" aria-busy=move || lines.is_busy().to_string()>{content}</div> }
        .into_any()
}
