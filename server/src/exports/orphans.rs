//! Files without an export, and exports without their file.
//!
//! A file belongs to an export while that names it, or while the claim that writes it holds. A claim that was lost never
//! completes its export (its number has moved on), so its file is an orphan at once. Several state databases may share a
//! storage: a file whose export is unknown here is removed only if its manifest names this state database.

use std::collections::HashMap;
use std::pin::pin;

use api::export_files::ExportCleanup;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use super::cleanup_report::{BATCH_ROWS, CleanupError, fail};
use super::file_key::{FileKey, FileOwner};
use super::files::{ExportFiles, FileError};
use crate::audit::Action;
use crate::storage::{FileInfo, StorageError};

/// Age at which an unfinished upload of an unknown export is aborted. No upload of another Decant takes as long.
const STRANGE_UPLOAD_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Why completed exports without their files are left as they are.
const NOT_THIS_STORAGE: &str = "it has none of the files that completed exports have; compare STORAGE_URL with that of the other \
    servers, and look whether its disk is mounted";

/// After so many missing files without one that is there, the storage is not asked for more.
const MISSING_MAX: usize = 2_000;

/// Files that are asked for at the same time.
const CONCURRENT_HEADS: usize = 8;

/// What the record of an export says about its file.
#[derive(Debug)]
struct Record {
    status: String,
    fence: i64,
    file_key: Option<String>,
}

/// Removes files without an export.
///
/// # Errors
/// [`CleanupError`]. A file that cannot be removed is no error; the result names it.
pub(super) async fn remove_files(
    files: &ExportFiles,
    connection: &mut PgConnection,
    result: &mut ExportCleanup,
    is_dry_run: bool,
) -> Result<(), CleanupError> {
    for folder in FileOwner::FOLDERS {
        let listed = files.list(folder)?;
        let mut batches = pin!(listed.try_chunks(BATCH_ROWS.unsigned_abs() as usize));
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| error.1)?;
            remove_of_batch(files, connection, result, is_dry_run, batch).await?;
        }
    }
    Ok(())
}

