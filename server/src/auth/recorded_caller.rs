//! Who asked for something that happens later.

use api::login::Role;
use jiff::Timestamp;

use super::caller::Subject;
use super::credential_id::CredentialId;

/// A caller of an earlier request, with the rights that they had then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCaller {
    pub subject: Subject,
    /// For display and records.
    pub name: String,
    pub role: Role,
    pub credential: CredentialId,
    pub at: Timestamp,
}
