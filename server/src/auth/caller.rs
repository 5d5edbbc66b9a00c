//! A caller, their identity and role, and the rows that they may see.

use std::fmt;
use std::str::FromStr;

use api::login as wire;
use api::login::Role;

use super::credential_id::{CredentialId, TokenFingerprint};
use super::membership::Membership;

/// A caller whose credential was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub subject: Subject,
    /// For display and records. Two callers may have the same name.
    pub name: String,
    pub role: Role,
    pub credential: CredentialKind,
    /// The credential itself, or the one that started the session.
    pub credential_id: CredentialId,
    /// The workspace of the request, once the caller's membership was looked up. [`Caller::within`] sets it.
    pub(super) membership: Option<Membership>,
}

/// The identity of a caller: a kind and a text, written `hub:7`, `jwt:6f96…`, `token:admin` or `operator`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `users.id` of the hub.
    HubUser(i64),
    /// The claim `sub` of a bearer token.
    Jwt(String),
    /// The holder of ADMIN_TOKEN.
    AdminToken,
    /// The user of the command line.
    Operator,
}

/// The kind of credential that a request had, for records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    AdminToken,
    HubKey,
    Jwt,
    /// The cookie of a session that one of the first two started.
    Session,
    /// The database's address, which the user of the command line knows.
    CommandLine,
}

/// The rows that a caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    All,
    /// The rows that this subject owns.
    Owner(Subject),
    /// The rows of the workspace with this id.
    Workspace(String),
}

/// A text is no [`Subject`] that can have sessions.
#[derive(Debug, thiserror::Error)]
#[error("is neither `hub:` with the id of a user nor `token:admin`")]
pub struct NoSessionSubject;

impl Caller {
    /// Returns the caller of the command line. They know the database's address, so they may see all of it.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            subject: Subject::Operator,
            name: "Operator".to_owned(),
            role: Role::Admin,
            credential: CredentialKind::CommandLine,
            credential_id: CredentialId::CommandLine,
            membership: None,
        }
    }

    /// Returns the holder of ADMIN_TOKEN.
    pub(super) fn holder_of_admin_token(fingerprint: TokenFingerprint) -> Self {
        Self {
            subject: Subject::AdminToken,
            name: "Administrator".to_owned(),
            role: Role::Admin,
            credential: CredentialKind::AdminToken,
            credential_id: CredentialId::AdminToken(fingerprint),
            membership: None,
        }
    }

    /// Returns this caller as one who sees the rows of a person alone. Only an administrator may name another person, which
    /// the caller of this function checks.
    #[must_use]
    pub fn on_behalf_of(&self, person: Subject) -> Self {
        Self {
            subject: person,
            role: Role::User,
            membership: None,
            ..self.clone()
        }
    }

    /// Returns the rows that this caller may see.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match (&self.membership, self.role) {
            (Some(membership), _) => Scope::Workspace(membership.workspace().to_owned()),
            (None, Role::Admin) => Scope::All,
            (None, Role::User) => Scope::Owner(self.subject.clone()),
        }
    }

    /// Returns the caller within a workspace, whose rows they see then and no others.
    #[must_use]
    pub fn within(self, membership: Membership) -> Self {
        Self {
            membership: Some(membership),
            ..self
        }
    }

    /// Returns the membership in the workspace of the request.
    #[must_use]
    pub fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }

    /// Returns the id of the workspace of the request.
    #[must_use]
    pub fn workspace(&self) -> Option<&str> {
        self.membership.as_ref().map(Membership::workspace)
    }

    /// Returns whether the caller may see secret columns and use filters for administrators.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.role == Role::Admin
    }
}

impl Subject {
    /// Returns the person with this id: a whole number is a user of the hub, and any other text the subject of a token.
    #[must_use]
    pub fn from_user_id(id: &str) -> Self {
        match id.parse::<i64>() {
            Ok(number) if number.to_string() == id => Self::HubUser(number),
            _ => Self::Jwt(id.to_owned()),
        }
    }

