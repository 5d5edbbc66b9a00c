//! The rows of the last export: the browser keeps them, so that another file of them needs nothing of the server.

use wasm_export::browser::protocol::{Finished, KeptRows};

/// Kept rows, and which they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// For the worker.
    pub rows: KeptRows,
    /// Which rows of which dataset, as [`Dataset::rows_of`](crate::dataset::Dataset::rows_of) says it.
    pub rows_of: String,
    /// How many they are.
    pub count: u64,
    /// When the database began to read them (RFC 3339, UTC).
    pub as_of: String,
}

impl Kept {
    /// The rows of a finished export, if the browser keeps them.
    pub(super) fn of(finished: &Finished, rows_of: String) -> Option<Self> {
        Some(Self {
            rows: finished.kept.clone()?,
            rows_of,
            count: finished.rows,
            as_of: finished.as_of.clone(),
        })
    }

    /// Whether a file of these rows, with these columns, can be made of them.
    #[must_use]
    pub fn serves(&self, rows_of: &str, columns: &[String]) -> bool {
        self.rows_of == rows_of && columns.iter().all(|column| self.rows.columns.contains(column))
    }
}
