//! The frame of every page: header, navigation, content, activity tray.

use api::datasets::{Dataset, Datasets};
use api::login::{Caller, Role};
use leptos::ev::MouseEvent;
use leptos::html::Main;
use leptos::prelude::*;

use crate::activity::window_title;
use crate::browser;
use crate::client;
use crate::components::account_menu::AccountMenu;
use crate::components::activity_tray::{ActivityButton, Tray, TrayControl};
use crate::components::keys_help::{KeysDialog, KeysHelp};
use crate::components::navigation_menu::{NAVIGATION, NavigationDialog, NavigationGroups, NavigationMenu};
use crate::components::notice::Notice;
use crate::components::theme_select::ThemeSelect;
use crate::dataset_groups::dataset_of_page;
use crate::focus_keeper::START_OF_PAGE;
use crate::hub::Hub;
use crate::keys::Keys;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::operations::Operations;
use crate::pages::database::DatabasePage;
use crate::pages::dataset::DatasetPage;
use crate::pages::log_cleanup::LogCleanupPage;
use crate::pages::probes::ProbesPage;
use crate::pages::session_requests::SessionRequestsPage;
use crate::route::{AdminPage, Route};

#[component]
pub fn Shell(me: Caller) -> impl IntoView {
    let is_administrator = me.role == Role::Admin;
    let navigation = Navigation::new();
    provide_context(navigation);
    provide_context(Keys::listen());
    let datasets = Load::new(|| Some(client::datasets()));
    let hub = Hub::new(datasets);
    provide_context(hub);
    let admin_page = Memo::new(move |_| navigation.with(Route::admin_page));

    // A memo, so that a repeated list of datasets does not render the page of an unchanged dataset again.
    let shown = Memo::new(move |_| {
        let Route::Dataset { name, .. } = navigation.route() else {
            return None;
        };
        datasets.with(|answer| dataset_of_page(&answer?.datasets, name.as_deref()).cloned())
    });
    let menu = NavigationMenu {
        datasets,
        shown: Memo::new(move |_| shown.with(|shown| shown.as_ref().map(|shown| shown.name.clone()))),
        is_administrator,
    };
    keep_title(admin_page, shown);

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
                None => view! { <ShownDataset shown datasets/> }.into_any(),
                Some(_) if !is_administrator => view! { <ForAdministratorsOnly/> }.into_any(),
                Some(page) if hub.has_page(page) != Some(true) => view! { <NotFound datasets title="No such page"/> }.into_any(),
                Some(AdminPage::SessionRequests) => view! { <SessionRequestsPage/> }.into_any(),
                Some(AdminPage::Probes) => view! { <ProbesPage datasets/> }.into_any(),
                Some(AdminPage::Database) => view! { <DatabasePage/> }.into_any(),
                Some(AdminPage::LogCleanup) => view! { <LogCleanupPage/> }.into_any(),
            }}
        </main>
        <Tray control/>
        <KeysDialog help/>
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
fn keep_title(admin_page: Memo<Option<AdminPage>>, shown: Memo<Option<Dataset>>) {
    let operations = expect_context::<Operations>();
    let title = Memo::new(move |_| {
        let page = match admin_page.get() {
            Some(page) => page.title().to_owned(),
            None => shown.with(|shown| {
                let title = shown.as_ref().map(|shown| shown.title.clone());
                title.unwrap_or_else(|| "Data".to_owned())
            }),
        };
        window_title(&page, operations.running(), operations.percent())
    });
    Effect::new(move || document().set_title(&title.get()));
}

#[component]
fn ShownDataset(shown: Memo<Option<Dataset>>, datasets: Load<Datasets>) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    // Untracked, because the page itself follows the selection of the route.
    move || match (shown.get(), untrack(|| navigation.route())) {
        (Some(dataset), Route::Dataset { .. }) if !dataset.available => {
            view! { <Unavailable dataset/> }.into_any()
        }
        (Some(dataset), Route::Dataset { selection, .. }) => {
            view! { <DatasetPage dataset selection/> }.into_any()
        }
        _ => view! { <NotFound datasets title="No such dataset"/> }.into_any(),
    }
}

/// Only administrators read the reason.
#[component]
fn Unavailable(dataset: Dataset) -> impl IntoView {
    let reason = dataset.reason;
    let reason = reason.unwrap_or_else(|| "Ask an administrator for the reason.".to_owned());
    view! {
        <div class="notice" data-testid="dataset-unavailable">
            <p class="notice-title">{dataset.title} " is not available"</p>
            <p class="path">{reason}</p>
        </div>
    }
}

#[component]
fn NotFound(datasets: Load<Datasets>, title: &'static str) -> impl IntoView {
    move || match datasets.problem() {
        Some(problem) => view! { <Notice problem on_retry=move || datasets.retry()/> }.into_any(),
        None if datasets.with(|datasets| datasets.is_none()) => {
            view! { <p class="faint" role="status">"Loading…"</p> }.into_any()
        }
        None => view! {
            <div class="notice" data-testid="not-found">
                <p class="notice-title">{title}</p>
                <p>"Choose one from the navigation."</p>
            </div>
        }
        .into_any(),
    }
}

#[component]
fn ForAdministratorsOnly() -> impl IntoView {
    view! {
        <div class="notice" data-testid="for-administrators-only">
            <p class="notice-title">"This page is for administrators"</p>
            <p>"You are signed in as a member and see only your own rows. Sign in as an administrator to open it."</p>
        </div>
    }
}
