//! Background exports that this browser tab has asked for. The server makes them, also after the tab is closed; the tray shows
//! them until they are over.

mod start;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use api::exports::{Export, ExportEvent, ExportLimits, ExportProgress, ExportStatus};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::activity::tray::ActivityTray;
use crate::activity::{OperationKind, OperationResult, Outcome};
use crate::auth::Auth;
use crate::browser;
use crate::client;
use crate::load::Load;
use crate::toasts::Toasts;
use crate::wording::background as wording;
use crate::wording::export_limits::limit_obstacle;
pub use watch::{EVENTS, ExportWatch, WatchEvent};

/// A browser opens about six connections to a server. The tray takes this many for streams, and asks for the others regularly.
const STREAMS_MAX: usize = 2;

/// A handle to the background exports of this tab, one for the whole page.
#[derive(Clone, Copy)]
pub struct BackgroundExports {
    /// Those that wait or run, in the order of the requests.
    open: RwSignal<Vec<Export>>,
    watches: StoredValue<BTreeMap<String, ExportWatch>, LocalStorage>,
    /// A request for an export is on its way: a second click asks for no second one.
    is_sending: StoredValue<bool>,
    /// Counts the changes after which a list of exports is outdated.
    changes: RwSignal<u32>,
    limits: Load<ExportLimits>,
    /// A panel with the limits has been opened.
    are_limits_wanted: RwSignal<bool>,
    auth: Auth,
    tray: ActivityTray,
    toasts: Toasts,
}

impl BackgroundExports {
    /// Needs the sign-in state in the context.
    pub fn new(auth: Auth, tray: ActivityTray, toasts: Toasts) -> Self {
        let are_limits_wanted = RwSignal::new(false);
        let exports = Self {
            open: RwSignal::default(),
            watches: StoredValue::new_local(BTreeMap::new()),
            is_sending: StoredValue::new(false),
            changes: RwSignal::new(0),
            limits: Load::new(move || are_limits_wanted.get().then(client::export_limits)),
            are_limits_wanted,
            auth,
            tray,
            toasts,
        };
        // The next visitor must not see the exports of the one before.
        auth.on_visitor_change(move || {
            exports.watches.update_value(BTreeMap::clear);
            exports.open.set(Vec::new());
            exports.are_limits_wanted.set(false);
        });
        exports
    }

    /// Returns whether a panel suggests the background for so many rows; `false` until the limits are loaded.
    pub fn suggests(self, rows: u64) -> bool {
        self.limits
            .with(|limits| limits.is_some_and(|limits| rows >= limits.background_rows))
    }

    /// Lists an export in the tray until it is over.
    pub fn follow(self, export: Export) {
        self.tray
            .announce(format!("{}: waits in the queue", wording::name(&export)));
        let id = export.id.clone();
        self.open.update(|open| open.push(export));
        let may_stream = self.watches.with_value(BTreeMap::len) < STREAMS_MAX;
        let watch = ExportWatch::start(&id, may_stream, {
            let id = id.clone();
            move |event| self.handle(&id, event)
        });
        self.watches.update_value(|watches| _ = watches.insert(id, watch));
        self.note_change();
    }

    pub fn cancel(self, id: String) {
        spawn_local(async move {
            match client::cancel_export(&id).await {
                Ok(export) if !export.status.is_open() => self.finish(&export),
                // Its worker stops within two seconds.
                Ok(_) => {}
                Err(problem) => {
                    self.auth.check_expiry(&problem);
                    let title = format!("The export was not cancelled: {}", problem.title);
                    self.toasts.error(title, problem.detail);
                }
            }
        });
    }

    /// Returns the ids of those that wait or run.
    pub fn ids(self) -> Vec<String> {
        self.open
            .with(|open| open.iter().map(|export| export.id.clone()).collect())
    }

    /// Looks at one that waits or runs.
    pub fn with<T>(self, id: &str, look: impl FnOnce(&Export) -> T) -> Option<T> {
        self.open
            .with(|open| open.iter().find(|export| export.id == id).map(look))
    }

