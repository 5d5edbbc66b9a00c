//! The frame of every page: header, navigation, content, activity tray.

use std::collections::BTreeMap;

use api::login::{Caller, Role};
use leptos::ev::MouseEvent;
use leptos::html::Main;
use leptos::prelude::*;

use crate::activity::window_title;
use crate::browser;
use crate::bundle_pages;
use crate::client;
use crate::components::account_menu::AccountMenu;
use crate::components::activity_tray::{ActivityButton, Tray, TrayControl};
use crate::components::keys_help::{KeysDialog, KeysHelp};
use crate::components::navigation_menu::{NAVIGATION, NavigationDialog, NavigationGroups, NavigationMenu};
use crate::components::schedule_dialog::ScheduleDialog;
use crate::components::theme_select::ThemeSelect;
use crate::content::{ForAdministratorsOnly, NotFound, Shown, ShownBundle, ShownDataset};
use crate::dataset_groups::dataset_of_page;
use crate::focus_keeper::START_OF_PAGE;
use crate::hub::Hub;
use crate::keys::Keys;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::operations::Operations;
use crate::pages::background_export::BackgroundExportPage;
use crate::pages::database::DatabasePage;
use crate::pages::export_permissions::ExportPermissionsPage;
use crate::pages::exports::{self, ExportsPage};
use crate::pages::log_cleanup::LogCleanupPage;
use crate::pages::probes::ProbesPage;
use crate::pages::schedules::{self, SchedulesPage};
use crate::pages::session_requests::SessionRequestsPage;
use crate::pages::statistics::{self, StatisticsPage};
use crate::route::{AdminPage, BundleRoute, Route};
use crate::schedule_form::ScheduleForm;
use crate::workspaces::Workspaces;

/// A page of background exports.
#[derive(Clone, PartialEq)]
enum ExportsPlace {
    List,
    /// The export with this id.
    One(String),
    Schedules,
    Statistics,
}

impl ExportsPlace {
    fn of_route(route: &Route) -> Option<Self> {
        match route {
            Route::Exports(_) => Some(Self::List),
            Route::BackgroundExport { id } => Some(Self::One(id.clone())),
            Route::Schedules(_) => Some(Self::Schedules),
            Route::Statistics(_) => Some(Self::Statistics),
            _ => None,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::List | Self::One(_) => exports::TITLE,
            Self::Schedules => schedules::TITLE,
            Self::Statistics => statistics::TITLE,
        }
    }
}

