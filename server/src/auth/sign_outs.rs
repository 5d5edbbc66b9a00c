//! Sessions that ended before their time: by sign-out, or all of a subject at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// The subject under which the end of everybody's sessions is remembered. Every other subject begins with its kind.
const EVERYBODY: &str = "*";

/// A session as its cookie has it.
#[derive(Clone, Copy, Debug)]
pub struct SessionIdentity<'a> {
    pub id: &'a str,
    /// For example `hub:7`.
    pub subject: &'a str,
    pub began: Timestamp,
}

/// Remembers ended sessions until they would have ended by themselves.
#[derive(Debug, Default)]
pub struct SignOuts(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// With the time at which the session would have ended by itself.
    sessions: HashMap<String, Timestamp>,
    /// With the time before which a session must have begun to be ended, and the time at which the last one ends.
    subjects: HashMap<String, (Timestamp, Timestamp)>,
}

impl SignOuts {
    /// Ends a session that would last until `until`.
    pub async fn revoke(&self, session: &str, until: Timestamp) {
        let now = Timestamp::now();
        let mut remembered = self.remembered();
        remembered.sessions.retain(|_, until| *until > now);
        remembered.sessions.insert(session.to_owned(), until);
    }

    /// Ends all sessions of a subject, or of everybody without one, that began before `before`. The last of them would end
    /// by itself at `until`.
    pub async fn revoke_all(&self, subject: Option<&str>, before: Timestamp, until: Timestamp) {
        let now = Timestamp::now();
        let mut remembered = self.remembered();
        remembered.subjects.retain(|_, (_, until)| *until > now);
        let subject = subject.unwrap_or(EVERYBODY).to_owned();
        remembered.subjects.insert(subject, (before, until));
    }

    /// Returns whether the session was ended.
    pub async fn is_revoked(&self, session: SessionIdentity<'_>) -> bool {
        let remembered = self.remembered();
        let ended = |subject| {
            let ended = remembered.subjects.get(subject);
            ended.is_some_and(|(before, _)| session.began < *before)
        };
        remembered.sessions.contains_key(session.id) || ended(session.subject) || ended(EVERYBODY)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
