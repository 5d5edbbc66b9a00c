//! The parts that work on files of exports.

use std::ops::Range;
use std::time::Duration;

use api::export_files::Verification;
use secrecy::SecretString;
use sqlx::query;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::cleanup::{CleanupOptions, ExportCleaner};
use super::download::Download;
use super::file_options::{FileOptions, StorageLinks};
use super::files::ExportFiles;
use super::link_signature::LinkSigner;
use super::links::Links;
use super::metrics::ExportMetrics;
use super::open_downloads::OpenDownloads;
use super::receipt::ReceiptSigner;
use super::record::ExportRecord;
use crate::auth::Caller;
use crate::state::{Purpose, State, StateError};

/// The files of exports, the links to them, and their clean-up.
pub struct StoredExports {
    pub files: ExportFiles,
    pub links: Links,
    pub signer: LinkSigner,
    pub receipts: ReceiptSigner,
    pub cleaner: ExportCleaner,
    pub storage_links: StorageLinks,
    pub downloads: OpenDownloads,
    state: State,
    metrics: ExportMetrics,
}

impl StoredExports {
    /// `session_secret` signs links if no other secret is set. Unfinished files of a folder are removed at the age `scratch_age`. The
    /// present runtime must be that of the process.
    #[must_use]
    pub fn new(
        files: ExportFiles,
        state: State,
        options: &FileOptions,
        session_secret: &SecretString,
        receipts: ReceiptSigner,
        scratch_age: Duration,
        metrics: ExportMetrics,
    ) -> Self {
        let cleanup = CleanupOptions {
            scratch_age,
            records_kept: options.records_kept,
        };
        Self {
            cleaner: ExportCleaner::new(state.clone(), files.clone(), cleanup),
            files,
            links: Links::new(state.clone()),
            signer: LinkSigner::new(options.link_secret.as_ref().unwrap_or(session_secret)),
            receipts,
            storage_links: options.links,
            downloads: OpenDownloads::new(Handle::current()),
            state,
            metrics,
        }
    }

    /// Returns a download of the file of an export by this caller, or of a part of it.
    #[must_use]
    pub fn download(&self, record: &ExportRecord, caller: &Caller, part: Option<Range<u64>>) -> Download {
        let (state, metrics, downloads) = (self.state.clone(), self.metrics.clone(), self.downloads.clone());
        Download::new(state, metrics, downloads, record, caller, part)
    }

    /// Keeps the report of a check with the record of the export.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn keep_verification(
        &self,
        export: Uuid,
        verification: &Verification,
        message: &str,
    ) -> Result<(), StateError> {
        let report = serde_json::to_string(verification).expect("a report has only texts and numbers");
        let level = if verification.success { "info" } else { "error" };
        let mut connection = self.state.connection(Purpose::Exports).await?;
        query(
            "with kept as (update decant.data_exports set verified_at = now(), verification = $2::jsonb \
             where id = $1::uuid returning id) \
             insert into decant.export_logs (export_id, event_type, level, message, details) \
             select id, 'verify', $3, $4, $2::jsonb from kept",
        )
        .bind(export.to_string())
        .bind(report)
        .bind(level)
        .bind(message)
        .execute(&mut *connection)
        .await?;
        Ok(())
    }
}
