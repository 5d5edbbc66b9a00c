//! The rights that rows decide about.

use super::row::PermissionRow;

/// Something that a row allows or refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Create,
    Download,
    ViewLogs,
    /// Change exports of others.
    Manage,
    /// Let exports be made again and again, or at a later time.
    Schedule,
    /// Have files sent by e-mail and to webhooks.
    Deliver,
}

impl Right {
    /// Returns the words for it, which continue "an administrator does not let you".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Create => "export",
            Self::Download => "download exports of",
            Self::ViewLogs => "see the messages of exports of",
            Self::Manage => "change others' exports of",
            Self::Schedule => "schedule exports of",
            Self::Deliver => "have others sent exports of",
        }
    }

    /// Returns the decision of a row, or `None`: it decides nothing.
    pub(super) fn of(self, row: &PermissionRow) -> Option<bool> {
        match self {
            Self::Create => row.can_create,
            Self::Download => row.can_download,
            Self::ViewLogs => row.can_view_logs,
            Self::Manage => row.can_manage,
            Self::Schedule => row.can_schedule,
            Self::Deliver => row.can_deliver,
        }
    }
}
