//! The navigation: the groups of datasets, and the pages for administrators.

use api::bundles::Bundles;
use api::datasets::{Dataset, Datasets};
use leptos::ev::MouseEvent;
use leptos::html::{Dialog, Main};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::bundle_links::{AdminBundleLinks, ExportsGroup};
use super::dataset_link::DatasetLink;
use super::dialog::open_while;
use super::workspace_select::WorkspaceGroup;
use crate::dataset_groups::{DatasetGroup, dataset_groups};
use crate::hub::Hub;
use crate::load::Load;
use crate::navigation::{Navigation, RouteLink};
use crate::probes::text_file::DATASET as PROBE_LOGS;
use crate::route::{AdminPage, Route};

pub const NAVIGATION: &str = "navigation";

#[derive(Clone, Copy)]
pub struct NavigationMenu {
    pub datasets: Load<Datasets>,
    pub bundles: Load<Bundles>,
    /// The name of the dataset on the page.
    pub shown: Memo<Option<String>>,
    pub is_administrator: bool,
}

impl NavigationMenu {
    /// Returns whether the page of probes has this dataset.
    fn is_of_probes(self, dataset: &Dataset) -> bool {
        let hub = expect_context::<Hub>();
        self.is_administrator && dataset.available && dataset.name == PROBE_LOGS && hub.exists()
    }
}

/// The groups, one below the other.
#[component]
pub fn NavigationGroups(menu: NavigationMenu) -> impl IntoView {
    let NavigationMenu {
        datasets,
        is_administrator,
        ..
    } = menu;
    let groups = Memo::new(move |_| {
        datasets.with(|answer| {
            let datasets = answer.map_or(&[][..], |answer| answer.datasets.as_slice());
            dataset_groups(datasets, is_administrator)
        })
    });
    let groups = move || {
        let groups = groups.get().into_iter().enumerate();
        groups
            .map(|(number, group)| view! { <Group number group menu/> })
            .collect_view()
    };
    view! {
        {groups}
        <WorkspaceGroup datasets bundles=menu.bundles shown=menu.shown is_administrator/>
        <ExportsGroup bundles=menu.bundles/>
        {is_administrator.then(|| view! { <AdminLinks bundles=menu.bundles/> })}
    }
}

/// The groups of a narrow screen. A link closes it and leads the focus to the content.
#[component]
pub fn NavigationDialog(
    menu: NavigationMenu,
    is_open: RwSignal<bool>,
    content: NodeRef<Main>,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_while(dialog, move || is_open.get());
    let click = move |event: MouseEvent| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let Some(target) = target else { return };
        // The backdrop belongs to the dialog itself.
        if target.tag_name() == "DIALOG" {
            return is_open.set(false);
        }
        if target.closest("a").ok().flatten().is_none() {
            return;
        }
        is_open.set(false);
        // The dialog closes before the next frame and returns the focus to its button.
        request_animation_frame(move || {
            if let Some(content) = content.try_get_untracked().flatten() {
                let _ = content.focus();
            }
        });
    };
    view! {
        <dialog
            id=NAVIGATION
            class="side-menu"
            aria-label="Menu"
            data-testid="navigation-menu"
            node_ref=dialog
            on:close=move |_| is_open.set(false)
            on:click=click
        >
            <nav class="navigation" aria-label="Decant">
                <button
                    type="button"
                    class="quiet icon side-menu-close"
                    aria-label="Close the menu"
                    data-testid="menu-close"
                    on:click=move |_| is_open.set(false)
                >
                    "×"
                </button>
                <NavigationGroups menu/>
            </nav>
        </dialog>
    }
}

#[component]
fn Group(number: usize, group: DatasetGroup, menu: NavigationMenu) -> impl IntoView {
    let id = format!("group-{number}");
    let links = group
        .datasets
        .into_iter()
        .map(|dataset| match menu.is_of_probes(&dataset) {
            true => view! { <ProbesLink shown=menu.shown/> }.into_any(),
            false => view! { <DatasetLink dataset shown=menu.shown/> }.into_any(),
        });
    view! {
        <div class="group" data-testid="group">
            <h2 id=id.clone()>{group.title}</h2>
            <ul aria-labelledby=id>{links.collect_view()}</ul>
        </div>
    }
}

/// Leads to the page of probes, which leads to the dataset.
#[component]
fn ProbesLink(shown: Memo<Option<String>>) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let is_current = Signal::derive(move || {
        navigation.with(Route::admin_page) == Some(AdminPage::Probes)
            || shown.with(|shown| shown.as_deref() == Some(PROBE_LOGS))
    });
    let page = AdminPage::Probes;
    view! { <AdminLink page is_current/> }
}

#[component]
fn AdminLinks(bundles: Load<Bundles>) -> impl IntoView {
    let hub = expect_context::<Hub>();
    let navigation = expect_context::<Navigation>();
    let admin_page = Memo::new(move |_| navigation.with(Route::admin_page));
    let link = move |page: AdminPage| {
        let is_current = Signal::derive(move || admin_page.get() == Some(page));
        view! { <AdminLink page is_current/> }
    };
    let links = move || {
        let pages = AdminPage::ADMINISTRATION.iter().copied();
        let pages = pages.filter(|page| hub.has_page(*page) == Some(true));
        pages.map(link).collect_view()
    };
    view! {
        <div class="group" data-testid="administration">
            <h2 id="administration">"Administration"</h2>
            <ul aria-labelledby="administration">
                {links}
                <AdminBundleLinks bundles/>
            </ul>
        </div>
    }
}

#[component]
fn AdminLink(page: AdminPage, is_current: Signal<bool>) -> impl IntoView {
    let testid = match page {
        AdminPage::SessionRequests => "admin-session-requests",
        AdminPage::Probes => "probes",
        AdminPage::Database => "admin-database",
        AdminPage::LogCleanup => "admin-log-cleanup",
        AdminPage::ExportPermissions => "admin-export-permissions",
    };
    view! { <li><RouteLink to=page.route() is_current testid>{page.title()}</RouteLink></li> }
}
