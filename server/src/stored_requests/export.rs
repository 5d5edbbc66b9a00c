//! All stored requests of a session, one a line.

use std::ops::RangeInclusive;

use async_stream::try_stream;
use bytes::Bytes;
use futures_util::Stream;
use serde::Serialize;
use wasm_export::session_request::Part;

use super::document::Secrets;
use super::error::StoredRequestsError;
use super::session_id::SessionId;
use super::{LISTED_MAX, StoredRequests};

/// The most positions of a session in which requests are looked for, the newest. The hub keeps requests for minutes, and no
/// session has so many in that time.
const POSITIONS_MAX: u64 = 1_000_000;

/// The line of a request that cannot be exported.
#[derive(Serialize)]
struct Incomplete {
    sequence: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Part>,
    /// Why its stored text cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl StoredRequests {
    /// Returns a line for each stored request of the session, the newest last. One request at a time is in memory. After an
    /// error the lines are incomplete, and the caller must make that visible.
    ///
    /// # Errors
    /// [`StoredRequestsError::NoSession`] if none is stored, [`StoredRequestsError::Redis`].
    pub async fn lines(
        self,
        session: SessionId,
        secrets: Secrets,
    ) -> Result<impl Stream<Item = Result<Bytes, StoredRequestsError>>, StoredRequestsError> {
        let mut batches = batches(self.newest_sequence(&session).await?);
        // The answer begins with the first request, so that a session without any is an error and no empty file.
        let mut listed = loop {
            let Some(batch) = batches.next() else {
                return Err(StoredRequestsError::NoSession(session.as_str().to_owned()));
            };
            let listed = self.list_range(&session, batch).await?;
            if !listed.is_empty() {
                break listed;
            }
        };
        Ok(try_stream! {
            loop {
                for request in &listed {
                    yield self.line(&session, request.sequence, secrets).await?;
                }
                let Some(batch) = batches.next() else { break };
                listed = self.list_range(&session, batch).await?;
            }
        })
    }

    async fn line(
        &self,
        session: &SessionId,
        sequence: u64,
        secrets: Secrets,
    ) -> Result<Bytes, StoredRequestsError> {
        let request = self.read(session, sequence, Part::ALL).await?;
        let missing = request.missing();
        let error = match missing.is_empty() {
            true => match request.line(secrets) {
                Ok(line) => return Ok(line.into()),
                Err(StoredRequestsError::NotJson { error, .. }) => Some(error.to_string()),
                Err(error) => return Err(error),
            },
            false => None,
        };
        let incomplete = Incomplete {
            sequence,
            missing,
            error,
        };
        let mut line = serde_json::to_vec(&incomplete).expect("a struct of texts is JSON");
        line.push(b'\n');
        Ok(line.into())
    }
}

/// Returns ranges of positions up to the newest, in order.
fn batches(newest: u64) -> impl Iterator<Item = RangeInclusive<u64>> {
    let first = newest.saturating_sub(POSITIONS_MAX) + 1;
    let starts = (first..=newest).step_by(LISTED_MAX as usize);
    starts.map(move |start| start..=newest.min(start.saturating_add(LISTED_MAX - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batches_have_each_position_once() {
        assert_eq!(batches(0).count(), 0);
        for newest in [1, 999, 1_000, 1_001, 2_500] {
            let positions: Vec<_> = batches(newest).flatten().collect();
            assert_eq!(positions, (1..=newest).collect::<Vec<_>>());
        }
        let mut last = batches(u64::MAX - 1);
        assert_eq!(
            last.next().map(|batch| *batch.start()),
            Some(u64::MAX - POSITIONS_MAX)
        );
    }
}
