//! Why a dump is not restored.

use std::path::{Path, PathBuf};

use crate::database::archive::BadArchive;
use crate::database::lock::LockError;
use crate::database::missing_rows::MissingRowsError;
use crate::database::tools::ToolsError;
use crate::source::database_message;

/// Why a dump is not restored. The database is as it was before, except after
/// [`TransactionEnded`](Self::TransactionEnded), [`UnknownOutcome`](Self::UnknownOutcome) and
/// [`UnknownSwap`](Self::UnknownSwap).
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Conflict(LockError),
    #[error("PostgreSQL reports an error: {}", database_message(.0))]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    NoTools(ToolsError),
    #[error("The file is not a dump that can be restored: {0}")]
    Archive(#[from] BadArchive),
    #[error(
        "The dump was made by pg_dump {made_by}, and nothing older than that can read it; here is PostgreSQL {here}. \
         Restore it into a newer PostgreSQL. Nothing was changed"
    )]
    Newer { made_by: String, here: u32 },
    #[error("The file is damaged; pg_restore reports: {0}. Nothing was changed; take another dump")]
    Damaged(String),
    #[error(
        "The restored database would take about {} MB, and the disk of the database ({}) has {} MB free. A full disk would \
         stop the live database, too. Nothing was changed; free some space, or set DECANT_RESTORE_ROOM=ignore to skip \
         this check",
        megabytes(*needed),
        folder.display(),
        megabytes(*free)
    )]
    NoDiskSpace { folder: PathBuf, needed: u64, free: u64 },
    #[error("The safety dump of the database failed, so nothing was changed: {0}")]
    SafetyDump(String),
    #[error("{0}, so the dump cannot be restored beside the live database; nothing was changed. {advice}", advice = .0.advice())]
    NotAllowed(NotAllowed),
    #[error(
        "The restored database could not take the place of the live one, which is as it was: these sessions did not end, \
         and Decant's role may not end them: {0}. Grant it pg_signal_backend, or end sessions of a superuser first"
    )]
    InUse(String),
    #[error("The dump could not be restored; the database is as it was. pg_restore reports: {0}")]
    Load(String),
    #[error(
        "The dump could not be restored, because pg_restore lost its connection or the disk of the database is full. The \
         dump itself may be good; the database is as it was. pg_restore reports: {0}"
    )]
    Interrupted(String),
    #[error(
        "Code of the dump, such as a function in a constraint or an index, changed what is not its owner's while the dump was \
         loaded: {0}. Nothing was restored; the database is as it was. Find the function before you use this dump"
    )]
    Changed(String),
    #[error(
        "The dump could not be restored, because pg_restore ended before its time; the database is as it was. {0}"
    )]
    Ended(String),
    #[error(
        "The dump could not be restored; its transaction was rolled back, and the database is as it was. PostgreSQL \
         reports: {0}"
    )]
    InPlace(String),
    #[error(
        "The definitions in the dump are larger than what can be restored in one transaction; let Decant's user create \
         databases"
    )]
    TooLarge,
    #[error(
        "The role that Decant has created to load the dump may not log in ({0}). The code in a dump must not run as a \
         superuser, so nothing was changed. Let pg_hba.conf and the pooler accept new roles (their names begin with \
         decant_load), or let DSN name a role that is no superuser"
    )]
    LoadRole(String),
    #[error(
        "The connection was lost during the commit, and PostgreSQL did not report its outcome, so the database may have \
         changed. Look at its rows. The safety dump has its contents before the restore{0}"
    )]
    UnknownOutcome(String),
    #[error(
        "The connection was lost while the two databases exchanged their names, and PostgreSQL did not report the outcome. If \
         there is a database {kept}, it is the previous one, and the exchange has taken place. Otherwise the live database is as \
         it was"
    )]
    UnknownSwap { kept: String },
    #[error(
        "A migration has ended the transaction of the restore (COMMIT or ROLLBACK), so the database may have changed. The \
         safety dump has its contents before the restore"
    )]
    TransactionEnded,
    #[error(
        "The dump lacks tables of the database ({}): {}. The restore would remove them. Nothing was changed; to restore the \
         dump nevertheless, set allowMissingTables to true (on the command line: --allow-missing-tables)",
        .0.len(),
        listed(.0)
    )]
    MissingTables(Vec<String>),
    #[error(
        "The dump was made without the rows of tables that have rows in the database ({}): {}. The restore would remove them. \
         Nothing was changed; merge the dump instead, or, to restore it nevertheless, set allowMissingTables to true (on the \
         command line: --allow-missing-tables)",
        .0.len(),
        listed(.0)
    )]
    MissingRows(Vec<String>),
    #[error(
        "The table {table} should have {expected} rows and has {found} after the restore; the database is as it was"
    )]
    Rows {
        table: String,
        expected: u64,
        found: u64,
    },
    #[error("The migration {file} failed on the restored database; the live one is as it was: {error}")]
    Migration { file: String, error: String },
    #[error(
        "The lock was lost: its connection to PostgreSQL has ended, or another operation has taken it; the database is as \
         it was"
    )]
    LockLost,
    #[error(
        "The client has disconnected, and DECANT_RESTORE_UNFOLLOWED=stop ends the restore then; the database is as it was"
    )]
    Disconnected,
    #[error("The restore was stopped before its end; the database is as it was")]
    Stopped,
    #[error("A file could not be read or written: {0}")]
    Io(#[from] std::io::Error),
    #[error(
        "The dump has the rows of {0} as INSERT commands, which can only be restored into a staging database; nothing was \
         changed. Make a dump without --inserts"
    )]
    Inserts(String),
    #[error("{0}. Nothing was merged")]
    Merge(MissingRowsError),
    #[error("There is no database `{0}` that a restore has left here")]
    NoSideDatabase(String),
}

