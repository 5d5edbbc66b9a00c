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
    pub(super) fn from_export(finished: &Finished, rows_key: &str) -> Option<Self> {
        Some(Self {
            rows: finished.kept.clone()?,
            rows_key: rows_key.to_owned(),
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
pub struct RowCache {
    entry: RwSignal<Option<RowCacheEntry>>,
    /// The files that running exports read, once for each export.
    held: StoredValue<Vec<String>>,
}

impl RowCache {
    pub(super) fn new() -> Self {
        Self {
            entry: RwSignal::new(None),
            held: StoredValue::default(),
        }
    }

    pub fn find(self, rows_key: &str, columns: &[String]) -> Option<RowCacheEntry> {
        self.entry.get().filter(|entry| entry.serves(rows_key, columns))
    }

    pub(super) fn clear(self) {
        self.put(None);
    }

    /// Removes the cached rows if they are in this file.
    pub(super) fn drop_file(self, file: &str) {
        if self.file().as_deref() == Some(file) {
            self.clear();
        }
    }

    /// Removes the cached rows of all tabs of this browser: those of other tabs may belong to another
    /// visitor.
    pub(super) fn clear_everywhere(self) {
        self.clear();
        spawn_local(remove_all_rows());
    }

    /// Puts the rows that an export has kept in the place of those before. An export that kept none removes
    /// older rows of the same selection only.
    pub(super) fn replace(self, rows_key: &str, entry: Option<RowCacheEntry>) {
        let is_same = |before: &Option<RowCacheEntry>| {
            before.as_ref().is_some_and(|before| before.rows_key == rows_key)
        };
        if entry.is_some() || self.entry.with_untracked(is_same) {
            self.put(entry);
        }
    }

    /// Keeps the file for an export that reads it.
    pub(super) fn hold(self, file: &str) {
        self.held.update_value(|held| held.push(file.to_owned()));
    }

    /// The export has ended. The last one removes a file that is no longer cached.
    pub(super) fn release(self, file: &str) {
        self.held.update_value(|held| {
            if let Some(place) = held.iter().position(|name| name == file) {
                held.swap_remove(place);
            }
        });
        if self.file().as_deref() != Some(file) {
            self.remove_unless_held(file.to_owned());
        }
    }

    fn put(self, entry: Option<RowCacheEntry>) {
        let (file, former) = (entry.as_ref().map(file_of), self.file());
        self.entry.set(entry);
        if file == former {
            return;
        }
        if let Some(former) = former {
            self.remove_unless_held(former);
        }
        if let Some(file) = file {
            // After this time any tab may delete the file.
            set_timeout(move || self.drop_file(&file), ROWS_KEPT);
        }
    }

    fn remove_unless_held(self, file: String) {
        if !self.held.with_value(|held| held.contains(&file)) {
            spawn_local(async move { remove(&file).await });
        }
    }

    fn file(self) -> Option<String> {
        self.entry.with_untracked(|entry| entry.as_ref().map(file_of))
    }
}

fn file_of(entry: &RowCacheEntry) -> String {
    entry.rows.file.clone()
}