async fn remove_of_batch(
    files: &ExportFiles,
    connection: &mut PgConnection,
    result: &mut ExportCleanup,
    is_dry_run: bool,
    batch: Vec<FileInfo>,
) -> Result<(), CleanupError> {
    // A file, and its manifest, which may be in another batch. The bytes of a manifest do not count.
    let mut keys: HashMap<FileKey, Option<u64>> = HashMap::new();
    for file in batch {
        match (FileKey::parse(&file.name), FileKey::of_manifest(&file.name)) {
            (Some(key), _) => drop(keys.insert(key, Some(file.bytes))),
            (None, Some(key)) => drop(keys.entry(key).or_insert(None)),
            // Somebody else's.
            (None, None) => {}
        }
    }
    // The records are read after the list: a file of it that is not yet recorded belongs to a claim that holds.
    let records = records(connection, keys.keys().map(FileKey::export)).await?;
    for (key, bytes) in keys {
        let is_orphan = match records.get(&key.export()) {
            Some(record) => !record.has(&key),
            None => match files.is_own(&key).await {
                Ok(is_own) => is_own,
                Err(FileError::Storage(error)) => {
                    fail(result, key.to_string(), &error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            },
        };
        if !is_orphan {
            continue;
        }
        if !is_dry_run {
            if let Err(error) = files.remove(&key).await {
                fail(result, key.to_string(), &error);
                continue;
            }
            tracing::warn!(action = Action::ExportOrphanRemoved.name(), export = %key.export(), key = %key, bytes);
        }
        result.orphan_files += u64::from(bytes.is_some());
        result.freed_bytes += bytes.unwrap_or_default();
    }
    Ok(())
}

/// Aborts uploads that a process began and did not end.
///
/// # Errors
/// [`CleanupError`]. An upload that cannot be aborted, or a service that cannot list them, is no error; the result names it.
pub(super) async fn abort_uploads(
    files: &ExportFiles,
    connection: &mut PgConnection,
    result: &mut ExportCleanup,
    is_dry_run: bool,
) -> Result<(), CleanupError> {
    let uploads = match files.unfinished_uploads().await {
        Ok(uploads) => uploads,
        Err(error) => {
            fail(result, "uploads".to_owned(), &error);
            return Ok(());
        }
    };
    let mut keyed = Vec::new();
    for upload in uploads {
        if let Some(key) = FileKey::parse(&upload.name) {
            keyed.push((upload, key));
        }
    }
    for batch in keyed.chunks(BATCH_ROWS.unsigned_abs() as usize) {
        let records = records(connection, batch.iter().map(|(_, key)| key.export())).await?;
        for (upload, key) in batch {
            let is_orphan = match records.get(&key.export()) {
                Some(record) => !record.is_written_by(key),
                None => upload.began + STRANGE_UPLOAD_KEPT < Timestamp::now() || files.is_own(key).await?,
            };
            if !is_orphan {
                continue;
            }
            if !is_dry_run {
                if let Err(error) = files.abort_upload(upload).await {
                    fail(result, key.to_string(), &error);
                    continue;
                }
                tracing::warn!(
                    action = Action::ExportOrphanRemoved.name(),
                    export = %key.export(),
                    key = %key,
                    began = %upload.began,
                    "an unfinished upload was aborted"
                );
            }
            result.orphan_files += 1;
        }
    }
    Ok(())
}

/// Marks completed exports as failed if their file has gone. If the storage has none of the files, it is probably another storage,
/// or its disk is not mounted. Then no export is marked, and the result has the reason.
///
/// # Errors
/// [`CleanupError`]
pub(super) async fn mark_records(
    files: &ExportFiles,
    connection: &mut PgConnection,
    result: &mut ExportCleanup,
    is_dry_run: bool,
) -> Result<(), CleanupError> {
    let (mut after, mut unmarked, mut has_files) = (String::new(), Vec::new(), false);
    while unmarked.len() < MISSING_MAX {
        let batch: Vec<(String, String)> = query_as(
            "select id::text, file_key from decant.data_exports where file_key > $1 and status = 'completed' \
             order by file_key limit $2",
        )
        .bind(&after)
        .bind(BATCH_ROWS)
        .fetch_all(&mut *connection)
        .await?;
        let Some((_, last)) = batch.last() else {
            break;
        };
        after.clone_from(last);
        let asked = batch.len();
        let missing = stream::iter(batch).map(async |(id, key)| {
            let is_there = match FileKey::parse(&key) {
                Some(key) => files.head(&key).await?.is_some(),
                None => false,
            };
            Ok::<_, StorageError>((!is_there).then_some((id, key)))
        });
        let missing: Vec<_> = missing
            .buffer_unordered(CONCURRENT_HEADS)
            .try_filter_map(async |missing| Ok(missing))
            .try_collect()
            .await?;
        has_files |= missing.len() < asked;
        unmarked.extend(missing);
        if has_files {
            for (id, key) in unmarked.drain(..) {
                let is_marked = is_dry_run || mark_record(connection, &id, &key).await?;
                result.orphan_records += u64::from(is_marked);
            }
        }
    }
    if !unmarked.is_empty() {
        fail(result, "storage".to_owned(), &NOT_THIS_STORAGE);
    }
    Ok(())
}

/// Returns `false` if the export has changed meanwhile.
async fn mark_record(connection: &mut PgConnection, id: &str, key: &str) -> Result<bool, CleanupError> {
    let marked = query(
        "with gone as (update decant.data_exports set status = 'failed', error_code = 'file_missing', \
         error_message = 'The file is missing from the storage; export again', file_key = null \
         where id = $1::uuid and file_key = $2 and status = 'completed' returning id) \
         insert into decant.export_logs (export_id, event_type, level, message) \
         select id, 'error', 'error', 'The file is missing from the storage' from gone",
    )
    .bind(id)
    .bind(key)
    .execute(connection)
    .await?;
    let is_marked = marked.rows_affected() == 1;
    if is_marked {
        tracing::error!(
            action = Action::ExportFailed.name(),
            export = id,
            key,
            "the file of an export is missing from the storage"
        );
    }
    Ok(is_marked)
}

async fn records(
    connection: &mut PgConnection,
    exports: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Record>, CleanupError> {
    let ids: Vec<_> = exports.map(|export| export.to_string()).collect();
    let rows: Vec<(String, String, i64, Option<String>)> = query_as(
        "select id::text, status, lease_fence, file_key from decant.data_exports where id = any($1::uuid[])",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let record = |(id, status, fence, file_key): (String, String, i64, Option<String>)| {
        let record = Record {
            status,
            fence,
            file_key,
        };
        Some((id.parse().ok()?, record))
    };
    Ok(rows.into_iter().filter_map(record).collect())
}

impl Record {
    /// Returns whether the file is that of the export, or may become it.
    fn has(&self, key: &FileKey) -> bool {
        self.file_key.as_deref() == Some(key.as_str()) || self.is_written_by(key)
    }

    /// Returns whether the claim that writes the file holds.
    fn is_written_by(&self, key: &FileKey) -> bool {
        self.status == "processing" && self.fence == key.fence()
    }
}
