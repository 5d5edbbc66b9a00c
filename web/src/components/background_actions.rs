//! The button of a background export that fits its state, and a menu with its other actions.

use api::exports::{Export, ExportStatus};
use leptos::prelude::*;

use super::popup_menu::{MenuButton, MenuItem, MenuPopup, PopupMenu};
use crate::client;
use crate::export_actions::{ExportActions, LINK_HOURS};
use crate::wording::background as wording;

/// The button that fits the state of an export, and the menu of the others.
#[component]
pub fn ExportActionButtons(export: Memo<Option<Export>>, actions: ExportActions) -> impl IntoView {
    // Progress does not render the buttons again, so that they keep the focus.
    let shown = Memo::new(move |_| {
        export.with(|export| {
            let export = export.as_ref()?;
            Some((export.id.clone(), export.status, wording::name(export)))
        })
    });
    move || {
        let (id, status, name) = shown.get()?;
        let with = move |act: fn(ExportActions, &Export)| {
            move || {
                if let Some(export) = export.get_untracked() {
                    act(actions, &export);
                }
            }
        };
        let main = match status {
            ExportStatus::Scheduled | ExportStatus::Queued | ExportStatus::Processing => view! {
                <ActionButton label="Cancel" name=name.clone() testid=format!("cancel-{id}") actions on_choose=with(ExportActions::cancel)/>
            }
            .into_any(),
            ExportStatus::Completed => {
                let url = client::export_download_url(&id);
                let label = format!("Download {name}");
                view! {
                    <a class="button" href=url download="" aria-label=label data-testid=format!("download-{id}")>"Download"</a>
                }
                .into_any()
            }
            ExportStatus::Failed | ExportStatus::Cancelled => view! {
                <ActionButton label="Retry" name=name.clone() testid=format!("retry-{id}") actions on_choose=with(ExportActions::repeat)/>
            }
            .into_any(),
            ExportStatus::Expired => view! {
                <ActionButton label="Export again" name=name.clone() testid=format!("retry-{id}") actions on_choose=with(ExportActions::repeat)/>
            }
            .into_any(),
        };
        let menu = (!status.is_open()).then(|| {
            view! { <MoreMenu export id name status actions/> }
        });
        Some(view! { {main} {menu} })
    }
}

#[component]
fn ActionButton(
    label: &'static str,
    name: String,
    testid: String,
    actions: ExportActions,
    on_choose: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            aria-label=format!("{label} {name}")
            aria-disabled=move || actions.is_running().then_some("true")
            data-testid=testid
            on:click=move |_| {
                if !untrack(|| actions.is_running()) {
                    on_choose();
                }
            }
        >
            {label}
        </button>
    }
}

#[component]
fn MoreMenu(
    export: Memo<Option<Export>>,
    id: String,
    name: String,
    status: ExportStatus,
    actions: ExportActions,
) -> impl IntoView {
    let menu = PopupMenu::new();
    let with = move |act: fn(ExportActions, &Export)| {
        move || {
            if let Some(export) = export.get_untracked() {
                act(actions, &export);
            }
        }
    };
    let note = Signal::stored(name.clone());
    let is_busy = Signal::derive(move || actions.is_running());
    let of_file = move || {
        (status == ExportStatus::Completed).then(|| view! {
            <div role="group" aria-label="File">
                <MenuItem menu testid="copy-link" name="Copy link" hint=format!("good for {LINK_HOURS} h")
                    on_choose=with(|actions, export| actions.copy_link(export, false))/>
                <MenuItem menu testid="copy-link-once" name="Copy link for one download"
                    on_choose=with(|actions, export| actions.copy_link(export, true))/>
                <MenuItem menu testid="verify" name="Verify" hint="size, checksum, rows" is_disabled=is_busy
                    on_choose=with(ExportActions::verify)/>
                <MenuItem menu testid="repeat" name="Export again" hint="the rows of now" is_disabled=is_busy
                    on_choose=with(ExportActions::repeat)/>
            </div>
        })
    };
    // The receipt of a file that was removed stays.
    let has_receipt = matches!(status, ExportStatus::Completed | ExportStatus::Expired);
    let receipt = move || {
        has_receipt.then(|| {
            view! {
                <MenuItem menu testid="receipt" name="Receipt" hint="signed, of the file"
                    on_choose=with(ExportActions::save_receipt)/>
            }
        })
    };
    view! {
        <span class="more">
            <MenuButton menu label=format!("More actions for {name}") class="quiet icon dots" testid=format!("more-{id}")/>
            <MenuPopup menu label="Actions" id="export-actions" note>
                {of_file()}
                <div role="group" aria-label="Record">
                    {receipt()}
                    <MenuItem menu testid="delete" name="Delete…" is_disabled=is_busy
                        on_choose=with(ExportActions::ask_to_delete)/>
                </div>
            </MenuPopup>
        </span>
    }
}
