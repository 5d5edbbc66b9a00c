//! One background export: its state, its record, what was asked for, its check, its log.

use std::collections::BTreeMap;
use std::time::Duration;

use api::exports::{Export, ExportEvent, ExportProgress, ExportStatus, ExportStatusAnswer};
use leptos::prelude::*;

use crate::auth::Auth;
use crate::background::{BackgroundExports, ExportWatch, WatchEvent, apply};
use crate::browser;
use crate::client;
use crate::components::background_actions::ExportActionButtons;
use crate::components::background_deliveries::Deliveries;
use crate::components::background_record::{Log, Parameters, Record, Verified};
use crate::components::confirm::ConfirmDialog;
use crate::components::notice::Notice;
use crate::components::run_bar::RunBar;
use crate::components::status_badge::StatusBadge;
use crate::confirmer::Confirmer;
use crate::export_actions::ExportActions;
use crate::load::Load;
use crate::navigation::{Navigation, RouteLink};
use crate::route::{ExportsChoice, Route};
use crate::wording::background::{facts, name};

use super::exports::TITLE;

/// Messages of the log on the page.
const LOGS: u32 = 200;

/// How often the log is asked for while the export waits or runs.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

#[component]
pub fn BackgroundExportPage(
    id: String,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let background = expect_context::<BackgroundExports>();
    let navigation = expect_context::<Navigation>();
    let load = {
        let id = id.clone();
        Load::new(move || {
            let _ = background.changes();
            Some(client::export_status(id.clone(), LOGS))
        })
    };
    let export = watched(id, load);
    let is_deleted = RwSignal::new(false);
    let confirmer = Confirmer::new();
    let to_list = Callback::new(move |()| {
        is_deleted.set(true);
        navigation.go(Route::Exports(ExportsChoice::default()));
    });
    let actions = ExportActions::new(confirmer, to_list);
    let is_known = Memo::new(move |_| export.with(Option::is_some));
    let problem = Memo::new(move |_| load.problem().filter(|_| !is_deleted.get()));
    let shown = move || match (problem.get(), is_known.get()) {
        (Some(problem), _) => view! { <Notice problem on_retry=move || load.retry()/> }.into_any(),
        (None, true) => view! { <Content export load actions titles/> }.into_any(),
        (None, false) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
    };
    view! {
        <p>
            <RouteLink to=Route::Exports(ExportsChoice::default()) testid="to-exports">"‹ "{TITLE}</RouteLink>
        </p>
        {shown}
        <ConfirmDialog confirmer/>
    }
}

/// Returns the export with its newest progress. Its end, and from time to time its log, are loaded again.
fn watched(id: String, load: Load<ExportStatusAnswer>) -> Memo<Option<Export>> {
    let auth = expect_context::<Auth>();
    let progress = RwSignal::new(None::<ExportProgress>);
    let recorded = Memo::new(move |_| load.with(|answer| Some(answer?.export.clone())));
    let is_open = Memo::new(move |_| {
        recorded.with(|export| export.as_ref().is_some_and(|export| export.status.is_open()))
    });
    // Files leave after the export has ended.
    let is_delivering = Memo::new(move |_| {
        recorded.with(|export| export.as_ref().is_some_and(is_delivering)) && !is_open.get()
    });
    load.refresh_while(is_delivering, REFRESH_EVERY);
    Effect::new(move || {
        recorded.with(|_| ());
        progress.set(None);
    });
    Effect::new(move |before: Option<Option<(ExportWatch, OnDrop)>>| {
        drop(before);
        if !is_open.get() {
            return None;
        }
        let refresh = move || {
            if !document().hidden() && untrack(|| !load.is_busy()) {
                load.retry();
            }
        };
        let timer = set_interval_with_handle(refresh, REFRESH_EVERY).ok();
        let watch = ExportWatch::start(&id, true, move |event| match event {
            // `try_set`, because the visitor may have left the page and with it these signals.
            WatchEvent::Happened(ExportEvent::Progress(now)) => _ = progress.try_set(Some(now)),
            WatchEvent::Happened(_) => load.retry(),
            WatchEvent::Failed(problem) => auth.check_expiry(&problem),
        });
        Some((watch, OnDrop(timer)))
    });
    Memo::new(move |_| {
        let mut export = recorded.get()?;
        if let Some(progress) = progress.get() {
            apply(&mut export, &progress);
        }
        Some(export)
    })
}

/// Returns whether an attempt to deliver is still to come.
fn is_delivering(export: &Export) -> bool {
    let mut deliveries = export.deliveries.iter();
    deliveries.any(|delivery| delivery.status.is_open())
}

/// Ends a timer when it is dropped.
struct OnDrop(Option<IntervalHandle>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(timer) = self.0.take() {
            timer.clear();
        }
    }
}

#[component]
fn Content(
    export: Memo<Option<Export>>,
    load: Load<ExportStatusAnswer>,
    actions: ExportActions,
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let of_export =
        move |text: fn(&Export) -> String| move || export.with(|export| export.as_ref().map(text));
    let status = Memo::new(move |_| export.with(|export| export.as_ref().map(|export| export.status)));
    let badge = move || status.get().map(|status| view! { <StatusBadge status/> });
    let percent = Signal::derive(move || export.with(|export| Some(u64::from(export.as_ref()?.progress))));
    let bar = move || {
        let is_running = status.get() == Some(ExportStatus::Processing);
        is_running.then(|| view! { <RunBar label="Progress" testid="export-progress-bar" percent/> })
    };
    let text = of_export(|export| facts(export, browser::now_seconds(), browser::moment));
    view! {
        <div class="heading">
            <h1 class="path" data-testid="export-name">{of_export(name)}</h1>
            <div class="actions stored-actions"><ExportActionButtons export actions/></div>
        </div>
        <section class="card stack" aria-label="State" data-testid="export-state">
            <p role="status">{badge} " " <span class="run-facts">{text}</span></p>
            {bar}
        </section>
        <div class="record">
            <Record export titles/>
            <Parameters export/>
            <Verified export/>
            <Deliveries export/>
        </div>
        <Log load/>
    }
}
