//! The database of the server in which the lock is held, and from which others are created, renamed and dropped: a connection
//! to the live database would block its rename.

use sqlx::PgConnection;

use super::session;
use crate::dsn::Dsn;

/// Nearly every cluster has the first, some providers have only the second, and each cluster has the third. A session there
/// blocks `create database` of others, so it comes last.
const NAMES: [&str; 3] = ["postgres", "defaultdb", "template1"];

/// Returns the maintenance databases of this server, in the order in which each Decant tries them.
pub(super) fn candidates(live: &Dsn) -> impl Iterator<Item = Dsn> {
    NAMES
        .into_iter()
        .filter(|name| *name != live.database())
        .map(|name| live.with_database(name))
}

/// Connects to a maintenance database; `None` if the role may connect to none.
///
/// # Errors
/// The server does not answer.
pub(super) async fn connect(live: &Dsn, name: &str) -> sqlx::Result<Option<PgConnection>> {
    for candidate in candidates(live) {
        match session::open(&candidate, name).await {
            Err(error) if is_closed(&error) => {}
            connection => return connection.map(Some),
        }
    }
    Ok(None)
}

/// Returns whether the role may not connect to a database, or the database does not exist. Other errors, such as too many
/// connections, may be gone with the next try.
pub(super) fn is_closed(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    match error.code().as_deref() {
        // There is no such database; no right; not in pg_hba.conf; connections are not allowed.
        Some("3D000" | "42501" | "28000" | "28P01" | "55000") => true,
        // PgBouncer has one code for all errors of a connection.
        Some("08P01") => [
            "no such database",
            "does not exist",
            "permission denied for database",
        ]
        .iter()
        .any(|text| error.message().contains(text)),
        _ => false,
    }
}
