//! The restore of a dump: the visitor chooses a file or a backup, the page checks and uploads it and follows
//! the restore.
//!
//! - `source`: the dump, a file or a backup.
//! - `chosen_file`: a chosen file, which a worker checks before the upload.
//! - `upload`: the request and its streamed answer.
//! - `run`: the visitor's restore, one for the whole page.

#[cfg(target_arch = "wasm32")]
pub(crate) mod chosen_file;
#[cfg(target_arch = "wasm32")]
pub(crate) mod run;
#[cfg(target_arch = "wasm32")]
pub(crate) mod source;
#[cfg(target_arch = "wasm32")]
mod upload;

use std::collections::BTreeMap;

use api::restore::{RestoreMode, RestoreRequest, TableResult};

/// In the order of the page.
pub const MODES: &[RestoreMode] = &[RestoreMode::Clean, RestoreMode::Merge];

/// The first choice of the form.
pub const DEFAULT_REQUEST: RestoreRequest = RestoreRequest {
    clean_first: true,
    skip_logs: false,
    allow_missing_tables: false,
};

pub fn mode(request: RestoreRequest) -> RestoreMode {
    match request.clean_first {
        true => RestoreMode::Clean,
        false => RestoreMode::Merge,
    }
}

/// Returns the sums over all tables.
pub fn total(tables: &BTreeMap<String, TableResult>) -> TableResult {
    let add = |sum: TableResult, table: &TableResult| TableResult {
        inserted: sum.inserted + table.inserted,
        skipped: sum.skipped + table.skipped,
        conflicting: sum.conflicting + table.conflicting,
    };
    tables.values().fold(TableResult::default(), add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_all_tables_are_added() {
        let result = |inserted, skipped, conflicting| TableResult {
            inserted,
            skipped,
            conflicting,
        };
        let tables = [
            ("public.a".to_owned(), result(2, 1, 0)),
            ("public.b".to_owned(), result(3, 0, 4)),
        ];
        assert_eq!(total(&tables.into()), result(5, 1, 4));
    }
}
