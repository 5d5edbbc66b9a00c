//! How to connect to the private PostgreSQL.

use std::path::Path;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The name of the database with the exported tables.
pub const DATABASE: &str = "decant";
/// The name of the database with Decant's own tables.
pub const STATE_DATABASE: &str = "decant_state";
/// The role that owns the database with the exported tables. It is no superuser, because views and functions of a restored
/// dump run with the rights of the role that reads the tables.
pub(crate) const OWNER: &str = "decant";
/// The role that loads dumps. It owns nothing but the databases that restores fill.
pub const LOAD_ROLE: &str = "decant_load";
/// The superuser, with the name that dumps and tools expect.
pub(crate) const SUPERUSER: &str = "postgres";
/// A part of the socket's name. PostgreSQL does not listen on TCP.
pub(crate) const PORT: u16 = 5432;

/// Returns the options to connect to the private PostgreSQL of this data folder, which another process runs.
///
/// # Errors
/// If there is no socket, because no process runs it.
pub fn connect_options_of_another(data_dir: &Path) -> std::io::Result<PgConnectOptions> {
    // The link's own path may be too long for a socket; the path behind it is not.
    let socket = data_dir.join("postgres").join("socket").canonicalize()?;
    Ok(connect_options(&socket, OWNER))
}

/// Returns the options to connect to [`DATABASE`] as this role over the socket in this folder.
pub(crate) fn connect_options(socket: &Path, role: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(PORT)
        .username(role)
        .database(DATABASE)
        .ssl_mode(PgSslMode::Disable)
}

/// Returns the address of [`DATABASE`] for a superuser.
pub(crate) fn url(socket: &Path) -> String {
    // The path needs no escapes: `socket::can_hold_socket` allows plain characters only.
    let socket = socket.display();
    format!("postgres:///{DATABASE}?host={socket}&port={PORT}&user={SUPERUSER}&sslmode=disable")
}
