//! Memberships that were looked up a short time ago.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::login::Role;

use crate::auth::{Membership, Subject};
use crate::recent_map::RecentMap;

/// The greatest number of kept memberships. The oldest one makes room for another.
const MEMBERSHIPS_MAX: usize = 10_000;

/// The subject, the role in Decant, the id of the workspace as the caller wrote it, and the generation of the database. One
/// subject may have credentials of both roles.
pub type MembershipKey = (Subject, Role, String, u64);

/// The memberships of the last seconds. That somebody is no member is not kept, so that new members need not wait.
#[derive(Debug)]
pub struct MembershipCache {
    kept_for: Duration,
    memberships: Mutex<RecentMap<MembershipKey, Membership>>,
}

impl MembershipCache {
    #[must_use]
    pub fn new(kept_for: Duration) -> Self {
        Self {
            kept_for,
            memberships: Mutex::new(RecentMap::new(MEMBERSHIPS_MAX, kept_for)),
        }
    }

    /// Returns the membership, unless it is too old.
    pub fn get(&self, key: &MembershipKey) -> Option<Membership> {
        self.memberships().get(key).cloned()
    }

    pub fn insert(&self, key: MembershipKey, membership: Membership) {
        self.memberships().insert(key, membership);
    }

    /// Forgets all, because another definition may know other members.
    pub fn clear(&self) {
        *self.memberships() = RecentMap::new(MEMBERSHIPS_MAX, self.kept_for);
    }

    fn memberships(&self) -> MutexGuard<'_, RecentMap<MembershipKey, Membership>> {
        self.memberships.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
