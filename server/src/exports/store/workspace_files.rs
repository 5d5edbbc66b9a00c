//! The stored files of a workspace.

use api::exports::ExportType;
use api::workspace_exports::{WorkspaceFile, WorkspaceStorage};
use sqlx::{query_as, query_scalar};

use super::records::{ExportStore, timestamp};
use crate::exports::error::ExportError;
use crate::exports::file_key::FileOwner;
use crate::exports::limits::storage_usage;
use crate::exports::record::ExportRecord;
use crate::state::json::read;

/// The most files of a list.
const FILES_MAX: i64 = 1_000;

impl ExportStore {
    /// Returns what the files of a workspace take.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn workspace_storage(&self, workspace: &str) -> Result<WorkspaceStorage, ExportError> {
        let owner = FileOwner::new("", Some(workspace), ExportType::Dataset).to_string();
        self.run(async |connection| {
            let (used, own) = storage_usage(connection, &owner).await?;
            let (files, oldest): (i64, Option<String>) = query_as(
                "select count(*), to_json(min(completed_at)) #>> '{}' from decant.data_exports \
                 where workspace_id = $1 and file_key is not null and status = 'completed'",
            )
            .bind(workspace)
            .fetch_one(&mut **connection)
            .await?;
            Ok(WorkspaceStorage {
                used,
                quota: own.or(self.quota(true)),
                files: files.unsigned_abs(),
                oldest: oldest.as_deref().map(timestamp).transpose()?,
            })
        })
        .await
    }

    /// Returns the newest files of a workspace whose names begin with this.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn workspace_files(
        &self,
        workspace: &str,
        prefix: &str,
    ) -> Result<Vec<WorkspaceFile>, ExportError> {
        let rows: Vec<(String, i64, String, String)> = self
            .run(async |connection| {
                Ok(query_as(
                    "select file_key, file_bytes, to_json(completed_at) #>> '{}', id::text from decant.data_exports \
                     where workspace_id = $1 and status = 'completed' and starts_with(file_key, $2) \
                     order by created_at desc, id desc limit $3",
                )
                .bind(workspace)
                .bind(prefix)
                .bind(FILES_MAX)
                .fetch_all(&mut **connection)
                .await?)
            })
            .await?;
        let file = |(key, size, at, export_id): (String, i64, String, String)| {
            Ok(WorkspaceFile {
                key,
                size: size.unsigned_abs(),
                last_modified: timestamp(&at)?,
                export_id,
            })
        };
        rows.into_iter().map(file).collect()
    }

    /// Returns the export of a workspace whose file has this name.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn find_workspace_file(
        &self,
        workspace: &str,
        key: &str,
    ) -> Result<Option<ExportRecord>, ExportError> {
        // PostgreSQL's texts have none.
        if key.contains('\0') {
            return Ok(None);
        }
        self.run(async |connection| {
            let record: Option<String> = query_scalar(
                "select row_to_json(e)::text from decant.data_exports e where workspace_id = $1 and file_key = $2",
            )
            .bind(workspace)
            .bind(key)
            .fetch_optional(&mut **connection)
            .await?;
            Ok(record.map(|record| read(&record)).transpose()?)
        })
        .await
    }
}
