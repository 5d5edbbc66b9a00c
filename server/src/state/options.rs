//! Where the state database is.

use std::str::FromStr;

use crate::dsn::{Dsn, DsnError};

/// The setting STATE_DSN.
#[derive(Clone, Debug)]
pub enum Options {
    /// `none`: there is no state database.
    Off,
    Database(Box<Dsn>),
    /// Unset: a database in the private PostgreSQL.
    Private,
}

impl FromStr for Options {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        match text {
            "none" => Ok(Self::Off),
            _ => text.parse().map(|dsn| Self::Database(Box::new(dsn))),
        }
    }
}
