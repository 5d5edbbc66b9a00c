//! The id of a session, and the hub's keys with it.

use super::error::StoredRequestsError;

/// The longest id of a session. The hub's column for it holds 64 characters.
const ID_BYTES_MAX: usize = 256;

/// The id of a session, checked to fit into a key.
#[derive(Clone, Debug)]
pub struct SessionId(String);

impl SessionId {
    /// Checks an id: 1 to 256 bytes without control characters.
    ///
    /// # Errors
    /// [`StoredRequestsError::BadId`].
    pub fn parse(id: &str) -> Result<Self, StoredRequestsError> {
        let is_good = !id.is_empty() && id.len() <= ID_BYTES_MAX && !id.chars().any(char::is_control);
        match is_good {
            true => Ok(Self(id.to_owned())),
            false => Err(StoredRequestsError::BadId),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn count_key(&self) -> String {
        format!("session:{}:seq", self.0)
    }

    pub(super) fn part_key(&self, sequence: u64, part: &str) -> String {
        format!("session:{}:req:{sequence}:{part}", self.0)
    }
}