    /// Returns the number of those that wait or run.
    pub fn running(self) -> usize {
        self.open.with(Vec::len)
    }

    /// Returns the progress of those that run.
    pub fn percents(self) -> Vec<Option<u64>> {
        let percent =
            |export: &Export| (export.status == ExportStatus::Processing).then(|| u64::from(export.progress));
        self.open.with(|open| open.iter().map(percent).collect())
    }

    /// Changes whenever a list of exports is outdated.
    pub fn changes(self) -> u32 {
        self.changes.get()
    }

    /// Call it after each change of an export.
    pub fn note_change(self) {
        self.changes.update(|changes| *changes += 1);
        if self.are_limits_wanted.get_untracked() {
            self.limits.retry();
        }
    }

    /// Returns what the visitor may still create and store, for a panel that opens: asks for it again.
    pub fn limits(self) -> Load<ExportLimits> {
        match self.are_limits_wanted.get_untracked() {
            true => self.limits.retry(),
            false => self.are_limits_wanted.set(true),
        }
        self.limits
    }

    /// Returns why the background takes no export now, as far as the limits are known. `of_workspace`: the file is one of a workspace.
    pub fn obstacle(self, of_workspace: bool) -> Option<String> {
        if let Some(problem) = self.limits.problem() {
            return Some(problem.title);
        }
        self.limits
            .with(|limits| limit_obstacle(limits?, of_workspace, browser::moment))
    }

    fn handle(self, id: &str, event: WatchEvent) {
        match event {
            WatchEvent::Happened(ExportEvent::Progress(progress)) => self.advance(id, &progress),
            WatchEvent::Happened(
                ExportEvent::Complete(export) | ExportEvent::Error(export) | ExportEvent::Cancelled(export),
            ) => self.finish(&export),
            WatchEvent::Failed(problem) => {
                self.auth.check_expiry(&problem);
                // Another tab has deleted it, or the visitor may no longer see it.
                if matches!(problem.status, 403 | 404) {
                    self.forget(id);
                }
            }
        }
    }

    fn advance(self, id: &str, now: &ExportProgress) {
        let before = untrack(|| self.with(id, |export| (wording::name(export), u64::from(export.progress))));
        self.open.update(|open| {
            if let Some(export) = open.iter_mut().find(|export| export.id == id) {
                apply(export, now);
            }
        });
        if let Some((name, before)) = before {
            self.tray
                .advance(&name, Some(before), Some(u64::from(now.progress)));
        }
    }

    /// Moves an export to the results of the tray.
    fn finish(self, export: &Export) {
        if !self.forget(&export.id) {
            return;
        }
        let (outcome, details) = match export.status {
            ExportStatus::Completed => (Outcome::Completed, wording::file(export)),
            ExportStatus::Cancelled => (Outcome::Cancelled, "no file was stored".to_owned()),
            _ => (Outcome::Failed, export.error_message.clone().unwrap_or_default()),
        };
        let name = wording::name(export);
        let result = OperationResult {
            export: Some(export.id.clone()),
            ..OperationResult::new(OperationKind::Background, name.clone(), outcome, details.clone())
        };
        match outcome {
            Outcome::Failed => {
                self.toasts.error(format!("{name} has failed"), details);
                self.tray.list(result);
            }
            Outcome::Completed | Outcome::Cancelled => self.tray.end(result),
        }
        self.note_change();
    }

    /// Returns whether the tray has shown the export.
    fn forget(self, id: &str) -> bool {
        let mut was_open = false;
        self.open.update(|open| {
            let before = open.len();
            open.retain(|export| export.id != id);
            was_open = open.len() < before;
        });
        // The watch calls this function, so it is dropped after its return.
        let watch = self.watches.try_update_value(|watches| watches.remove(id));
        set_timeout(move || drop(watch), Duration::ZERO);
        was_open
    }
}

/// Writes the progress of an export into its record.
pub fn apply(export: &mut Export, now: &ExportProgress) {
    export.status = now.status;
    export.progress = now.progress;
    export.rows = now.rows;
    export.position = now.position;
}
