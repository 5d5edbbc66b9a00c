//! The rows of the last export, kept in the browser so that another file of the same rows needs no request.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::disk::{ROWS_KEPT, remove, remove_all_rows};
use wasm_export::browser::protocol::{CachedRows, Finished};

#[derive(Clone, Debug, PartialEq)]
pub struct RowCacheEntry {
    pub rows: CachedRows,
    /// See [`rows_key`](crate::dataset::rows_key).
    pub rows_key: String,
    pub count: u64,
    /// RFC 3339, UTC: the time of the snapshot that was read.
    pub as_of: String,
}

impl RowCacheEntry {
    /// Returns `None` if the worker kept no rows.
    pub(super) fn from_export(finished: &Finished, rows_key: String) -> Option<Self> {
        Some(Self {
            rows: finished.kept.clone()?,
            rows_key,
            count: finished.rows,
            as_of: finished.as_of.clone(),
        })
    }

    /// Returns whether a file of these rows with these columns can be made from the cache.
    fn serves(&self, rows_key: &str, columns: &[String]) -> bool {
        self.rows_key == rows_key && columns.iter().all(|column| self.rows.columns.contains(column))
    }
}

/// Holds the rows of one export.
#[derive(Clone, Copy)]
pub struct RowCache(RwSignal<Option<RowCacheEntry>>);

impl RowCache {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(None))
    }

    pub fn find(self, rows_key: &str, columns: &[String]) -> Option<RowCacheEntry> {
        self.0.get().filter(|entry| entry.serves(rows_key, columns))
    }

    pub(super) fn clear(self) {
        self.put(None);
    }

    /// Removes the cached rows of all tabs of this browser: those of other tabs may belong to another
    /// visitor.
    pub(super) fn clear_everywhere(self) {
        self.clear();
        spawn_local(remove_all_rows());
    }

    /// Replaces the cached rows and deletes the file of those before.
    pub(super) fn put(self, entry: Option<RowCacheEntry>) {
        let (file, former) = (entry.as_ref().map(file_of), self.file());
        self.0.set(entry);
        if file == former {
            return;
        }
        if let Some(former) = former {
            spawn_local(async move { remove(&former).await });
        }
        if file.is_some() {
            // After this time any tab may delete the file.
            let clear = move || {
                if self.file() == file {
                    self.clear();
                }
            };
            set_timeout(clear, ROWS_KEPT);
        }
    }

    fn file(self) -> Option<String> {
        self.0.with_untracked(|entry| entry.as_ref().map(file_of))
    }
}

fn file_of(entry: &RowCacheEntry) -> String {
    entry.rows.file.clone()
}