/// A right that Decant's role lacks here. A clean restore is one transaction of the live database then.
#[derive(Debug, thiserror::Error)]
pub enum NotAllowed {
    #[error("Decant's role may not create databases here")]
    CreateDatabase,
    #[error("Decant's role may connect to no other database of this server")]
    Maintenance,
    #[error("Decant's role may not connect to a database that it has created")]
    ConnectToStaging,
    #[error("Decant's role may not create a database like the live one ({0})")]
    CreateLike(String),
    #[error("Decant's role may not end these sessions of the live database: {0}")]
    Terminate(String),
    /// A role without rights chooses when it is connected, and must not choose the rights of the dump's code.
    #[error(
        "Decant's role may not end these sessions of the live database: {0}. In one transaction the code of the dump would have \
         the rights of Decant's role"
    )]
    TerminatePlain(String),
    /// The code of a dump must not run as a superuser, whatever the reason is.
    #[error("{0}, and in one transaction the code of the dump would run as a superuser")]
    Superuser(Box<NotAllowed>),
    #[error("The schema public of a new database belongs to {0}, so Decant's role cannot set its privileges")]
    PublicSchema(String),
}

impl NotAllowed {
    /// Returns whether the dump may be restored in one transaction of the live database instead.
    pub(super) fn allows_one_transaction(&self) -> bool {
        !matches!(self, Self::TerminatePlain(_) | Self::Superuser(_))
    }

    /// Returns what an administrator can do about it.
    fn advice(&self) -> &'static str {
        match self {
            Self::CreateDatabase | Self::CreateLike(_) => {
                "Grant it CREATEDB and the ownership of the live database"
            }
            Self::Maintenance => "Grant it CONNECT on the database postgres",
            Self::ConnectToStaging => {
                "Let the pooler and pg_hba.conf accept connections to all databases, or let DSN name the server itself"
            }
            Self::Terminate(_) | Self::TerminatePlain(_) => {
                "Grant it pg_signal_backend; end sessions of a superuser first"
            }
            Self::Superuser(why) => why.advice(),
            Self::PublicSchema(_) => "In template0, make pg_database_owner the owner of the schema public",
        }
    }
}

/// More tables than this are only counted, because a message is read by people.
const TABLES_LISTED: usize = 30;

fn listed(tables: &[String]) -> String {
    let names = tables[..tables.len().min(TABLES_LISTED)].join(", ");
    match tables.len().saturating_sub(TABLES_LISTED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// Returns the size in megabytes of a million bytes, rounded up.
pub(super) fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

impl RestoreError {
    /// Makes an error of the text that `pg_restore` has written. It writes no codes. The first two texts are libpq's, which are
    /// English because of `LC_ALL`; the third is the operating system's in the server's language.
    pub(super) fn of_pg_restore(errors: String) -> Self {
        let circumstances = [
            "server closed the connection unexpectedly",
            "connection to server",
            "No space left on device",
        ];
        match circumstances.iter().any(|text| errors.contains(text)) {
            true => Self::Interrupted(errors),
            false => Self::Load(errors),
        }
    }

    /// Completes an error of a `pg_restore` that a role without rights runs. Adds the parts of the dump that were left out
    /// before, and advice where an object needs a superuser.
    pub(super) fn for_load_role(self, left_out: &[String]) -> Self {
        let Self::Load(mut error) = self else { return self };
        for note in left_out {
            error.push_str(&format!(" {note}."));
        }
        if ["permission denied", "must be superuser", "must be owner"]
            .iter()
            .any(|refusal| error.contains(refusal))
        {
            error.push_str(
                " Decant loads a dump with a role that has no rights outside the staging database. If you trust this dump, \
                 and it needs a superuser, restore it with pg_restore into a new database",
            );
        }
        Self::Load(error)
    }

    /// Completes an error after which the database may have changed with the path of the safety dump.
    pub(super) fn naming(self, safety_dump: &Path) -> Self {
        match self {
            Self::UnknownOutcome(_) => Self::UnknownOutcome(format!(": {}", safety_dump.display())),
            other => other,
        }
    }

    /// Names the client's disconnection as the cause of a stop.
    pub(super) fn after_disconnect(self) -> Self {
        match self {
            Self::Stopped => Self::Disconnected,
            other => other,
        }
    }

    /// Names the rollback of the transaction as the result of an error of the database.
    pub(super) fn after_rollback(self) -> Self {
        match self {
            Self::Database(error) => {
                let message = error.as_database_error().map(|error| error.message().to_owned());
                Self::InPlace(message.unwrap_or_else(|| error.to_string()))
            }
            other => other,
        }
    }
}

impl From<LockError> for RestoreError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Database(error) => Self::Database(error),
            conflict => Self::Conflict(conflict),
        }
    }
}

impl From<ToolsError> for RestoreError {
    fn from(error: ToolsError) -> Self {
        match error {
            ToolsError::Database(error) => Self::Database(error),
            not_found => Self::NoTools(not_found),
        }
    }
}

impl From<MissingRowsError> for RestoreError {
    fn from(error: MissingRowsError) -> Self {
        match error {
            MissingRowsError::Database(error) => Self::Database(error),
            refused => Self::Merge(refused),
        }
    }
}
