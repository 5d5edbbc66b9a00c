//! The button that exports, and the menu beside it.

use leptos::prelude::*;
use wasm_export::browser::protocol::Destination;
use wasm_export::options::Format;

use super::popup_menu::{MenuButton, MenuChoice, MenuItem, MenuPopup, PopupMenu};
use crate::auth::Auth;
use crate::download::can_pick;
use crate::export_setup::{ColumnScope, ExportSetup};
use crate::keys::{KeyAction, Keys};
use crate::wording::export::{format_hint, format_name};

/// The left part exports at once, in the format of the last export. The right part opens the menu.
#[component]
pub fn ExportBar(setup: ExportSetup) -> impl IntoView {
    let menu = PopupMenu::new();
    expect_context::<Keys>().on(KeyAction::ExportMenu, move || menu.toggle());
    let formats = setup.view.dataset.with_value(|dataset| dataset.formats.clone());
    let formats = StoredValue::new(formats);
    let note = Signal::derive(move || match setup.obstacle() {
        Some(obstacle) => obstacle.to_owned(),
        None => setup.contents(),
    });
    view! {
        <div class="export-bar">
            <ExportButton setup testid="export-start"/>
            <MenuButton menu label="Export menu" class="primary fold" testid="export-menu"/>
            <MenuPopup menu label="Export" id="export-popup" note>
                <Formats setup menu formats=formats.get_value()/>
                <ColumnScopes setup/>
                <Commands setup menu/>
            </MenuPopup>
        </div>
    }
}

/// Exports to the browser's downloads. Without rows it stays focusable and names the reason.
#[component]
pub fn ExportButton(setup: ExportSetup, testid: &'static str) -> impl IntoView {
    let obstacle = Memo::new(move |_| setup.obstacle());
    let reason_id = format!("{testid}-reason");
    let described_by = reason_id.clone();
    view! {
        <button
            type="button"
            class="primary"
            data-testid=testid
            aria-disabled=move || obstacle.get().map(|_| "true")
            aria-describedby=move || obstacle.get().map(|_| described_by.clone())
            title=move || obstacle.get()
            on:click=move |_| setup.export(Destination::Downloads)
        >
            {move || format!("Export {}", format_name(setup.format()))}
        </button>
        <span id=reason_id class="unseen">{move || obstacle.get()}</span>
    }
}

#[component]
fn Formats(setup: ExportSetup, menu: PopupMenu, formats: Vec<Format>) -> impl IntoView {
    let is_disabled = Signal::derive(move || setup.obstacle().is_some());
    let items = formats.into_iter().map(|format| {
        view! {
            <MenuItem
                menu
                testid=format!("export-as-{format}")
                name=format_name(format)
                hint=format_hint(format)
                is_disabled
                on_choose=move || setup.export_as(format)
            />
        }
    });
    view! { <div role="group" aria-label="Export as">{items.collect_view()}</div> }
}

/// Nothing to choose while the table shows all columns in the dataset's order.
#[component]
fn ColumnScopes(setup: ExportSetup) -> impl IntoView {
    let has_scopes = Memo::new(move |_| setup.has_scopes());
    move || {
        has_scopes.get().then(|| {
            let choice = |scope: ColumnScope, testid: &'static str| {
                let name = Signal::derive(move || setup.scope_name(scope));
                let is_chosen = Signal::derive(move || setup.scope() == scope);
                view! { <MenuChoice testid name is_chosen on_choose=move || setup.choose_scope(scope)/> }
            };
            view! {
                <div role="group" aria-label="Columns">
                    {choice(ColumnScope::All, "export-all-columns")}
                    {choice(ColumnScope::Shown, "export-shown-columns")}
                </div>
            }
        })
    }
}

#[component]
fn Commands(setup: ExportSetup, menu: PopupMenu) -> impl IntoView {
    let is_disabled = Signal::derive(move || setup.obstacle().is_some());
    let save_as = can_pick().then(|| {
        let name = Signal::derive(move || format!("Save {} as…", format_name(setup.format())));
        view! {
            <MenuItem
                menu
                testid="export-save-as"
                name
                is_disabled
                on_choose=move || setup.export(Destination::PickedFile)
            />
        }
    });
    // The command line reads the rows of all users.
    let command_line = expect_context::<Auth>().is_administrator().then(|| {
        view! {
            <MenuItem
                menu
                testid="export-copy-command"
                name="Copy as command"
                hint="decant export"
                on_choose=move || setup.copy_command_line()
            />
        }
    });
    view! {
        <div role="group" aria-label="More">
            {save_as}
            <MenuItem
                menu
                testid="options-toggle"
                name="Options and preview…"
                on_choose=move || setup.is_drawer_open.set(true)
            />
            <MenuItem
                menu
                testid="export-copy-curl"
                name="Copy as curl"
                hint="for scripts"
                on_choose=move || setup.copy_curl()
            />
            {command_line}
        </div>
    }
}
