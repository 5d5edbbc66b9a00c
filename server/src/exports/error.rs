//! Why a request for background exports fails.

use std::time::Duration;

use crate::state::StateError;
use crate::storage::StorageError;

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(
        "there is no state database, which keeps background exports: STATE_DSN is `none`, or the private PostgreSQL does not run; \
         start `decant serve`, or set STATE_DSN to a database. Direct exports need none"
    )]
    NoState,
    #[error(
        "the state database does not answer, which keeps background exports and the audit log; try again in a moment"
    )]
    State(#[from] StateError),
    #[error("the storage failed: {0}")]
    Storage(#[from] StorageError),
    #[error("there is no export `{0}`; /api/exports lists yours")]
    Unknown(String),
    #[error("the workspace has no stored file `{0}`; /api/workspaces/…/files lists them")]
    UnknownFile(String),
    #[error(
        "no conversation of yours matches, so there is nothing to export; look at the filters and the ids"
    )]
    NoConversations,
    #[error("there is no schedule `{0}`; /api/exports/schedules lists yours")]
    UnknownSchedule(String),
    #[error("this export is another person's")]
    NotYours,
    #[error("this schedule is another person's")]
    NotYourSchedule,
    #[error(
        "the credential of the schedule's owner is no longer good, so only they can change what it exports"
    )]
    OwnerGone,
    #[error("you have {limit} schedules, as many as one person may (DECANT_SCHEDULES_PER_USER); delete one")]
    TooManySchedules { limit: u32 },
    #[error("only administrators may list the exports of others; leave `include_all` out")]
    NotAll,
    /// The member of the body.
    #[error("`{0}` is not supported yet; leave it out")]
    NotSupported(&'static str),
    #[error("this server sends no mail (SMTP_URL); leave `delivery.email` out")]
    NoMail,
    #[error(
        "files may be sent to addresses of these domains only: those of DECANT_MAIL_DOMAINS; an administrator may name others"
    )]
    Recipient,
    #[error("only administrators may give a priority above 0; give 0 or less, or leave it out")]
    Priority,
    #[error("{limit} exports were created in the last hour, as many as one person may; create the next one in {} seconds", wait.as_secs() + 1)]
    RateLimited { limit: u32, wait: Duration },
    #[error(
        "the stored files have {used} bytes, and {limit} are allowed; delete exports, or wait until they expire"
    )]
    Quota { used: u64, limit: u64 },
    #[error("the export has ended already; POST …/retry makes a new one")]
    AlreadyOver,
    #[error("the export has not ended yet; cancel it, or wait")]
    NotOver,
    #[error(
        "a run of this schedule is not over, and each run has the rows since the one before; wait until it is complete, or cancel it"
    )]
    RunNotOver,
    #[error("there is no permission `{0}`; /api/admin/export-permissions lists them")]
    UnknownPermission(String),
    #[error("another permission is for the same person or role, type, dataset and format; change that one")]
    PermissionExists,
    #[error("there is no template `{0}` that you may use; /api/exports/templates lists them")]
    UnknownTemplate(String),
    #[error("there is a template `{0}` already; choose another name")]
    TemplateExists(String),
    #[error("the template `{0}` is built in; make one of your own")]
    TemplateBuiltIn(String),
    #[error("only its owner or an administrator may change this template; make one of your own")]
    NotYourTemplate,
    #[error("you have {0} templates, as many as one person may (DECANT_EXPORT_TEMPLATES_MAX); delete some")]
    TooManyTemplates(u32),
    /// The template, and the bundle of the address.
    #[error(
        "the template `{name}` is none of `{bundle}`, which this address exports; POST /api/exports takes any"
    )]
    WrongTemplate { name: String, bundle: &'static str },
    #[error("the Idempotency-Key was sent with another request; use a new one for each request")]
    IdempotencyConflict,
    #[error("the header Idempotency-Key must have 1 to 255 printable characters of ASCII")]
    IdempotencyKey,
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::State(error.into())
    }
}
