//! Sessions that ended before their time: by sign-out, or all of a subject at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{query, query_scalar};
use tokio::time::sleep;

use super::database::State;
use super::error::StateError;

/// The subject of [`SignOuts::revoke_all`] for the sessions of everybody. No subject is `*`, since each begins with its kind.
const EVERYBODY: &str = "*";

/// The most ended sessions that the process itself remembers. The state database remembers all.
const REMEMBERED_MAX: usize = 100_000;

/// Pause before a sign-out is written again while the state database is away.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A session as its cookie has it.
#[derive(Clone, Copy, Debug)]
pub struct SessionIdentity<'a> {
    /// Unguessable, and not the cookie itself: a reader of the table must not be able to use it.
    pub id: &'a str,
    /// Kind and text of the session's owner, for example `hub:7`.
    pub subject: &'a str,
    pub began: Timestamp,
}

/// Remembers ended sessions, on all servers with the same state database. Clones share what they remember.
#[derive(Clone)]
pub struct SignOuts {
    state: State,
    remembered: Arc<Mutex<Remembered>>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// With the time at which the session would have ended by itself.
    sessions: HashMap<String, Timestamp>,
    subjects: HashMap<String, EndedSubject>,
}

#[derive(Clone, Copy, Debug)]
struct EndedSubject {
    began_before: Timestamp,
    forget_at: Timestamp,
}

impl SignOuts {
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            state,
            remembered: Arc::default(),
        }
    }

    /// Ends a session that would last until `until`. On this server it has ended when this returns. While the state
    /// database is away, the others hear of it later; without one, a restart of this process forgets it.
    pub async fn revoke(&self, session: &str, until: Timestamp) {
        self.remembered().add_session(session, until);
        let session = session.to_owned();
        self.store(SignOut::Session { session, until }).await;
    }

    /// Ends all sessions of a subject, or of everybody without one, that began before `before`. All of them would end by
    /// themselves until `until`. As [`revoke`](Self::revoke) otherwise.
    pub async fn revoke_all(&self, subject: Option<&str>, before: Timestamp, until: Timestamp) {
        let subject = subject.unwrap_or(EVERYBODY).to_owned();
        self.remembered().add_subject(&subject, before, until);
        self.store(SignOut::Subject {
            subject,
            before,
            until,
        })
        .await;
    }

    /// Returns whether the session was ended. While the state database is away, the answer is from what this process
    /// remembers.
    pub async fn is_revoked(&self, session: SessionIdentity<'_>) -> bool {
        if self.remembered().has(session) {
            return true;
        }
        let look = async {
            let mut connection = self.state.connection().await?;
            let ended = query_scalar(
                "select exists (select from decant.ended_sessions where session operator(pg_catalog.=) $1) \
                 or exists (select from decant.ended_subjects \
                            where (subject operator(pg_catalog.=) $2 or subject operator(pg_catalog.=) $3) \
                            and began_before operator(pg_catalog.>) $4::pg_catalog.timestamptz)",
            )
            .bind(session.id)
            .bind(session.subject)
            .bind(EVERYBODY)
            .bind(session.began.to_string())
            .fetch_one(&mut *connection)
            .await?;
            Ok(ended)
        };
        self.state.promptly(look).await.unwrap_or(false)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a sign-out. If the state database does not answer now, a task tries again until the session would have ended.
    async fn store(&self, sign_out: SignOut) {
        let state = self.state.clone();
        if !state.is_on() || state.promptly(sign_out.write(&state)).await.is_some() {
            return;
        }
        tokio::spawn(async move {
            while Timestamp::now() < sign_out.until() {
                sleep(RETRY_AFTER).await;
                if sign_out.write(&state).await.is_ok() {
                    return;
                }
            }
        });
    }
}

/// A sign-out to be written.
enum SignOut {
    Session {
        session: String,
        until: Timestamp,
    },
    Subject {
        subject: String,
        before: Timestamp,
        until: Timestamp,
    },
}

impl SignOut {
    fn until(&self) -> Timestamp {
        match self {
            Self::Session { until, .. } | Self::Subject { until, .. } => *until,
        }
    }

    async fn write(&self, state: &State) -> Result<(), StateError> {
        let statement = match self {
            Self::Session { session, until } => query(
                "insert into decant.ended_sessions as ended (session, forget_at) \
                 values ($1, $2::pg_catalog.timestamptz) on conflict do nothing",
            )
            .bind(session)
            .bind(until.to_string()),
            Self::Subject {
                subject,
                before,
                until,
            } => query(
                "insert into decant.ended_subjects as ended (subject, began_before, forget_at) \
                 values ($1, $2::pg_catalog.timestamptz, $3::pg_catalog.timestamptz) \
                 on conflict on constraint ended_subjects_pkey do update set \
                 began_before = greatest(ended.began_before, excluded.began_before), \
                 forget_at = greatest(ended.forget_at, excluded.forget_at)",
            )
            .bind(subject)
            .bind(before.to_string())
            .bind(until.to_string()),
        };
        let mut connection = state.connection().await?;
        statement.execute(&mut *connection).await?;
        Ok(())
    }
}

impl Remembered {
    fn add_session(&mut self, session: &str, until: Timestamp) {
        if self.sessions.len() >= REMEMBERED_MAX {
            let now = Timestamp::now();
            self.sessions.retain(|_, until| *until > now);
        }
        if self.sessions.len() < REMEMBERED_MAX {
            self.sessions.insert(session.to_owned(), until);
        }
    }

    fn add_subject(&mut self, subject: &str, before: Timestamp, until: Timestamp) {
        let now = Timestamp::now();
        self.subjects.retain(|_, ended| ended.forget_at > now);
        let ended = self.subjects.entry(subject.to_owned()).or_insert(EndedSubject {
            began_before: before,
            forget_at: until,
        });
        ended.began_before = ended.began_before.max(before);
        ended.forget_at = ended.forget_at.max(until);
    }

    fn has(&self, session: SessionIdentity<'_>) -> bool {
        let ends = |subject| {
            let ended = self.subjects.get(subject);
            ended.is_some_and(|ended| session.began < ended.began_before)
        };
        self.sessions.contains_key(session.id) || ends(session.subject) || ends(EVERYBODY)
    }
}
