//! The names of all audited actions, in one place.

/// Declares [`Action`] and the name of each variant in the log and in the table `decant.audit`.
macro_rules! actions {
    ($($variant:ident = $name:literal,)*) => {
        /// An action that is logged and recorded. The names are those of the hub's log where it has the same action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action {
            $(#[doc = $name] $variant,)*
        }

        impl Action {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the value of the field `action` of a log event. `tracing` takes no types of ours as values.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

actions! {
    AdministratorUnauthorized = "administrator_unauthorized",
    AuditRecordsLost = "audit_records_lost",
    BackupLockAcquired = "backup_lock_acquired",
    BackupLockConflict = "backup_lock_conflict",
    BackupLockFallbackToPostgres = "backup_lock_fallback_to_postgres",
    BackupLockLost = "backup_lock_lost",
    BackupLockReleaseFailed = "backup_lock_release_failed",
    BackupLockReleased = "backup_lock_released",
    CredentialRefused = "credential_refused",
    DatabaseBackupDownload = "database_backup_download",
    DatabaseBackupError = "database_backup_error",
    DatabaseBackupExpired = "database_backup_expired",
    DatabaseBackupProofComplete = "database_backup_proof_complete",
    DatabaseBackupProofError = "database_backup_proof_error",
    DatabaseBackupProofProgress = "database_backup_proof_progress",
    DatabaseBackupProofStart = "database_backup_proof_start",
    DatabaseBackupRemoved = "database_backup_removed",
    DatabaseBackupScheduleError = "database_backup_schedule_error",
    DatabaseBackupStored = "database_backup_stored",
    DatabaseBackupUnauthorized = "database_backup_unauthorized",
    DatabaseCopyRemoved = "database_copy_removed",
    DatabaseExportConnectionUnavailable = "database_export_connection_unavailable",
    DatabaseExportDownload = "database_export_download",
    DatabaseExportError = "database_export_error",
    DatabaseExportInitiated = "database_export_initiated",
    DatabaseExportLockConflict = "database_export_lock_conflict",
    DatabaseExportLockReleaseError = "database_export_lock_release_error",
    DatabaseExportReaderCancelError = "database_export_reader_cancel_error",
    DatabaseExportUnauthorized = "database_export_unauthorized",
    DatabaseImportComplete = "database_import_complete",
    DatabaseImportError = "database_import_error",
    DatabaseImportInitiated = "database_import_initiated",
    DatabaseImportProgress = "database_import_progress",
    DatabaseImportRolledBack = "database_import_rolled_back",
    DatabaseImportUnauthorized = "database_import_unauthorized",
    DatabaseSafetyDumpRemoved = "database_safety_dump_removed",
    DatabaseStatusUnavailable = "database_status_unavailable",
    ExportAlert = "export_alert",
    ExportCancelled = "export_cancelled",
    ExportCleanupComplete = "export_cleanup_complete",
    ExportCleanupError = "export_cleanup_error",
    ExportCleanupStart = "export_cleanup_start",
    ExportComplete = "export_complete",
    ExportCompleted = "export_completed",
    ExportCreated = "export_created",
    ExportDeleted = "export_deleted",
    ExportDelivered = "export_delivered",
    ExportDeliveryFailed = "export_delivery_failed",
    ExportDownloaded = "export_downloaded",
    ExportError = "export_error",
    ExportExpired = "export_expired",
    ExportFailed = "export_failed",
    ExportInitiated = "export_initiated",
    ExportLeaseLost = "export_lease_lost",
    ExportLinkMade = "export_link_made",
    ExportLinkRevoked = "export_link_revoked",
    ExportOrphanRemoved = "export_orphan_removed",
    ExportPermissionGranted = "export_permission_granted",
    ExportPermissionRevoked = "export_permission_revoked",
    ExportQueued = "export_queued",
    ExportQuotaExceeded = "export_quota_exceeded",
    ExportRateLimited = "export_rate_limited",
    ExportRefused = "export_refused",
    ExportRetry = "export_retry",
    ExportScheduleChanged = "export_schedule_changed",
    ExportScheduleCreated = "export_schedule_created",
    ExportScheduleDeleted = "export_schedule_deleted",
    ExportScheduleError = "export_schedule_error",
    ExportScheduleMissed = "export_schedule_missed",
    ExportSchedulePaused = "export_schedule_paused",
    ExportScheduleRun = "export_schedule_run",
    ExportStarted = "export_started",
    ExportTakenUpAgain = "export_taken_up_again",
    ExportTemplateDeleted = "export_template_deleted",
    ExportTemplateSaved = "export_template_saved",
    ExportVerified = "export_verified",
    ExportVerifyFailed = "export_verify_failed",
    LogCleanupArchived = "log_cleanup_archived",
    LogCleanupBatch = "log_cleanup_batch",
    LogCleanupBroughtBack = "log_cleanup_brought_back",
    LogCleanupCancelled = "log_cleanup_cancelled",
    LogCleanupComplete = "log_cleanup_complete",
    LogCleanupDryRun = "log_cleanup_dry_run",
    LogCleanupError = "log_cleanup_error",
    LogCleanupLockConflict = "log_cleanup_lock_conflict",
    LogCleanupStart = "log_cleanup_start",
    LogCleanupUnauthorized = "log_cleanup_unauthorized",
    LogCleanupVacuumError = "log_cleanup_vacuum_error",
    PgDumpCancelled = "pg_dump_cancelled",
    PgDumpComplete = "pg_dump_complete",
    PgDumpError = "pg_dump_error",
    PgDumpSpawnError = "pg_dump_spawn_error",
    PgDumpStart = "pg_dump_start",
    ProbeStreamClosed = "probe_stream_closed",
    ProbeStreamOpened = "probe_stream_opened",
    SessionRequestExport = "session_request_export",
    SessionRequestSecretsShown = "session_request_secrets_shown",
    SessionRequestViewed = "session_request_viewed",
    SessionsEnded = "sessions_ended",
    SignedIn = "signed_in",
    SignedOut = "signed_out",
    TempFileCleanup = "temp_file_cleanup",
    TempFileCleanupError = "temp_file_cleanup_error",
    TempFilePeriodicCleanupError = "temp_file_periodic_cleanup_error",
    WebhookMigrationComplete = "webhook_migration_complete",
    WebhookMigrationError = "webhook_migration_error",
    WebhookMigrationStart = "webhook_migration_start",
    WorkspaceAccessDenied = "workspace_access_denied",
}

impl Action {
    /// Steps of actions whose start and end are recorded. They are logged only: a restore has hundreds.
    pub(super) const STEPS: &[Self] = &[
        Self::DatabaseImportProgress,
        Self::DatabaseBackupProofProgress,
        Self::LogCleanupBatch,
    ];

    /// Refusals, which anybody can cause as often as they like. Repeated ones are counted in one record.
    pub(super) const REFUSALS: &[Self] = &[
        Self::AdministratorUnauthorized,
        Self::CredentialRefused,
        Self::DatabaseBackupUnauthorized,
        Self::DatabaseExportUnauthorized,
        Self::DatabaseImportUnauthorized,
        Self::ExportQuotaExceeded,
        Self::ExportRateLimited,
        Self::ExportRefused,
        Self::LogCleanupUnauthorized,
    ];
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Appends the Rust sources below a folder, except this file.
    fn read_sources(folder: &Path, sources: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_sources(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("action.rs")
            {
                sources.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn every_action_is_logged_somewhere_and_no_event_has_another() {
        let mut sources = String::new();
        read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
        for action in Action::ALL {
            let name = format!("Action::{action:?}");
            let is_whole_name = |(start, _)| {
                let rest: &str = &sources[start + name.len()..];
                !rest.starts_with(|next: char| next.is_ascii_alphanumeric())
            };
            assert!(
                sources.match_indices(&name).any(is_whole_name),
                "{action:?} is never logged"
            );
        }
        assert!(
            !sources.contains("action = \""),
            "an event names its action by a literal"
        );
    }

    #[test]
    fn the_actions_of_the_hub_exist() {
        // Without Redis, the hub falls back to a lock in memory (`backup_lock_fallback_to_memory`). Decant falls
        // back to a lock in PostgreSQL: `backup_lock_fallback_to_postgres`.
        for name in [
            "backup_lock_acquired",
            "backup_lock_conflict",
            "backup_lock_release_failed",
            "backup_lock_released",
            "database_export_connection_unavailable",
            "database_export_error",
            "database_export_initiated",
            "database_export_lock_conflict",
            "database_export_lock_release_error",
            "database_export_reader_cancel_error",
            "database_export_unauthorized",
            "pg_dump_cancelled",
            "pg_dump_complete",
            "pg_dump_error",
            "pg_dump_spawn_error",
            "pg_dump_start",
            "temp_file_cleanup_error",
            "temp_file_periodic_cleanup_error",
        ] {
            assert!(Action::ALL.iter().any(|action| action.name() == name), "{name}");
        }
    }

    #[test]
    fn a_name_is_the_variant_in_snake_case() {
        for action in Action::ALL {
            let words = action.name().split('_');
            let capitalized = words.map(|word| word[..1].to_uppercase() + &word[1..]);
            assert_eq!(capitalized.collect::<String>(), format!("{action:?}"));
        }
    }
}
