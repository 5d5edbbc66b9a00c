//! Which database this is, for files that several databases keep in one folder or bucket.

use sqlx::{Connection, PgConnection, query_scalar};

use crate::dsn::Dsn;
use crate::source::system_identifier;

/// The longest part of a file name that a database's name becomes.
const NAME_PART_MAX: usize = 40;

/// A database of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity {
    pub name: String,
    /// The cluster's system identifier (`pg_control_system()`), which stays the same on its replicas and after a restart.
    /// Where the role may not read it: host and port.
    pub system: String,
}

impl DatabaseIdentity {
    /// Asks the database for its identity.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn read(dsn: &Dsn) -> sqlx::Result<Self> {
        let mut connection = PgConnection::connect_with(dsn.options()).await?;
        let name = query_scalar("select pg_catalog.current_database()::pg_catalog.text")
            .fetch_one(&mut connection)
            .await?;
        let system = system_identifier(&mut connection).await?;
        let system = system.unwrap_or_else(|| format!("{}:{}", dsn.host(), dsn.port()));
        let _ = connection.close().await;
        Ok(Self { name, system })
    }
}

/// Returns the name of a database as a part of a file name: at most 40 letters and digits of ASCII, `_` and `-`.
#[must_use]
pub fn file_name_part(database: &str) -> String {
    let safe = |c: char| match c.is_ascii_alphanumeric() || c == '_' {
        true => c,
        false => '-',
    };
    database.chars().take(NAME_PART_MAX).map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_database_becomes_a_short_part_of_a_file_name() {
        assert_eq!(file_name_part("hub_2"), "hub_2");
        assert_eq!(file_name_part("../é \"x\"/"), "------x--");
        assert_eq!(file_name_part(&"x".repeat(63)).len(), 40);
    }
}