    /// Returns the subject that a record names, or `None`: the text names none.
    #[must_use]
    pub fn from_record(text: &str) -> Option<Self> {
        match (text, text.strip_prefix("jwt:")) {
            ("operator", _) => Some(Self::Operator),
            (_, Some(subject)) => Some(Self::Jwt(subject.to_owned())),
            (_, None) => text.parse().ok(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HubUser(id) => write!(formatter, "hub:{id}"),
            Self::Jwt(subject) => write!(formatter, "jwt:{subject}"),
            Self::AdminToken => formatter.write_str("token:admin"),
            Self::Operator => formatter.write_str("operator"),
        }
    }
}

/// Parses a subject that can have sessions: a user of the hub, or the holder of ADMIN_TOKEN.
impl FromStr for Subject {
    type Err = NoSessionSubject;

    fn from_str(text: &str) -> Result<Self, NoSessionSubject> {
        match text.strip_prefix("hub:") {
            Some(id) => id.parse().map(Self::HubUser).map_err(|_| NoSessionSubject),
            None if text == "token:admin" => Ok(Self::AdminToken),
            None => Err(NoSessionSubject),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Owner(subject) => subject.fmt(formatter),
            Self::Workspace(id) => write!(formatter, "workspace:{id}"),
        }
    }
}

impl CredentialKind {
    /// Returns the kind as records name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AdminToken => "admin_token",
            Self::HubKey => "hub_key",
            Self::Jwt => "jwt",
            Self::Session => "session",
            Self::CommandLine => "command_line",
        }
    }
}

/// A wire type can be read from anywhere; a `Caller` exists only after a credential was verified.
impl From<Caller> for wire::Caller {
    fn from(caller: Caller) -> Self {
        let user_id = match caller.subject {
            Subject::HubUser(id) => Some(id),
            Subject::Jwt(_) | Subject::AdminToken | Subject::Operator => None,
        };
        Self {
            name: caller.name,
            role: caller.role,
            user_id,
            workspaces: Vec::new(),
            limits: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use api::workspaces::WorkspaceRole;

    use super::*;

    #[test]
    fn a_subject_is_written_as_its_kind_and_text() {
        for (subject, text) in [
            (Subject::HubUser(7), "hub:7"),
            (Subject::Jwt("6f96".to_owned()), "jwt:6f96"),
            (Subject::AdminToken, "token:admin"),
            (Subject::Operator, "operator"),
        ] {
            assert_eq!(subject.to_string(), text);
            assert_eq!(Subject::from_record(text), Some(subject));
        }
    }

    #[test]
    fn the_id_of_a_person_is_a_hubs_user_or_a_tokens_subject() {
        for (id, subject) in [
            ("7", Subject::HubUser(7)),
            ("-7", Subject::HubUser(-7)),
            ("007", Subject::Jwt("007".to_owned())),
            ("6f96", Subject::Jwt("6f96".to_owned())),
            ("operator", Subject::Jwt("operator".to_owned())),
        ] {
            assert_eq!(Subject::from_user_id(id), subject);
        }
    }

    #[test]
    fn a_caller_on_behalf_of_a_person_sees_their_rows_alone() {
        let person = Caller::operator().on_behalf_of(Subject::HubUser(7));
        assert_eq!(person.scope(), Scope::Owner(Subject::HubUser(7)));
        assert_eq!(person.name, "Operator");
        let membership = Membership::new("a".to_owned(), WorkspaceRole::Owner);
        let person = Caller::operator()
            .within(membership)
            .on_behalf_of(Subject::HubUser(7));
        assert_eq!(person.scope(), Scope::Owner(Subject::HubUser(7)));
    }

    #[test]
    fn only_a_subject_that_can_have_sessions_is_parsed() {
        assert_eq!("hub:7".parse::<Subject>().unwrap(), Subject::HubUser(7));
        assert_eq!("token:admin".parse::<Subject>().unwrap(), Subject::AdminToken);
        for text in ["", "hub:", "hub:x", "jwt:7", "operator", "token:", "7"] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }
}
