//! The frame of every page: header, navigation, content.

use api::datasets::{Dataset, Datasets};
use api::login::{Caller, Role};
use leptos::ev::MouseEvent;
use leptos::html::Main;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::auth::Auth;
use crate::client;
use crate::components::notice::Notice;
use crate::load::Load;
use crate::navigation::{Navigation, RouteLink};
use crate::pages::database::DatabasePage;
use crate::pages::dataset::DatasetPage;
use crate::pages::log_cleanup::LogCleanupPage;
use crate::pages::session_requests::SessionRequestsPage;
use crate::route::{AdminPage, Route};
use crate::selection::Selection;
use crate::toasts::Toasts;

#[component]
pub fn Shell(me: Caller) -> impl IntoView {
    let is_administrator = me.role == Role::Admin;
    let navigation = Navigation::new();
    provide_context(navigation);
    let datasets = Load::new(|| Some(client::datasets()));
    let admin_page = Memo::new(move |_| navigation.with(Route::admin_page));

    // A memo, so that a repeated list of datasets does not render the page of an unchanged dataset again.
    let shown = Memo::new(move |_| {
        let Route::Dataset { name: wanted, .. } = navigation.route() else {
            return None;
        };
        datasets.with(|datasets| {
            let mut datasets = datasets?.datasets.iter().filter(|dataset| dataset.available);
            match wanted {
                Some(name) => datasets.find(|dataset| dataset.name == name).cloned(),
                None => datasets.next().cloned(),
            }
        })
    });

    let has_hub = Memo::new(move |_| datasets.with(|answer| answer.is_none_or(|answer| answer.hub)));

    // On a narrow screen the menu is folded. A link in it folds it again.
    let is_menu_open = RwSignal::new(false);
    // A fragment alone would lead to the base of the page.
    let content = NodeRef::<Main>::new();
    let to_content = move |event: MouseEvent| {
        event.prevent_default();
        if let Some(content) = content.get() {
            let _ = content.focus();
        }
    };

    view! {
        <a class="skip" href=move || format!("{}#content", navigation.with(Route::url)) on:click=to_content>
            "Skip to content"
        </a>
        <header class="top">
            <button
                type="button"
                class="quiet icon menu"
                aria-label="Menu"
                aria-expanded=move || is_menu_open.get().to_string()
                aria-controls="navigation"
                data-testid="menu"
                on:click=move |_| is_menu_open.update(|is_open| *is_open = !*is_open)
            >
                "☰"
            </button>
            <span class="brand">
                <img src="logo.svg" alt="" width="28" height="28"/>
                "Decant"
            </span>
            <SignedIn me/>
        </header>
        <nav
            id="navigation"
            class="navigation"
            class:open=move || is_menu_open.get()
            aria-label="Decant"
            on:click=move |_| is_menu_open.set(false)
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    is_menu_open.set(false);
                }
            }
        >
            <ul aria-label="Datasets">
                {move || datasets.value().into_iter().flat_map(|answer| answer.datasets).map(|dataset| {
                    let name = dataset.name.clone();
                    let is_shown = move || shown.with(|shown| shown.as_ref().is_some_and(|shown| shown.name == name));
                    view! { <DatasetLink dataset is_shown=Signal::derive(is_shown)/> }
                }).collect_view()}
            </ul>
            {is_administrator.then(|| view! { <AdminLinks admin_page has_hub/> })}
        </nav>
        <main id="content" tabindex="-1" node_ref=content>
            {move || match admin_page.get() {
                None => view! { <ShownDataset shown datasets/> }.into_any(),
                Some(_) if !is_administrator => view! { <ForAdministratorsOnly/> }.into_any(),
                Some(AdminPage::SessionRequests) => view! { <SessionRequestsPage/> }.into_any(),
                Some(AdminPage::Database) => view! { <DatabasePage/> }.into_any(),
                Some(AdminPage::LogCleanup) => view! { <LogCleanupPage/> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn ShownDataset(shown: Memo<Option<Dataset>>, datasets: Load<Datasets>) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    // Untracked, because the page itself follows the selection of the route.
    move || match (shown.get(), untrack(|| navigation.route())) {
        (Some(dataset), Route::Dataset { selection, .. }) => {
            view! { <DatasetPage dataset selection/> }.into_any()
        }
        _ => view! { <NothingToShow datasets/> }.into_any(),
    }
}

#[component]
fn NothingToShow(datasets: Load<Datasets>) -> impl IntoView {
    move || match datasets.problem() {
        Some(problem) => view! { <Notice problem on_retry=move || datasets.retry()/> }.into_any(),
        None if datasets.with(|datasets| datasets.is_none()) => {
            view! { <p class="faint" role="status">"Loading…"</p> }.into_any()
        }
        None => view! {
            <div class="notice">
                <p class="notice-title">"No such dataset"</p>
                <p>"Choose a dataset from the list. An unavailable one shows its reason."</p>
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

#[component]
fn DatasetLink(dataset: Dataset, is_shown: Signal<bool>) -> impl IntoView {
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
    let to = Route::Dataset {
        name: Some(name),
        selection: Selection::default(),
    };
    view! { <li><RouteLink to is_current=is_shown testid>{title}</RouteLink></li> }.into_any()
}

#[component]
fn AdminLinks(admin_page: Memo<Option<AdminPage>>, has_hub: Memo<bool>) -> impl IntoView {
    let link = move |page: AdminPage| {
        let is_shown = Signal::derive(move || admin_page.get() == Some(page));
        let testid = match page {
            AdminPage::SessionRequests => "admin-session-requests",
            AdminPage::Database => "admin-database",
            AdminPage::LogCleanup => "admin-log-cleanup",
        };
        view! { <li><RouteLink to=page.route() is_current=is_shown testid>{page.title()}</RouteLink></li> }
    };
    let links = move || {
        let pages = AdminPage::ALL.iter().copied();
        let pages = pages.filter(|page| has_hub.get() || !page.needs_hub());
        pages.map(link).collect_view()
    };
    view! {
        <div class="administration" data-testid="administration">
            <h2 id="administration">"Administration"</h2>
            <ul aria-labelledby="administration">{links}</ul>
        </div>
    }
}

#[component]
fn SignedIn(me: Caller) -> impl IntoView {
    let auth = expect_context::<Auth>();
    let toasts = expect_context::<Toasts>();
    let sign_out = move |_| {
        spawn_local(async move {
            if let Err(problem) = auth.sign_out().await {
                toasts.error(
                    format!("You are still signed in: {}", problem.title),
                    problem.detail,
                );
            }
        });
    };
    let role = match me.role {
        Role::Admin => "Administrator",
        Role::User => "Member",
    };
    view! {
        <span class="who" data-testid="signed-in">
            <span class="who-name">{me.name}</span>
            <span class="badge">{role}</span>
        </span>
        <button type="button" class="quiet" data-testid="sign-out" on:click=sign_out>"Sign out"</button>
    }
}
