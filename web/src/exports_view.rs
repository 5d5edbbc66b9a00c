//! The state of the list of background exports: which ones, and their progress.

use std::collections::BTreeMap;
use std::time::Duration;

use api::exports::{Export, ExportEvent, ExportList, ExportProgress};
use leptos::prelude::*;

use crate::background::{BackgroundExports, EVENTS, apply};
use crate::client;
use crate::feed::{Feed, FeedEvent};
use crate::load::Load;
use crate::navigation::Navigation;
use crate::route::{ExportsChoice, PAGE_EXPORTS, Route};

/// How often the list is asked for while an export on it waits or runs.
const REFRESH_EVERY: Duration = Duration::from_secs(3);

/// A browser opens about six connections to a server. The list takes this many for streams of progress; the others are as new as
/// the list.
const STREAMS_MAX: usize = 2;

#[derive(Clone, Copy)]
pub struct ExportsView {
    pub choice: RwSignal<ExportsChoice>,
    pub list: Load<ExportList>,
    /// The newest progress from streams since the list came, by id.
    progress: RwSignal<BTreeMap<String, ExportProgress>>,
}

impl ExportsView {
    pub fn new(choice: ExportsChoice) -> Self {
        let choice = RwSignal::new(choice);
        let background = expect_context::<BackgroundExports>();
        let view = Self {
            choice,
            list: Load::new(move || {
                let _ = background.changes();
                Some(client::exports(choice.with(ExportsChoice::list_query)))
            }),
            progress: RwSignal::default(),
        };
        // The list is newer than the progress from before.
        Effect::new(move || {
            view.list.with(|_| ());
            view.progress.set(BTreeMap::new());
        });
        let has_open = Memo::new(move |_| view.has_open());
        view.list.refresh_while(has_open, REFRESH_EVERY);
        view.listen();
        let choice_of = |route: Route| match route {
            Route::Exports(choice) => Some(choice),
            _ => None,
        };
        expect_context::<Navigation>().follow_choice(choice, Route::Exports, choice_of);
        view
    }

    /// Changes the choice and shows its first page.
    pub fn choose(self, change: impl FnOnce(&mut ExportsChoice)) {
        self.choice.update(|choice| {
            choice.offset = 0;
            change(choice);
        });
    }

    /// Shows the page that begins so many exports later or earlier.
    pub fn turn(self, is_forward: bool) {
        self.choice.update(|choice| {
            choice.offset = match is_forward {
                true => choice.offset + PAGE_EXPORTS,
                false => choice.offset.saturating_sub(PAGE_EXPORTS),
            };
        });
    }

    /// Returns the ids on the page, the newest first.
    pub fn ids(self) -> Vec<String> {
        self.list.with(|list| {
            let exports = list.map_or(&[][..], |list| list.exports.as_slice());
            exports.iter().map(|export| export.id.clone()).collect()
        })
    }

    /// Returns an export of the page with its newest progress.
    pub fn export(self, id: &str) -> Option<Export> {
        let found = self.list.with(|list| {
            let mut exports = list?.exports.iter();
            exports.find(|export| export.id == id).cloned()
        });
        let mut export = found?;
        self.progress.with(|progress| {
            if let Some(progress) = progress.get(id) {
                apply(&mut export, progress);
            }
        });
        Some(export)
    }

    fn has_open(self) -> bool {
        self.list
            .with(|list| list.is_some_and(|list| list.exports.iter().any(|export| export.status.is_open())))
    }

    /// Opens streams for the exports that are over next: the list has the newest first.
    fn listen(self) {
        let streamed = Memo::new(move |_| {
            self.list.with(|list| {
                let exports = list.map_or(&[][..], |list| list.exports.as_slice());
                let open = exports.iter().rev().filter(|export| export.status.is_open());
                let ids = open.map(|export| export.id.clone());
                ids.take(STREAMS_MAX).collect::<Vec<_>>()
            })
        });
        Effect::new(move |before: Option<BTreeMap<String, Feed>>| {
            let mut before = before.unwrap_or_default();
            let feed = |id: String| {
                let feed = before.remove(&id).or_else(|| self.open_feed(&id))?;
                Some((id, feed))
            };
            streamed.get().into_iter().filter_map(feed).collect()
        });
    }

    fn open_feed(self, id: &str) -> Option<Feed> {
        let url = client::export_events_url(id);
        let id = id.to_owned();
        let handle = move |event| match event {
            FeedEvent::Received(ExportEvent::Progress(now)) => {
                // `try_update`, because the visitor may have left the page and with it these signals.
                self.progress
                    .try_update(|progress| _ = progress.insert(id.clone(), now));
            }
            // It is over. The next list has it, and no stream of it.
            FeedEvent::Received(_) if self.progress.try_with_untracked(|_| ()).is_some() => self.list.retry(),
            _ => {}
        };
        Feed::open(&url, &EVENTS, handle).ok()
    }
}