#[component]
pub fn Shell(me: Caller) -> impl IntoView {
    let is_administrator = me.role == Role::Admin;
    let navigation = Navigation::new();
    provide_context(navigation);
    provide_context(Keys::listen());
    let datasets = Load::new(|| Some(client::datasets()));
    let bundles = Load::new(|| Some(client::bundles()));
    let workspaces = Workspaces::new();
    provide_context(workspaces);
    let hub = Hub::new(datasets);
    provide_context(hub);
    let schedule_form = ScheduleForm::new(datasets);
    provide_context(schedule_form);
    let admin_page = Memo::new(move |_| navigation.with(Route::admin_page));

    // A memo, so that a repeated list of datasets does not render the page of an unchanged dataset again.
    let shown = Memo::new(move |_| {
        let Route::Dataset { name, selection } = navigation.route() else {
            return None;
        };
        let dataset = datasets.with(|answer| dataset_of_page(&answer?.datasets, name.as_deref()).cloned())?;
        let workspace = match dataset.workspace {
            true => selection.workspace.or_else(|| workspaces.usual()),
            false => None,
        };
        Some(Shown { dataset, workspace })
    });
    let bundle = Memo::new(move |_| match navigation.route() {
        Route::Bundle(BundleRoute { name, .. }) => Some(name),
        _ => None,
    });
    let place = Memo::new(move |_| navigation.with(ExportsPlace::of_route));
    let titles = Memo::new(move |_| {
        let of_datasets = datasets.with(|answer| {
            let datasets = answer.map_or(&[][..], |answer| answer.datasets.as_slice());
            let titles = datasets
                .iter()
                .map(|dataset| (dataset.name.clone(), dataset.title.clone()));
            titles.collect::<BTreeMap<_, _>>()
        });
        let of_bundles = bundles.with(|answer| {
            let bundles = answer.map_or(&[][..], |answer| answer.bundles.as_slice());
            let titles = bundles.iter();
            let titles = titles.map(|bundle| (bundle.name.clone(), bundle_pages::title(bundle).to_owned()));
            titles.collect::<Vec<_>>()
        });
        of_datasets.into_iter().chain(of_bundles).collect()
    });
    let menu = NavigationMenu {
        datasets,
        bundles,
        shown: Memo::new(move |_| shown.with(|shown| Some(shown.as_ref()?.dataset.name.clone()))),
        is_administrator,
    };
    let title_of_content = Memo::new(move |_| match (admin_page.get(), bundle.get()) {
        (Some(page), _) => Some(page.title().to_owned()),
        (None, None) if place.with(Option::is_some) => {
            place.with(|place| Some(place.as_ref()?.title().to_owned()))
        }
        (None, Some(name)) => bundles.with(|answer| {
            let mut bundles = answer?.bundles.iter();
            let bundle = bundles.find(|bundle| bundle.name == name)?;
            Some(bundle_pages::title(bundle).to_owned())
        }),
        (None, None) => shown.with(|shown| Some(shown.as_ref()?.dataset.title.clone())),
    });
    keep_title(title_of_content);

    let (control, help) = (TrayControl::new(), KeysHelp::new());
    let is_wide = browser::wide_screen();
    let is_menu_open = RwSignal::new(false);
    Effect::new(move || {
        if is_wide.get() {
            is_menu_open.set(false);
        }
    });
    let content = NodeRef::<Main>::new();
    let navigation_view = move || match is_wide.get() {
        true => view! {
            <nav id=NAVIGATION class="navigation" aria-label="Decant"><NavigationGroups menu/></nav>
        }
        .into_any(),
        false => view! { <NavigationDialog menu is_open=is_menu_open content/> }.into_any(),
    };

    view! {
        <header id=START_OF_PAGE class="top" tabindex="-1">
            <SkipLink content/>
            <button
                type="button"
                class="quiet icon menu only-narrow"
                aria-label="Menu"
                aria-haspopup="dialog"
                aria-controls=NAVIGATION
                data-testid="menu"
                on:click=move |_| is_menu_open.set(true)
            >
                "☰"
            </button>
            <span class="brand">
                <img src="logo.svg" alt="" width="28" height="28"/>
                "Decant"
            </span>
            <div class="top-actions">
                <ActivityButton control/>
                <div class="only-wide"><ThemeSelect testid="theme"/></div>
                <AccountMenu me help/>
            </div>
        </header>
        {navigation_view}
        <main id="content" tabindex="-1" node_ref=content>
            {move || match admin_page.get() {
                None => match (place.get(), bundle.get()) {
                    (Some(ExportsPlace::List), _) => view! { <ExportsPage titles is_administrator/> }.into_any(),
                    (Some(ExportsPlace::One(id)), _) => view! { <BackgroundExportPage id titles/> }.into_any(),
                    (Some(ExportsPlace::Schedules), _) => view! { <SchedulesPage titles is_administrator/> }.into_any(),
                    (Some(ExportsPlace::Statistics), _) => view! { <StatisticsPage titles is_administrator/> }.into_any(),
                    (None, Some(name)) => view! { <ShownBundle name bundles datasets/> }.into_any(),
                    (None, None) => view! { <ShownDataset shown datasets/> }.into_any(),
                },
                Some(_) if !is_administrator => view! { <ForAdministratorsOnly/> }.into_any(),
                Some(page) if hub.has_page(page) != Some(true) => view! { <NotFound datasets title="No such page"/> }.into_any(),
                Some(AdminPage::SessionRequests) => view! { <SessionRequestsPage/> }.into_any(),
                Some(AdminPage::Probes) => view! { <ProbesPage datasets/> }.into_any(),
                Some(AdminPage::Database) => view! { <DatabasePage/> }.into_any(),
                Some(AdminPage::LogCleanup) => view! { <LogCleanupPage/> }.into_any(),
                Some(AdminPage::ExportPermissions) => view! { <ExportPermissionsPage titles/> }.into_any(),
            }}
        </main>
        <Tray control/>
        <KeysDialog help/>
        <ScheduleDialog form=schedule_form/>
    }
}

/// The first Tab stop of the page.
#[component]
fn SkipLink(content: NodeRef<Main>) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    // A fragment alone would lead to the base of the page.
    let to_content = move |event: MouseEvent| {
        event.prevent_default();
        if let Some(content) = content.get_untracked() {
            let _ = content.focus();
        }
    };
    let address = move || format!("{}#content", navigation.with(Route::url));
    view! { <a class="skip" href=address data-testid="skip" on:click=to_content>"Skip to content"</a> }
}

/// Shows the page in the window's title, and the progress of running operations.
fn keep_title(page: Memo<Option<String>>) {
    let operations = expect_context::<Operations>();
    let title = Memo::new(move |_| {
        let page = page.get().unwrap_or_else(|| "Data".to_owned());
        window_title(&page, operations.running(), operations.percent())
    });
    Effect::new(move || document().set_title(&title.get()));
}
