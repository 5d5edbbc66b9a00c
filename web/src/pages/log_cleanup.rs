//! The log clean-up, for administrators: choose, count, confirm.

use api::database::DatabaseStatus;
use leptos::prelude::*;

use super::database::follow;
use crate::client;
use crate::components::cleanup_conditions::ConditionsForm;
use crate::components::cleanup_confirmation::CleanupConfirmation;
use crate::components::confirm::ConfirmDialog;
use crate::components::notice::Notice;
use crate::confirmer::Confirmer;
use crate::load::Load;
use crate::log_cleanup::form::CleanupForm;
use crate::log_cleanup::run::Cleaner;
use crate::route::AdminPage;
use crate::{browser, wording};

#[component]
pub fn LogCleanupPage() -> impl IntoView {
    let title = AdminPage::LogCleanup.title();
    let cleaner = expect_context::<Cleaner>();
    let status = Load::new(|| Some(client::database_status()));
    follow(move || cleaner.is_under_way(), status);
    // The tray shows more of the visitor's own clean-up than the status.
    let is_idle = Memo::new(move |_| !cleaner.is_under_way());
    let confirmer = Confirmer::new();
    let form = CleanupForm::empty();
    view! {
        <div class="heading">
            <h1>{title}</h1>
        </div>
        <p class="faint">
            "Deletes old rows of " <code>"message_request"</code>
            ", the hub's request log. The usage ledger stays unchanged."
        </p>
        {move || is_idle.get().then(|| status.value()).flatten().map(|status| view! { <LastCleanup status/> })}
        <ConditionsForm form/>
        {move || form.problem.get().map(|problem| view! { <Notice problem on_retry=move || form.count()/> })}
        {move || form.counted.get().map(|counted| view! { <CleanupConfirmation counted form confirmer/> })}
        <ConfirmDialog confirmer/>
    }
}

#[component]
fn LastCleanup(status: DatabaseStatus) -> impl IntoView {
    let lock = status.lock.map(|lock| {
        let since = lock.since.map(browser::moment);
        view! { <p data-testid="cleanup-lock">{wording::database::lock_holder(&lock, since.as_deref())}</p> }
    });
    let last = status.last_cleanup.map(|last| {
        let began = browser::moment(last.began);
        let text = format!(
            "Last clean-up: {began}, by {}: {}.",
            last.caller,
            wording::database::cleanup_outcome(&last)
        );
        view! { <p class="faint" data-testid="last-cleanup">{text}</p> }
    });
    view! { {lock} {last} }
}
