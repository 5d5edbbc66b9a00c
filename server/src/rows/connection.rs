//! The connection of an export.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

/// A connection that returns to its pool only after a whole export. After any other it is closed, because the pool would
/// read the rest of the rows first.
pub(super) struct ExportConnection {
    connection: PoolConnection<Postgres>,
    is_read_to_end: bool,
}

impl ExportConnection {
    pub fn new(connection: PoolConnection<Postgres>) -> Self {
        Self {
            connection,
            is_read_to_end: false,
        }
    }

    /// Lets the connection serve another export. Call it when all rows have been read.
    pub fn return_to_pool(&mut self) {
        self.is_read_to_end = true;
    }
}

impl Drop for ExportConnection {
    fn drop(&mut self) {
        if !self.is_read_to_end {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for ExportConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for ExportConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
