//! Clean-ups of the hub's log: its archives, read by code of the tests' own, and the ledger that stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::answer::Answer;
use crate::database::Database;
use crate::dumps::events;

/// An archive whose size, hash and row count agree with its manifest.
#[derive(Debug)]
pub struct Archive {
    pub path: PathBuf,
    pub manifest: Value,
    pub columns: Vec<String>,
    pub ids: BTreeSet<u64>,
}

/// Returns the archives in a folder. A file without a manifest is not an archive.
pub fn archives(folder: &Path) -> Vec<Archive> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let files = entries.map(|entry| entry.expect("the folder is ours").path());
    let mut archives: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "gz") && manifest(path).exists())
        .map(read)
        .collect();
    archives.sort_by(|one, other| one.path.cmp(&other.path));
    archives
}

fn manifest(archive: &Path) -> PathBuf {
    archive.with_extension("").with_extension("json")
}

fn read(path: PathBuf) -> Archive {
    let bytes = std::fs::read(&path).expect("the folder is ours");
    let manifest = std::fs::read(manifest(&path)).expect("an archive has a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest is JSON");
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(manifest["sha256"], digest);
    assert_eq!(manifest["bytes"], bytes.len());
    let mut rows = csv::Reader::from_reader(flate2::read::GzDecoder::new(bytes.as_slice()));
    let columns = rows
        .headers()
        .expect("an archive is CSV")
        .iter()
        .map(str::to_owned)
        .collect();
    let ids: Vec<u64> = rows
        .records()
        .map(|row| {
            row.expect("an archive is CSV")[0]
                .parse()
                .expect("an id is a number")
        })
        .collect();
    assert_eq!(manifest["rows"], ids.len());
    let archive = Archive {
        path,
        manifest,
        columns,
        ids: ids.iter().copied().collect(),
    };
    assert_eq!(archive.ids.len(), ids.len(), "a row is in it twice");
    archive
}

/// Asserts that a clean-up failed part-way, and returns its last event.
pub fn broken(answer: Answer) -> Value {
    let told = events(&answer.good());
    match told.last() {
        Some((name, data)) if name == "error" => data.clone(),
        _ => panic!("{told:?}"),
    }
}

impl Database {
    /// Creates the hub's `usage_ledger` with an entry for every row of the log.
    pub async fn make_ledger(&self) {
        self.execute(
            "create table usage_ledger (request_id integer primary key, cost_usd numeric); \
             insert into usage_ledger select id, cost_usd from message_request",
        )
        .await;
    }

    /// Returns the ids in `message_request`.
    pub async fn log_ids(&self) -> BTreeSet<u64> {
        let ids = self.texts("select id from message_request").await;
        ids.iter()
            .flatten()
            .map(|id| id.parse().expect("an id is a number"))
            .collect()
    }

    /// Returns the time (RFC 3339) before which this fraction (0 to 1) of the log was written.
    pub async fn log_time(&self, part: f64) -> String {
        let sql = format!(
            "select to_char(percentile_disc({part}) within group (order by created_at) at time zone 'UTC', \
             'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from message_request"
        );
        self.text(&sql).await.expect("the log has rows")
    }
}
