//! The rows of the last export: the browser keeps them, so that another file of them needs nothing of the server.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::disk::{ROWS_KEPT, remove, remove_all_rows};
use wasm_export::browser::protocol::{CachedRows, Finished};

/// Cached rows, and which they are.
#[derive(Clone, Debug, PartialEq)]
pub struct RowCacheEntry {
    /// For the worker.
    pub rows: CachedRows,
    /// Which rows of which dataset, as [`Dataset::rows_key`](crate::dataset::Dataset::rows_key) says it.
    pub rows_key: String,
    /// How many they are.
    pub count: u64,
    /// When the database began to read them (RFC 3339, UTC).
    pub as_of: String,
}

impl RowCacheEntry {
    /// The rows of a finished export, if the browser keeps them.
    pub(super) fn from_export(finished: &Finished, rows_key: String) -> Option<Self> {
        Some(Self {
            rows: finished.kept.clone()?,
            rows_key,
            count: finished.rows,
            as_of: finished.as_of.clone(),
        })
    }

    fn serves(&self, rows_key: &str, columns: &[String]) -> bool {
        self.rows_key == rows_key && columns.iter().all(|column| self.rows.columns.contains(column))
    }
}

/// Where the page has its kept rows: those of one export at a time.
#[derive(Clone, Copy)]
pub struct RowCache(RwSignal<Option<RowCacheEntry>>);

impl RowCache {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// The kept rows, where a file of these rows with these columns can be made of them.
    #[must_use]
    pub fn find(self, rows_key: &str, columns: &[String]) -> Option<RowCacheEntry> {
        self.0.get().filter(|kept| kept.serves(rows_key, columns))
    }

    /// Removes the kept rows: the next export fetches its own.
    pub(super) fn clear(self) {
        self.put(None);
    }

    /// Removes all that there are in this browser: those of other windows are somebody else's, too.
    pub(super) fn clear_everywhere(self) {
        self.clear();
        spawn_local(remove_all_rows());
    }

    /// Keeps the rows of the last export in place of those before it.
    pub(super) fn put(self, kept: Option<RowCacheEntry>) {
        let (file, former) = (kept.as_ref().map(file_of), self.file());
        self.0.set(kept);
        if file == former {
            return;
        }
        if let Some(former) = former {
            spawn_local(async move { remove(&former).await });
        }
        if file.is_some() {
            // From then on any window may sweep them.
            let clear = move || {
                if self.file() == file {
                    self.clear();
                }
            };
            set_timeout(clear, ROWS_KEPT);
        }
    }

    fn file(self) -> Option<String> {
        self.0.with_untracked(|kept| kept.as_ref().map(file_of))
    }
}

fn file_of(kept: &RowCacheEntry) -> String {
    kept.rows.file.clone()
}
