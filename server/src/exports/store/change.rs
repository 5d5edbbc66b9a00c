//! Cancels, repeats and deletes exports.

use std::time::Duration;

use sqlx::{Connection, query, query_scalar};
use uuid::Uuid;

use super::records::{ExportStore, LogKind, log};
use crate::audit::Action;
use crate::auth::Caller;
use crate::exports::analytics::count;
use crate::exports::deliveries;
use crate::exports::error::ExportError;
use crate::exports::file_key::FileKey;
use crate::exports::limits::give_back;
use crate::exports::metrics::EndStatus;
use crate::exports::notices::Notice;
use crate::exports::record::ExportRecord;

/// How long a request waits for the worker of a cancelled export.
const CANCEL_MAX: Duration = Duration::from_secs(2);

impl ExportStore {
    /// Cancels an export that waits or runs, and returns it. A worker is given two seconds to stop; after them the export is still
    /// as it was, and ends soon.
    ///
    /// # Errors
    /// [`ExportError::AlreadyOver`]; [`ExportError::NoState`], [`ExportError::State`].
    pub async fn cancel(&self, record: &ExportRecord, caller: &Caller) -> Result<ExportRecord, ExportError> {
        let id = record.id;
        let status: Option<String> = self
            .run(async |connection| {
                let mut transaction = connection.begin().await?;
                let status: Option<String> = query_scalar(
                    "update decant.data_exports set cancel_asked = true, \
                     status = case status when 'processing' then status else 'cancelled' end, \
                     completed_at = case status when 'processing' then completed_at else now() end \
                     where id = $1::uuid and status in ('scheduled', 'queued', 'processing') returning status",
                )
                .bind(id.to_string())
                .fetch_optional(&mut *transaction)
                .await?;
                if status.as_deref() == Some("cancelled") {
                    let message = format!("Cancelled by {}", caller.name);
                    log(&mut transaction, id, LogKind::Cancel, &message).await?;
                    count(&mut transaction, id).await?;
                    deliveries::release(&mut transaction, id).await?;
                }
                transaction.commit().await?;
                Ok(status)
            })
            .await?;
        let is_running = match status.as_deref() {
            None => return Err(ExportError::AlreadyOver),
            Some(status) => status == "processing",
        };
        tracing::info!(
            action = Action::ExportCancelled.name(),
            caller = caller.name,
            subject = %caller.subject,
            export = %id,
            dataset = record.dataset,
            workspace = record.workspace_id
        );
        match is_running {
            true => self.notices.send(Notice::CancelAsked(id)).await,
            false => {
                self.metrics.ended(record, EndStatus::Cancelled);
                self.notices.send(Notice::Changed(id)).await;
            }
        }
        self.until_over(id, CANCEL_MAX).await
    }

    /// Deletes an export and its file. One that waits for a worker is never made.
    ///
    /// # Errors
    /// [`ExportError::NotOver`] while a worker makes it; [`ExportError::Storage`]; [`ExportError::NoState`],
    /// [`ExportError::State`].
    pub async fn delete(&self, record: &ExportRecord, caller: &Caller) -> Result<(), ExportError> {
        // The file first: a record without a file can be deleted again, and a file without a record is hard to find.
        if let Some(key) = record.file_key.as_deref().and_then(FileKey::parse) {
            self.files.remove(&key).await?;
        }
        let owner = record.file_owner().to_string();
        let deleted = self.run(async |connection| {
            let mut transaction = connection.begin().await?;
            let bytes: Option<i64> = query_scalar(
                "delete from decant.data_exports where id = $1::uuid and status <> 'processing' \
                 returning case when file_key is null then 0 else coalesce(file_bytes, 0) end + reserved_bytes",
            )
            .bind(record.id.to_string())
            .fetch_optional(&mut *transaction)
            .await?;
            if let Some(bytes) = bytes {
                give_back(&mut transaction, &owner, bytes.unsigned_abs()).await?;
            }
            transaction.commit().await?;
            Ok(bytes.is_some())
        });
        if !deleted.await? && self.is_there(record.id).await? {
            return Err(ExportError::NotOver);
        }
        tracing::info!(
            action = Action::ExportDeleted.name(),
            caller = caller.name,
            subject = %caller.subject,
            export = %record.id,
            dataset = record.dataset,
            workspace = record.workspace_id
        );
        Ok(())
    }

    async fn is_there(&self, id: Uuid) -> Result<bool, ExportError> {
        self.run(async |connection| {
            let found = query("select from decant.data_exports where id = $1::uuid")
                .bind(id.to_string())
                .fetch_optional(&mut **connection)
                .await?;
            Ok(found.is_some())
        })
        .await
    }
}
