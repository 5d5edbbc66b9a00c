//! The drawer of the export: options, contents, warnings, preview.

use api::export_templates::ExportTemplate;
use leptos::ev::MouseEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_export::browser::protocol::Destination;

use super::background_limits::BackgroundLimits;
use super::cached_rows_note::CachedRowsNote;
use super::confirm::ConfirmDialog;
use super::delivery_fields::DeliveryFields;
use super::export_bar::ExportButton;
use super::export_contents::ExportContents;
use super::export_options::ExportOptions;
use super::export_preview::ExportPreview;
use super::export_templates::ExportTemplates;
use crate::download::can_pick;
use crate::export_setup::{ColumnScope, ExportSetup};

#[component]
pub fn ExportDrawer(setup: ExportSetup) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let is_open = setup.is_drawer_open.get();
        let Some(dialog) = dialog.get() else { return };
        match (is_open, dialog.open()) {
            // Fails only for a dialog that is open or has been removed.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    // The dialog's own area is covered by its content, so a click on the dialog itself is one on its backdrop.
    let close_by_backdrop = move |event: MouseEvent| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if target.is_some_and(|target| target.tag_name() == "DIALOG") {
            setup.is_drawer_open.set(false);
        }
    };
    view! {
        <dialog
            class="export-drawer"
            aria-labelledby="export-drawer-title"
            data-testid="export-drawer"
            node_ref=dialog
            on:close=move |_| setup.is_drawer_open.set(false)
            on:click=close_by_backdrop
        >
            {move || setup.is_drawer_open.get().then(|| view! { <Content setup/> })}
        </dialog>
        <ConfirmDialog confirmer=setup.confirmer/>
    }
}

#[component]
fn Content(setup: ExportSetup) -> impl IntoView {
    let save_as = can_pick().then(|| {
        view! {
            <button
                type="button"
                aria-disabled=move || setup.obstacle().map(|_| "true")
                data-testid="export-drawer-save-as"
                on:click=move |_| setup.export(Destination::PickedFile)
            >
                "Save as…"
            </button>
        }
    });
    view! {
        <div class="export-drawer-content">
            <header class="export-drawer-head">
                <h2 id="export-drawer-title">"Export"</h2>
                <button
                    type="button"
                    class="quiet icon"
                    aria-label="Close"
                    data-testid="export-drawer-close"
                    on:click=move |_| setup.is_drawer_open.set(false)
                >
                    "×"
                </button>
            </header>
            <div class="export-drawer-body">
                <ExportTemplates
                    dataset=setup.view.dataset.with_value(|dataset| dataset.name.clone())
                    on_choose=Callback::new(move |template: ExportTemplate| setup.apply_template(&template))
                    export=Callback::new(move |()| setup.background_request())
                    confirmer=setup.confirmer
                />
                <ExportOptions setup/>
                <ColumnField setup/>
                <ExportContents setup/>
                <ExportPreview setup/>
                <BackgroundLimits
                    estimate=Signal::derive(move || setup.estimated_bytes())
                    is_packed=Signal::derive(move || setup.is_packed())
                    rows=Signal::derive(move || setup.rows())
                    of_workspace=setup.is_of_workspace()
                />
                {move || setup.may_deliver().then(|| view! { <DeliveryFields form=setup.delivery name="delivery"/> })}
            </div>
            <footer class="export-drawer-foot">
                <CachedRowsNote setup/>
                <p class="faint" role="status" data-testid="export-drawer-obstacle">{move || setup.obstacle()}</p>
                {save_as}
                <BackgroundButton setup/>
                <ScheduleButton setup/>
                <ExportButton setup testid="export-drawer-start"/>
            </footer>
        </div>
    }
}

/// The button stays focusable while the background takes no export; the limits above it name the reason.
#[component]
fn BackgroundButton(setup: ExportSetup) -> impl IntoView {
    let obstacle = Memo::new(move |_| setup.background_obstacle());
    view! {
        <button
            type="button"
            aria-disabled=move || obstacle.get().map(|_| "true")
            title=move || obstacle.get()
            data-testid="export-drawer-background"
            on:click=move |_| setup.deliver_in_background()
        >
            "Run in background"
        </button>
    }
}

#[component]
fn ScheduleButton(setup: ExportSetup) -> impl IntoView {
    let obstacle = Memo::new(move |_| setup.schedule_obstacle());
    view! {
        <button
            type="button"
            aria-disabled=move || obstacle.get().map(|_| "true")
            title=move || obstacle.get()
            data-testid="export-drawer-schedule"
            on:click=move |_| setup.schedule()
        >
            "Schedule…"
        </button>
    }
}

/// Nothing to choose while the table shows all columns in the dataset's order.
#[component]
fn ColumnField(setup: ExportSetup) -> impl IntoView {
    let has_scopes = Memo::new(move |_| setup.has_scopes());
    let choice = move |scope: ColumnScope, testid: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="export-columns"
                    data-testid=testid
                    prop:checked=move || setup.scope() == scope
                    on:change=move |_| setup.choose_scope(scope)
                />
                {move || setup.scope_name(scope)}
            </label>
        }
    };
    move || {
        has_scopes.get().then(|| {
            view! {
                <fieldset class="choices">
                    <legend>"Columns"</legend>
                    {choice(ColumnScope::All, "export-drawer-all-columns")}
                    {choice(ColumnScope::Shown, "export-drawer-shown-columns")}
                </fieldset>
            }
        })
    }
}
