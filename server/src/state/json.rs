//! Rows as JSON, which PostgreSQL writes with `row_to_json` and reads with `jsonb_to_record`.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a row that PostgreSQL has written as JSON.
///
/// # Errors
/// [`sqlx::Error::Decode`] for one of a newer version.
pub fn read<T: DeserializeOwned>(json: &str) -> sqlx::Result<T> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Writes columns as JSON that PostgreSQL reads.
///
/// # Errors
/// [`sqlx::Error::Encode`]; never for columns.
pub fn write(columns: &impl Serialize) -> sqlx::Result<String> {
    serde_json::to_string(columns).map_err(|error| sqlx::Error::Encode(error.into()))
}
