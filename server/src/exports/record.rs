//! An export as it is recorded, and as callers see it.

use api::datasets::RowsRequest;
use api::exports::{Export, ExportLinks, ExportProgress, ExportRows, ExportScope, ExportStatus, ExportType};
use api::login::Role;
use api::workspaces::WorkspaceRole;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use wasm_export::Options;

use super::file_key::FileOwner;
use crate::auth::{Caller, RecordedCaller, Scope, Subject};

/// A row of `decant.data_exports`, as PostgreSQL's `row_to_json` writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct ExportRecord {
    pub id: Uuid,
    pub subject: String,
    /// The name of the person who asked.
    pub caller: String,
    pub credential: String,
    pub role: Role,
    pub scope: RecordedScope,
    pub workspace_id: Option<String>,
    pub export_type: ExportType,
    pub dataset: String,
    pub format: String,
    pub options: Options,
    pub parameters: Value,
    pub selection: RowsRequest,
    pub snapshot_at: Option<Timestamp>,
    pub parent_id: Option<Uuid>,
    pub status: ExportStatus,
    pub priority: i16,
    pub not_before: Timestamp,
    pub attempts: u16,
    pub attempts_max: u16,
    pub lease_fence: i64,
    pub cancel_asked: bool,
    pub progress: u8,
    pub rows_done: u64,
    pub rows_expected: Option<u64>,
    pub bytes_done: u64,
    pub total_items: Option<u64>,
    pub file_key: Option<String>,
    pub file_name: Option<String>,
    /// See [`NewExport`](super::new_export::NewExport).
    pub file_name_pattern: Option<String>,
    pub file_bytes: Option<u64>,
    pub raw_bytes: Option<u64>,
    pub record_count: Option<u64>,
    pub sha256: Option<String>,
    pub encrypted: bool,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub retention_hours: u32,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub download_count: u64,
    pub last_downloaded_at: Option<Timestamp>,
    pub verified_at: Option<Timestamp>,
    pub verification: Option<Value>,
    pub schedule_id: Option<i64>,
    /// When the credential was shown; `None`: when the export was created.
    pub authorized_at: Option<Timestamp>,
    /// See [`NewExport`](super::new_export::NewExport).
    pub incremental: bool,
    pub rows_from: Option<Timestamp>,
    pub rows_before: Option<Timestamp>,
}

/// The rows of the file, as they are recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordedScope {
    All {
        /// Always true.
        all: bool,
    },
    Owner {
        /// A subject.
        owner: String,
    },
    Workspace {
        workspace: String,
        /// Of the person who asked.
        role: WorkspaceRole,
    },
}

impl RecordedScope {
    /// Returns the scope of a caller who is within the workspace, if the rows are of one.
    #[must_use]
    pub fn new(scope: &Scope, caller: &Caller) -> Self {
        match scope {
            Scope::All => Self::All { all: true },
            Scope::Owner(subject) => Self::Owner {
                owner: subject.to_string(),
            },
            Scope::Workspace(workspace) => Self::Workspace {
                workspace: workspace.clone(),
                role: caller
                    .membership()
                    .map(|membership| membership.role())
                    .unwrap_or_default(),
            },
        }
    }

    /// Returns whether these are the rows of a present scope.
    #[must_use]
    pub fn is(&self, scope: &Scope) -> bool {
        match (self, scope) {
            (Self::All { .. }, Scope::All) => true,
            (Self::Owner { owner }, Scope::Owner(subject)) => *owner == subject.to_string(),
            (Self::Workspace { workspace, .. }, Scope::Workspace(id)) => workspace == id,
            _ => false,
        }
    }

    fn kind(&self) -> ExportScope {
        match self {
            Self::All { .. } => ExportScope::All,
            Self::Owner { .. } => ExportScope::User,
            Self::Workspace { .. } => ExportScope::Workspace,
        }
    }
}

impl ExportRecord {
    /// Returns who asked, or `None`: the record names nobody.
    #[must_use]
    pub fn requester(&self) -> Option<RecordedCaller> {
        Some(RecordedCaller {
            subject: Subject::from_record(&self.subject)?,
            name: self.caller.clone(),
            role: self.role,
            credential: self.credential.parse().ok()?,
            at: self.authorized_at.unwrap_or(self.created_at),
        })
    }

