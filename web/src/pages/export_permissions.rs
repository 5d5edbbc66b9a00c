//! The permissions for exports, for administrators.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::components::confirm::ConfirmDialog;
use crate::components::notice::Notice;
use crate::components::permission_dialog::PermissionDialog;
use crate::components::permission_table::PermissionTable;
use crate::confirmer::Confirmer;
use crate::keys::{KeyAction, Keys};
use crate::permission_form::PermissionForm;
use crate::route::AdminPage;

#[component]
pub fn ExportPermissionsPage(
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let confirmer = Confirmer::new();
    let form = PermissionForm::new(confirmer);
    expect_context::<Keys>().on(KeyAction::Refresh, move || form.list.retry());
    let permissions = Memo::new(move |_| form.list.with(|list| Some(list?.permissions.clone())));
    let problem = Memo::new(move |_| form.list.problem());
    let content = move || match (problem.get(), permissions.get()) {
        (Some(problem), _) => view! { <Notice problem on_retry=move || form.list.retry()/> }.into_any(),
        (None, None) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
        (None, Some(permissions)) if permissions.is_empty() => view! {
            <div class="empty card" data-testid="permissions-empty">
                <p>"No permissions yet"</p>
                <p class="faint">"Everybody may export what they may read."</p>
            </div>
        }
        .into_any(),
        (None, Some(permissions)) => view! { <PermissionTable permissions form titles/> }.into_any(),
    };
    view! {
        <div class="heading">
            <h1>{AdminPage::ExportPermissions.title()}</h1>
            <div class="actions">
                <button type="button" class="primary" data-testid="permission-add" on:click=move |_| form.add()>"Add permission"</button>
            </div>
        </div>
        <p class="faint">
            "Permissions limit exports. Those of a person decide before those of a role, and those that name more before the others. Where
            none decides, everybody may export what they may read."
        </p>
        {content}
        <PermissionDialog form titles/>
        <ConfirmDialog confirmer/>
    }
}
