//! Memberships that were looked up a short time ago.

use std::time::Duration;

use api::login::Role;

use crate::auth::{Membership, Subject};
use crate::recent_map::SharedRecentMap;

/// The greatest number of kept memberships. The oldest one makes room for another.
const MEMBERSHIPS_MAX: usize = 10_000;

/// The subject, the role in Decant, the id of the workspace as the caller wrote it, and the generation of the database. One
/// subject may have credentials of both roles.
pub type MembershipKey = (Subject, Role, String, u64);

/// The memberships of the last seconds. That somebody is no member is not kept, so that new members need not wait.
pub type MembershipCache = SharedRecentMap<MembershipKey, Membership>;

/// Returns an empty cache, which keeps a membership for this time.
#[must_use]
pub fn membership_cache(kept_for: Duration) -> MembershipCache {
    MembershipCache::new(MEMBERSHIPS_MAX, kept_for)
}