    /// Returns the state of now: a file whose time is over has expired, also before anybody has recorded it.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> ExportStatus {
        let is_over = self.expires_at.is_some_and(|expires| expires <= now);
        match self.status {
            ExportStatus::Completed if is_over => ExportStatus::Expired,
            ExportStatus::Scheduled if self.not_before <= now => ExportStatus::Queued,
            status => status,
        }
    }

    /// Returns whether an administrator asked for it and the caller is none: a key with fewer rights than the one that asked must
    /// not fetch its file.
    #[must_use]
    pub fn is_hidden_from(&self, caller: &Caller) -> bool {
        !caller.is_administrator() && self.role == Role::Admin
    }

    /// Returns whose space the file takes.
    #[must_use]
    pub fn file_owner(&self) -> FileOwner {
        FileOwner::new(&self.subject, self.workspace_id.as_deref(), self.export_type)
    }

    fn rows(&self) -> ExportRows {
        ExportRows {
            done: self.rows_done,
            expected: self.rows_expected,
        }
    }

    /// Returns its progress for a caller. `position` is its place among those that wait.
    #[must_use]
    pub fn to_progress(&self, position: Option<u32>) -> ExportProgress {
        ExportProgress {
            status: self.status_at(Timestamp::now()),
            progress: self.progress,
            rows: self.rows(),
            file_bytes: self.bytes_done,
            position,
        }
    }

    /// Returns it for a caller. `position` is its place among those that wait.
    #[must_use]
    pub fn to_export(&self, position: Option<u32>) -> Export {
        let id = self.id;
        let status = self.status_at(Timestamp::now());
        let ratio = |(raw, packed): (u64, u64)| {
            // For people: two digits.
            (packed > 0).then(|| (100.0 * raw as f64 / packed as f64).round() / 100.0)
        };
        Export {
            id: id.to_string(),
            export_type: self.export_type,
            dataset: self.dataset.clone(),
            format: self.format.clone(),
            scope: self.scope.kind(),
            workspace_id: self.workspace_id.clone(),
            status,
            progress: self.progress,
            rows: self.rows(),
            file_name: self.file_name.clone(),
            file_size: self.file_bytes,
            record_count: self.record_count,
            checksum: self.sha256.clone(),
            compression_ratio: self.raw_bytes.zip(self.file_bytes).and_then(ratio),
            parameters: self.parameters.clone(),
            rows_from: self.rows_from,
            rows_before: self.rows_before,
            snapshot_at: self.snapshot_at,
            created_at: self.created_at,
            scheduled_at: (status == ExportStatus::Scheduled).then_some(self.not_before),
            started_at: self.started_at,
            completed_at: self.completed_at,
            expires_at: self.expires_at,
            download_count: self.download_count,
            last_downloaded_at: self.last_downloaded_at,
            error_code: self.error_code.clone(),
            error_message: self.error_message.clone(),
            priority: self.priority,
            attempts: self.attempts,
            position,
            created_by: self.caller.clone(),
            parent_id: self.parent_id.map(|id| id.to_string()),
            schedule_id: self.schedule_id.map(i64::unsigned_abs),
            verification: self.verification.clone(),
            deliveries: Vec::new(),
            links: ExportLinks {
                own: format!("/api/exports/{id}"),
                status: format!("/api/exports/{id}/status"),
                download: format!("/api/exports/{id}/download"),
                events: format!("/api/exports/{id}/events"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        let caller = Caller::operator();
        for (scope, text) in [
            (Scope::All, r#"{"all":true}"#),
            (Scope::Owner(Subject::HubUser(7)), r#"{"owner":"hub:7"}"#),
            (
                Scope::Workspace("a".to_owned()),
                r#"{"workspace":"a","role":"MEMBER"}"#,
            ),
        ] {
            let recorded = RecordedScope::new(&scope, &caller);
            assert_eq!(serde_json::to_string(&recorded).unwrap(), text);
            let read: RecordedScope = serde_json::from_str(text).unwrap();
            assert!(read == recorded && read.is(&scope), "{text}");
            assert!(!read.is(&Scope::Owner(Subject::HubUser(8))), "{text}");
        }
    }
}
