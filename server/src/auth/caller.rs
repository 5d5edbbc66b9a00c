//! A caller, their role, and the rows that they may see.

use api::login as wire;
use api::login::Role;

/// A caller whose credential was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// For display and records.
    pub name: String,
    pub role: Role,
    /// `users.id` of the hub; `None` for a caller who is no user of the hub.
    pub user_id: Option<i64>,
}

/// The rows that a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    All,
    /// The rows of the user with this id.
    Owner(i64),
}

impl Caller {
    /// Returns an administrator who is no user of the hub.
    #[must_use]
    pub fn administrator(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            role: Role::Admin,
            user_id: None,
        }
    }

    /// Returns the caller of the command line. They know the database's address, so they may see all of it.
    #[must_use]
    pub fn operator() -> Self {
        Self::administrator("Operator")
    }

    /// Returns the rows that this caller may see.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match (self.role, self.user_id) {
            (Role::Admin, _) => Scope::All,
            (Role::User, Some(user)) => Scope::Owner(user),
            // No user of the hub has a negative id, so a user without an id owns no row.
            (Role::User, None) => Scope::Owner(-1),
        }
    }
}

/// A wire type can be read from anywhere; a `Caller` exists only after a credential was verified.
impl From<Caller> for wire::Caller {
    fn from(caller: Caller) -> Self {
        Self {
            name: caller.name,
            role: caller.role,
            user_id: caller.user_id,
        }
    }
}
