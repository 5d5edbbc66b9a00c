//! The button that exports, and the menu beside it.

use leptos::prelude::*;
use wasm_export::browser::protocol::Destination;
use wasm_export::options::Format;

use super::popup_menu::{MenuButton, MenuChoice, MenuItem, MenuPopup, PopupMenu};
use crate::auth::Auth;
use crate::download::can_pick;
use crate::export_setup::{ColumnScope, ExportSetup};
use crate::keys::{KeyAction, Keys};
use crate::row_scope::{RowScope, quick_scopes};
use crate::wording::export::{format_hint, format_name};

/// The left part exports at once, in the format of the last export. The right part opens the menu.
#[component]
pub fn ExportBar(setup: ExportSetup) -> impl IntoView {
    let menu = PopupMenu::new();
    expect_context::<Keys>().on(KeyAction::ExportMenu, move || menu.toggle());
    let formats = setup.view.dataset.with_value(|dataset| dataset.formats.clone());
    let formats = StoredValue::new(formats);
    let note = Signal::derive(move || match setup.obstacle() {
        Some(obstacle) => obstacle,
        None => setup.contents(),
    });
    view! {
        <div class="export-bar">
            <ExportButton setup testid="export-start"/>
            <MenuButton menu label="Export menu" class="primary fold" testid="export-menu"/>
            <MenuPopup menu label="Export" id="export-popup" note>
                <Formats setup menu formats=formats.get_value()/>
                <RowScopes setup/>
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
            {move || button_name(setup)}
        </button>
        <span id=reason_id class="unseen">{move || obstacle.get()}</span>
    }
}

/// `Export CSV`, or `Export CSV · 12 selected rows` if the file does not have the rows of the table.
fn button_name(setup: ExportSetup) -> String {
    let format = format_name(setup.format());
    match setup.row_scope() {
        RowScope::Filtered => format!("Export {format}"),
        scope => format!("Export {format} · {}", setup.rows_name(&scope)),
    }
}

/// Only datasets with tick boxes have a choice of rows.
#[component]
fn RowScopes(setup: ExportSetup) -> impl IntoView {
    let view = setup.view;
    if view.tick_filter.with_value(Option::is_none) {
        return None;
    }
    let quick = view.dataset.with_value(|dataset| {
        let quick = quick_scopes(dataset).into_iter();
        quick.map(|quick| quick.name.clone()).collect::<Vec<_>>()
    });
    let choice = move |scope: RowScope, testid: String| {
        let scope = StoredValue::new(scope);
        let name = Signal::derive(move || scope.with_value(|scope| setup.rows_name(scope)));
        let is_chosen = Signal::derive(move || scope.with_value(|scope| setup.row_scope() == *scope));
        view! { <MenuChoice testid name is_chosen on_choose=move || setup.choose_rows(scope.get_value())/> }
    };
    let has_ticks = move || view.ticks.with(|ticks| !ticks.is_empty());
    let quick = quick.into_iter().map(|name| {
        let testid = format!("export-quick-{name}");
        choice(RowScope::Quick(name), testid)
    });
    Some(view! {
        <div role="group" aria-label="Rows">
            {choice(RowScope::Filtered, "export-filtered".to_owned())}
            {move || has_ticks().then(|| choice(RowScope::Ticked, "export-ticked-rows".to_owned()))}
            {quick.collect_view()}
        </div>
    })
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
                view! { <MenuChoice testid=testid.to_owned() name is_chosen on_choose=move || setup.choose_scope(scope)/> }
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
    // A shell does not take such a long command.
    let is_long = Signal::derive(move || setup.rows_selection().is_long());
    // The command line reads the rows of all users.
    let command_line = expect_context::<Auth>().is_administrator().then(|| {
        view! {
            <MenuItem
                menu
                testid="export-copy-command"
                name="Copy as command"
                hint="decant export"
                is_disabled=is_long
                on_choose=move || setup.copy_command_line()
            />
        }
    });
    let background = setup.background_hint();
    view! {
        <div role="group" aria-label="More">
            {save_as}
            <MenuItem
                menu
                testid="export-background"
                name="Run in background"
                hint=background
                is_disabled=Signal::derive(move || setup.background_obstacle().is_some())
                on_choose=move || setup.run_in_background()
            />
            <MenuItem
                menu
                testid="export-schedule"
                name="Schedule…"
                hint="once or again and again"
                is_disabled=Signal::derive(move || setup.schedule_obstacle().is_some())
                on_choose=move || setup.schedule()
            />
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
                is_disabled=is_long
                on_choose=move || setup.copy_curl()
            />
            {command_line}
        </div>
    }
}
