//! Opens the sessions of operations.

use sqlx::{Connection, Executor, PgConnection};
use tokio::time::timeout;

use crate::dsn::Dsn;
use crate::source::remove_time_limits;

/// Makes a statement fail that row-level security would limit to some of the rows. The default returns fewer rows without a
/// word.
const ALL_ROWS: &str = "set row_security = off";

/// Opens a session for an operation on the whole database. The time limits of its role do not apply to it.
///
/// # Errors
/// The database does not answer, or does not accept the connection.
pub(super) async fn open(dsn: &Dsn, name: &str) -> sqlx::Result<PgConnection> {
    let options = dsn.options().clone().application_name(name);
    let connecting = PgConnection::connect_with(&options);
    let mut connection = match dsn.connect_timeout() {
        Some(limit) => timeout(limit, connecting)
            .await
            .map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??,
        None => connecting.await?,
    };
    prepare(&mut connection).await?;
    Ok(connection)
}

/// Sets the parameters of such a session, at its start and after `reset all`.
pub(super) async fn prepare(connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.execute(ALL_ROWS).await?;
    remove_time_limits(connection).await
}
