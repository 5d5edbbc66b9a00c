//! Requests that are sent twice: the header `Idempotency-Key`.

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, query, query_as};

use super::error::ExportError;
use crate::hex::to_hex;

/// The greatest number of characters of a key.
const KEY_MAX: usize = 255;

/// The key of a request, and the digest of what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    request_hash: String,
}

/// An answer that the same request gets again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    pub status: u16,
    /// JSON.
    pub body: String,
    /// The header `Location`.
    pub location: Option<String>,
}

impl IdempotencyKey {
    /// Returns the key of a request to this path with this body.
    ///
    /// # Errors
    /// [`ExportError::IdempotencyKey`].
    pub fn new(key: &str, path: &str, body: &impl Serialize) -> Result<Self, ExportError> {
        let is_printable = key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if key.is_empty() || key.len() > KEY_MAX || !is_printable {
            return Err(ExportError::IdempotencyKey);
        }
        // The body was read from JSON, so it can be written.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let digest = Sha256::new()
            .chain_update(path)
            .chain_update("\0")
            .chain_update(body);
        let digest = digest.finalize();
        Ok(Self {
            key: key.to_owned(),
            request_hash: to_hex(&digest),
        })
    }

    /// Takes the key for a request of this subject, in its transaction. Returns the answer of an earlier request instead. While
    /// another request with the key runs, this one waits.
    ///
    /// # Errors
    /// [`ExportError::IdempotencyConflict`]; [`ExportError::State`].
    pub(super) async fn take(
        &self,
        transaction: &mut PgConnection,
        subject: &str,
    ) -> Result<Option<StoredAnswer>, ExportError> {
        query(
            "delete from decant.idempotency_keys where subject = $1 and key = $2 \
             and created_at < now() - '24 hours'::interval",
        )
        .bind(subject)
        .bind(&self.key)
        .execute(&mut *transaction)
        .await?;
        let taken = query(
            "insert into decant.idempotency_keys (subject, key, request_hash, status, answer) values ($1, $2, $3, 0, '') \
             on conflict do nothing",
        )
        .bind(subject)
        .bind(&self.key)
        .bind(&self.request_hash)
        .execute(&mut *transaction)
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(None);
        }
        let (request_hash, status, body, location): (String, i16, String, Option<String>) = query_as(
            "select request_hash, status, answer, location from decant.idempotency_keys where subject = $1 and key = $2",
        )
        .bind(subject)
        .bind(&self.key)
        .fetch_one(transaction)
        .await?;
        match request_hash == self.request_hash {
            true => Ok(Some(StoredAnswer {
                status: status.unsigned_abs(),
                body,
                location,
            })),
            false => Err(ExportError::IdempotencyConflict),
        }
    }

    /// Keeps the answer of the request that took the key.
    pub(super) async fn keep(
        &self,
        transaction: &mut PgConnection,
        subject: &str,
        answer: &StoredAnswer,
    ) -> Result<(), ExportError> {
        query(
            "update decant.idempotency_keys set status = $3, answer = $4, location = $5 where subject = $1 and key = $2",
        )
        .bind(subject)
        .bind(&self.key)
        .bind(i16::try_from(answer.status).unwrap_or_default())
        .bind(&answer.body)
        .bind(&answer.location)
        .execute(transaction)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_printable_and_bound_to_its_request() {
        let key = |key: &str, path: &str, body: &str| IdempotencyKey::new(key, path, &body);
        let one = key("a", "/api/exports", "x").unwrap();
        assert_eq!(one, key("a", "/api/exports", "x").unwrap());
        assert_ne!(one, key("a", "/api/exports", "y").unwrap());
        assert_ne!(one, key("a", "/api/exports/bulk", "x").unwrap());
        key(&"k".repeat(255), "/", "").unwrap();
        for wrong in ["", "a\n", "é", &"k".repeat(256)] {
            assert!(key(wrong, "/", "").is_err(), "{wrong}");
        }
    }
}
