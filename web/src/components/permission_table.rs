//! The table of permissions for exports.

use std::collections::BTreeMap;

use api::export_permissions::ExportPermission;
use leptos::prelude::*;

use crate::browser;
use crate::permission_draft::PermissionRight;
use crate::permission_form::PermissionForm;
use crate::wording;
use crate::wording::permissions::{any_or, decision, format, holder, right, type_name};

#[component]
pub fn PermissionTable(
    permissions: Vec<ExportPermission>,
    form: PermissionForm,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let rights =
        PermissionRight::ALL.map(|one| view! { <th scope="col" class="right-head">{right(one)}</th> });
    let rows = permissions
        .into_iter()
        .map(|permission| view! { <Row permission form titles/> });
    view! {
        <div class="permissions">
            <table data-testid="permissions">
                <thead>
                    <tr>
                        <th scope="col">"For"</th>
                        <th scope="col">"Exports"</th>
                        {rights.into_iter().collect_view()}
                        <th scope="col" class="number">"Rows at most"</th>
                        <th scope="col">"Until"</th>
                        <th scope="col"><span class="unseen">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(
    permission: ExportPermission,
    form: PermissionForm,
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let id = permission.id;
    let holder = holder(&permission);
    let dataset = permission.dataset.clone();
    let title =
        move || titles.with(|titles| titles.get(&dataset).cloned().unwrap_or_else(|| any_or(&dataset)));
    let scope = format!(
        "Type: {}. Format: {}.",
        type_name(&permission.export_type),
        format(&permission.format)
    );
    let rights = PermissionRight::ALL.map(|one| {
        let is_allowed = one.of(&permission);
        view! { <RightCell label=right(one) is_allowed/> }
    });
    let rows_max = permission.rows_max.map_or_else(|| "–".to_owned(), wording::count);
    let until = permission
        .expires_at
        .map_or_else(|| "No end".to_owned(), browser::moment);
    let by = format!("by {}", permission.granted_by);
    let permission = StoredValue::new(permission);
    let edit = move |_| permission.with_value(|permission| form.edit(permission));
    let withdraw = move |_| {
        if !untrack(|| form.is_running()) {
            permission.with_value(|permission| form.ask_to_withdraw(permission));
        }
    };
    view! {
        <tr data-testid=format!("permission-{id}")>
            <th scope="row">{holder.clone()} <span class="faint">{by}</span></th>
            <td data-label="Exports">{title} <span class="faint">{scope}</span></td>
            {rights.into_iter().collect_view()}
            <td class="number" data-label="Rows at most">{rows_max}</td>
            <td data-label="Until">{until}</td>
            <td class="permission-actions">
                <button type="button" aria-label=format!("Edit the permission of {holder}") data-testid=format!("edit-{id}") on:click=edit>
                    "Edit"
                </button>
                <button
                    type="button"
                    class="danger"
                    aria-label=format!("Delete the permission of {holder}")
                    data-testid=format!("delete-{id}")
                    on:click=withdraw
                >
                    "Delete"
                </button>
            </td>
        </tr>
    }
}

/// A sign and a word, so that the colour is not needed.
#[component]
fn RightCell(label: &'static str, is_allowed: Option<bool>) -> impl IntoView {
    let (class, sign) = match is_allowed {
        Some(true) => ("right right-allowed", "✓"),
        Some(false) => ("right right-refused", "✕"),
        None => ("right", "–"),
    };
    let word = decision(is_allowed);
    view! {
        <td class=class data-label=label title=word>
            <span aria-hidden="true">{sign}</span> <span class="right-word">{word}</span>
        </td>
    }
}
