//! The activity tray: the running operations of this browser tab, and the results of the last ones.

use leptos::html::{Button, Section};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::activity_results::ActivityResults;
use super::background_item::BackgroundItem;
use super::cleanup_run::CleanupItem;
use super::dump_run::DumpItem;
use super::export_run::ExportItem;
use super::restore_item::RestoreItem;
use crate::activity::tray::ActivityTray;
use crate::background::BackgroundExports;
use crate::download::Exporter;
use crate::keys::{KeyAction, Keys};
use crate::operations::Operations;

const TRAY: &str = "activity";

/// The element that had the focus before the tray took it.
type Opener = StoredValue<Option<HtmlElement>, LocalStorage>;

/// Opens and closes the tray, and moves the focus with it.
#[derive(Clone, Copy)]
pub struct TrayControl {
    tray: ActivityTray,
    panel: NodeRef<Section>,
    button: NodeRef<Button>,
    opener: Opener,
}

impl TrayControl {
    /// The key `a` opens and closes the tray, too.
    pub fn new() -> Self {
        let control = Self {
            tray: expect_context(),
            panel: NodeRef::new(),
            button: NodeRef::new(),
            opener: StoredValue::new_local(None),
        };
        expect_context::<Keys>().on(KeyAction::Activity, move || control.toggle());
        control
    }

    fn toggle(self) {
        match self.tray.is_open_now() {
            true => self.close(),
            false => self.open(),
        }
    }

    fn open(self) {
        let focused = document().active_element();
        self.opener
            .set_value(focused.and_then(|element| element.dyn_into().ok()));
        self.tray.open();
        // The panel is hidden until the next frame.
        request_animation_frame(move || {
            if let Some(panel) = self.panel.try_get_untracked().flatten() {
                let _ = panel.focus();
            }
        });
    }

    /// Gives the focus back if it is in the tray.
    fn close(self) {
        let had_focus = self.panel.get_untracked().is_some_and(|panel| {
            let focused = document().active_element();
            panel.contains(focused.as_ref().map(AsRef::as_ref))
        });
        self.tray.close();
        if !had_focus {
            return;
        }
        let opener = self.opener.try_update_value(Option::take).flatten();
        let opener = opener.filter(|opener| opener.is_connected() && opener.tag_name() != "BODY");
        match (opener, self.button.get_untracked()) {
            (Some(opener), _) => _ = opener.focus(),
            (None, Some(button)) => _ = button.focus(),
            (None, None) => {}
        }
    }
}

/// The button in the header, with the number of running operations.
#[component]
pub fn ActivityButton(control: TrayControl) -> impl IntoView {
    let operations = expect_context::<Operations>();
    let running = Memo::new(move |_| operations.running());
    let badge = move || {
        let running = Some(running.get()).filter(|running| *running > 0)?;
        Some(view! {
            <span class="badge" data-testid="activity-count">{running}<span class="unseen">" running"</span></span>
        })
    };
    view! {
        <button
            type="button"
            class="quiet"
            aria-expanded=move || control.tray.is_open().to_string()
            aria-controls=TRAY
            data-testid="activity-toggle"
            node_ref=control.button
            on:click=move |_| control.toggle()
        >
            "Activity" {badge}
        </button>
    }
}

#[component]
pub fn Tray(control: TrayControl) -> impl IntoView {
    let (tray, exporter) = (control.tray, expect_context::<Exporter>());
    let operations = expect_context::<Operations>();
    let background = expect_context::<BackgroundExports>();
    let is_empty = Memo::new(move |_| !operations.are_listed() && tray.results().is_empty());
    view! {
        <section
            id=TRAY
            class="activity"
            tabindex="-1"
            aria-labelledby="activity-title"
            data-testid="activity"
            hidden=move || !tray.is_open()
            node_ref=control.panel
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    control.close();
                }
            }
        >
            <div class="activity-head">
                <h2 id="activity-title">"Activity"</h2>
                <button
                    type="button"
                    class="quiet icon"
                    aria-label="Close the activity"
                    data-testid="activity-close"
                    on:click=move |_| control.close()
                >
                    "×"
                </button>
            </div>
            {move || is_empty.get().then(|| view! {
                <p class="faint" data-testid="activity-empty">
                    "Nothing runs. Exports, dumps, restores and clean-ups of this tab appear here."
                </p>
            })}
            <ul class="activity-list" data-testid="activity-running">
                <For
                    each=move || exporter.runs().ids()
                    key=|id| *id
                    children=|id| view! { <li><ExportItem id/></li> }
                />
                <For
                    each=move || background.ids()
                    key=|id| id.clone()
                    children=|id| view! { <li><BackgroundItem id/></li> }
                />
                <DumpItem/>
                <RestoreItem/>
                <CleanupItem/>
            </ul>
            <ActivityResults/>
        </section>
        <Announcer tray/>
    }
}

/// Both regions exist before their first text, because screen readers announce only changes of regions that they
/// know.
#[component]
fn Announcer(tray: ActivityTray) -> impl IntoView {
    view! {
        <p class="unseen" role="status" data-testid="activity-status">{move || tray.status()}</p>
        <p class="unseen" role="alert" data-testid="activity-alert">{move || tray.alert()}</p>
    }
}
