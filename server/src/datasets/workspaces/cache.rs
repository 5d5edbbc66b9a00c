//! Memberships that were looked up a short time ago.

use std::time::Duration;

use api::login::Role;

use crate::auth::{Membership, Subject};
use crate::recent_map::SharedRecentMap;

/// The greatest number of kept memberships. The oldest one makes room for another.
const MEMBERSHIPS_MAX: usize = 10_000;

/// The caller and the workspace of a look-up, and what it was made with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MembershipKey {
    pub subject: Subject,
    /// One subject may have credentials of both roles.
    pub role: Role,
    /// The id of the workspace as the caller wrote it.
    pub workspace: String,
    /// Of the database, which a restore replaces.
    pub generation: u64,
    /// Of the catalog, which has the SQL of the look-up.
    pub revision: u64,
}

/// The memberships of the last seconds. Refusals are not cached, so a new member has access at once.
pub type MembershipCache = SharedRecentMap<MembershipKey, Membership>;

/// Returns an empty cache, which keeps a membership for this time.
#[must_use]
pub fn membership_cache(kept_for: Duration) -> MembershipCache {
    MembershipCache::new(MEMBERSHIPS_MAX, kept_for)
}
