//! The links of the navigation to the pages of bundles.

use api::bundles::{Bundle, Bundles};
use leptos::prelude::*;

use super::dataset_link::UnavailableMark;
use crate::bundle_pages::{self, BundleGroup};
use crate::load::Load;
use crate::navigation::{Navigation, RouteLink};
use crate::route::{BundleRoute, ExportsChoice, Route, SchedulesChoice, StatisticsChoice};
use crate::workspaces::Workspaces;

/// The group *Exports*: the background exports, their schedules, their figures, and the bundles that every visitor may have.
#[component]
pub fn ExportsGroup(bundles: Load<Bundles>) -> impl IntoView {
    let listed = of_group(bundles, BundleGroup::Exports);
    let navigation = expect_context::<Navigation>();
    let is_current = Signal::derive(move || {
        navigation.with(|route| match route {
            Route::Exports(choice) => choice.workspace.is_none(),
            Route::BackgroundExport { .. } => true,
            _ => false,
        })
    });
    let to = Route::Exports(ExportsChoice::default());
    let to_schedules = Route::Schedules(SchedulesChoice::default());
    let is_schedules = Signal::derive(move || navigation.with(|route| matches!(route, Route::Schedules(_))));
    let to_statistics = Route::Statistics(StatisticsChoice::default());
    let is_statistics =
        Signal::derive(move || navigation.with(|route| matches!(route, Route::Statistics(_))));
    view! {
        <div class="group" data-testid="exports">
            <h2 id="exports">"Exports"</h2>
            <ul aria-labelledby="exports">
                <li><RouteLink to is_current testid="background-exports">"Background exports"</RouteLink></li>
                <li><RouteLink to=to_schedules is_current=is_schedules testid="schedules">"Schedules"</RouteLink></li>
                <li><RouteLink to=to_statistics is_current=is_statistics testid="statistics">"Statistics"</RouteLink></li>
                {move || links(listed.get())}
            </ul>
        </div>
    }
}

/// The background exports of the workspace that links lead to, as an item of a list.
#[component]
pub fn WorkspaceExportsLink() -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let workspaces = expect_context::<Workspaces>();
    let is_current = Signal::derive(move || {
        navigation.with(|route| matches!(route, Route::Exports(choice) if choice.workspace.is_some()))
    });
    let to = Signal::derive(move || {
        Route::Exports(ExportsChoice {
            workspace: workspaces.of_page(navigation),
            ..ExportsChoice::default()
        })
    });
    view! { <li><RouteLink to is_current testid="workspace-exports">"Exports & storage"</RouteLink></li> }
}

/// The bundles for administrators, as items of a list.
#[component]
pub fn AdminBundleLinks(bundles: Load<Bundles>) -> impl IntoView {
    let listed = of_group(bundles, BundleGroup::Administration);
    move || links(listed.get())
}

/// The bundles of workspaces, as items of a list.
#[component]
pub fn WorkspaceBundleLinks(bundles: Load<Bundles>) -> impl IntoView {
    let listed = of_group(bundles, BundleGroup::Workspaces);
    move || links(listed.get())
}

/// Returns the listed bundles of a group.
pub fn of_group(bundles: Load<Bundles>, group: BundleGroup) -> Memo<Vec<Bundle>> {
    Memo::new(move |_| {
        bundles.with(|answer| {
            let bundles = answer.map_or(&[][..], |answer| answer.bundles.as_slice());
            let of_group = bundles
                .iter()
                .filter(|bundle| bundle_pages::group(bundle) == group);
            of_group.cloned().collect()
        })
    })
}

fn links(bundles: Vec<Bundle>) -> Vec<impl IntoView + use<>> {
    let links = bundles.into_iter().map(|bundle| view! { <BundleLink bundle/> });
    links.collect()
}

#[component]
fn BundleLink(bundle: Bundle) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let title = bundle_pages::title(&bundle).to_owned();
    let testid = format!("bundle-{}", bundle.name);
    let workspaces = expect_context::<Workspaces>();
    let route = BundleRoute::new(&bundle.name);
    let is_of_workspace = bundle.of_workspace;
    let to = Signal::derive(move || {
        let route = Route::Bundle(route.clone());
        match workspaces.of_page(navigation).filter(|_| is_of_workspace) {
            Some(workspace) => route.in_workspace(&workspace),
            None => route,
        }
    });
    let is_current = Signal::derive(move || {
        navigation.with(|route| matches!(route, Route::Bundle(route) if route.name == bundle.name))
    });
    let warning = (!bundle.available).then(|| view! { <UnavailableMark reason=bundle.reason/> });
    view! { <li><RouteLink to is_current testid>{title} {warning}</RouteLink></li> }
}
