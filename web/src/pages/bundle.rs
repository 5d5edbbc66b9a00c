//! A bundle: several datasets in one file, such as all data of one person.

use api::bundles::Bundle;
use leptos::prelude::*;
use wasm_export::options::Compression;

use crate::bundle_pages::{explanation, title};
use crate::bundle_view::BundleView;
use crate::client;
use crate::components::background_limits::BackgroundLimits;
use crate::components::bundle_form::{BundleActions, BundleForm};
use crate::components::confirm::ConfirmDialog;
use crate::components::delivery_fields::DeliveryFields;
use crate::components::notice::Notice;
use crate::components::workspace_refused::WorkspaceRefused;
use crate::confirmer::Confirmer;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::route::{BundleChoice, Route};
use crate::workspaces::Workspaces;

#[component]
pub fn BundlePage(
    bundle: Bundle,
    /// The id of the workspace whose rows the file has.
    workspace: Option<String>,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let choice = match untrack(|| navigation.route()) {
        Route::Bundle(route) => route.choice,
        _ => Default::default(),
    };
    let choice = BundleChoice { workspace, ..choice };
    let (title, explanation) = (title(&bundle).to_owned(), explanation(&bundle));
    let view = BundleView::new(bundle, choice);
    let confirmer = Confirmer::new();
    follow_address(view);
    let workspaces = expect_context::<Workspaces>();
    let membership = Memo::new(move |_| view.membership());
    Effect::new(move || {
        if let (Some(Ok(_)), Some(workspace)) = (membership.get(), view.workspace.get_value()) {
            workspaces.remember(&workspace);
        }
    });
    move || {
        let title = title.clone();
        let workspace = match membership.get() {
            Some(Err(problem)) => {
                let route = untrack(|| view.route());
                let on_retry = move || workspaces.list.retry();
                return view! {
                    <div class="heading"><h1>{title}</h1></div>
                    <WorkspaceRefused problem route on_retry/>
                }
                .into_any();
            }
            Some(Ok(name)) => {
                Some(view! { <span class="of-workspace" data-testid="of-workspace">{name}</span> })
            }
            None => None,
        };
        view! {
            <div class="heading">
                <h1>{title}</h1>
                {workspace}
                <div class="actions"><BundleActions view/></div>
            </div>
            <p class="faint">{explanation}</p>
            <BundleForm view confirmer/>
            <Preview view/>
            <Parts view/>
            <section class="card bundle-parts">
                <BackgroundLimits
                    estimate=Signal::stored(None)
                    is_packed=Signal::derive(move || view.compression.get() != Compression::None)
                    rows=Signal::stored(None)
                    of_workspace=view.is_of_workspace()
                />
                {move || view.may_deliver().then(|| view! { <DeliveryFields form=view.delivery name="delivery"/> })}
            </section>
            <ConfirmDialog confirmer/>
        }
        .into_any()
    }
}

/// The report as a browser shows it, when the visitor asks for it: it is an export. It has no script, and could run none. Another
/// choice takes the preview away, so that each one has a frame of its own and the history keeps no old one.
///
/// A browser does not tell a page why a frame stays empty. So the page asks for the headers first, and shows a refusal itself.
#[component]
fn Preview(view: BundleView) -> impl IntoView {
    let url = Memo::new(move |_| view.preview_url());
    let asked = RwSignal::new(None::<String>);
    let is_asked = Memo::new(move |_| url.get().is_some() && asked.get() == url.get());
    let check = Load::new(move || {
        let url = url.get().filter(|_| is_asked.get())?;
        Some(async move { client::check_preview(&url).await.map(|()| url) })
    });
    let button = move || {
        view! {
            <button type="button" data-testid="show-preview" on:click=move |_| asked.set(url.get_untracked())>
                "Show preview"
            </button>
        }
    };
    let frame = move || {
        view! {
            <iframe
                class="report"
                title="Preview of the report"
                sandbox=""
                src=url.get_untracked()
                data-testid="report-preview"
            ></iframe>
        }
    };
    let is_possible = Memo::new(move |_| url.with(Option::is_some));
    let is_checked = Memo::new(move |_| check.value() == url.get());
    move || {
        is_possible
            .get()
            .then(|| match (is_asked.get(), check.is_busy(), check.problem()) {
                (false, ..) => button().into_any(),
                (true, true, _) => {
                    view! { <p class="faint" role="status">"Loading the preview…"</p> }.into_any()
                }
                (true, false, Some(problem)) => {
                    view! { <Notice problem on_retry=move || check.retry()/> }.into_any()
                }
                (true, false, None) => is_checked.get().then(frame).into_any(),
            })
    }
}

/// What the file will have.
#[component]
fn Parts(view: BundleView) -> impl IntoView {
    let has_period = view.has_period();
    let parts = view.bundle.with_value(|bundle| bundle.parts.clone());
    let parts = parts.into_iter().map(|part| {
        let period = match (has_period, part.range) {
            (true, true) => "the chosen days",
            (true, false) => "always complete",
            (false, _) => "",
        };
        view! {
            <li data-testid=format!("part-{}", part.name)>
                <span>{part.title}</span>
                <span class="faint">{period}</span>
            </li>
        }
    });
    view! {
        <section class="card bundle-parts" aria-labelledby="bundle-parts">
            <h2 id="bundle-parts">"Contents"</h2>
            <ul>{parts.collect_view()}</ul>
            <p class="faint">
                "All parts are of one moment: one snapshot of the database. If the connection breaks, the export starts again from
                the beginning."
            </p>
        </section>
    }
}

/// Keeps the choice in the address, so that a reload or a shared link shows it again.
fn follow_address(view: BundleView) {
    let navigation = expect_context::<Navigation>();
    Effect::new(move || navigation.replace(view.route()));
    let name = view.bundle.with_value(|bundle| bundle.name.clone());
    Effect::new(move |is_known: Option<()>| {
        let Route::Bundle(route) = navigation.route() else {
            return;
        };
        let is_here = route.name == name && route.choice.workspace == view.workspace.get_value();
        let is_other = is_here && route.choice != untrack(|| view.choice());
        if is_known.is_some() && is_other {
            view.show(route.choice);
        }
    });
}
