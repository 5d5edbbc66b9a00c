//! Sessions that ended before their time: by sign-out, or all of a subject at once.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::{query, query_scalar};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::database::{Purpose, State};
use super::error::StateError;

/// The longest lifetime of a session that a server can be set to. The end of all sessions of a subject is remembered this long,
/// because the servers that share it may have different lifetimes.
pub const LIFETIME_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The subject of [`SignOuts::revoke_all`] for the sessions of everybody. No subject is `*`, since each begins with its kind.
const EVERYBODY: &str = "*";

/// Pause before a sign-out is written again while the state database is away.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The most sessions of one look-up, and of those that wait for the next.
const LOOK_UPS_MAX: usize = 1_000;

/// A session as its cookie has it.
#[derive(Clone, Copy, Debug)]
pub struct SessionIdentity<'a> {
    /// Unguessable, and not the cookie itself: a reader of the table must not be able to use it.
    pub id: &'a str,
    /// Kind and text of the session's owner, for example `hub:7`.
    pub subject: &'a str,
    pub began: Timestamp,
}

/// The state database does not answer, so another server may have ended the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state database does not answer")]
pub struct Unanswered;

/// Remembers ended sessions, on all servers with the same state database. Clones share what they remember.
#[derive(Clone)]
pub struct SignOuts {
    state: State,
    remembered: Arc<Mutex<Remembered>>,
    /// Answered by one task for all that wait, so that no number of requests makes the others wait for connections.
    look_ups: mpsc::Sender<LookUp>,
}

struct LookUp {
    id: String,
    subject: String,
    began: Timestamp,
    answer: oneshot::Sender<Result<bool, Unanswered>>,
}

#[derive(Debug)]
struct Remembered {
    /// The most ended sessions of one subject that are remembered one by one.
    sessions_max: usize,
    subjects: HashMap<String, Ended>,
    /// Sign-outs that a task writes as soon as the state database answers.
    unwritten: Vec<SignOut>,
    is_writing: bool,
}

/// The ended sessions of one subject.
#[derive(Debug)]
struct Ended {
    /// All sessions that began before this time have ended.
    began_before: Timestamp,
    /// Further ones by id.
    sessions: HashMap<String, EndedSession>,
    /// By this time all of them would have ended by themselves.
    forget_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct EndedSession {
    began: Timestamp,
    /// The time at which it would have ended by itself.
    until: Timestamp,
}

/// A sign-out to be written.
#[derive(Clone, Debug)]
enum SignOut {
    Session {
        id: String,
        subject: String,
        session: EndedSession,
    },
    Subject {
        subject: String,
        before: Timestamp,
        until: Timestamp,
    },
}

impl SignOuts {
    /// Remembers up to `sessions_max` ended sessions of one subject one by one. When there are more, all sessions of the subject
    /// that began before end. Call it within a runtime, which looks sessions up.
    #[must_use]
    pub fn new(state: State, sessions_max: usize) -> Self {
        let (look_ups, waiting) = mpsc::channel(LOOK_UPS_MAX);
        if state.is_on() {
            tokio::spawn(answer_look_ups(state.clone(), waiting));
        }
        Self {
            state,
            remembered: Arc::new(Mutex::new(Remembered::new(sessions_max))),
            look_ups,
        }
    }

    /// Ends a session that would last until `until`. On this server it has ended when this returns. While the state
    /// database is away, the others hear of it later; without one, a restart of this process forgets it.
    pub async fn revoke(&self, session: SessionIdentity<'_>, until: Timestamp) {
        let sign_out = self.remembered().add_session(session, until, Timestamp::now());
        self.store(sign_out).await;
    }

    /// Ends all sessions of a subject, or of everybody without one, that began before `before`. As [`revoke`](Self::revoke)
    /// otherwise.
    pub async fn revoke_all(&self, subject: Option<&str>, before: Timestamp) {
        let subject = subject.unwrap_or(EVERYBODY);
        let sign_out = self.remembered().add_subject(subject, before, Timestamp::now());
        self.store(sign_out).await;
    }

    /// Returns whether the session was ended. Without a state database, the answer is from what this process remembers.
    ///
    /// # Errors
    /// [`Unanswered`], unless this process remembers that it was ended.
    pub async fn is_revoked(&self, session: SessionIdentity<'_>) -> Result<bool, Unanswered> {
        if self.remembered().has(session) {
            return Ok(true);
        }
        if !self.state.is_on() {
            return Ok(false);
        }
        let (answer, answered) = oneshot::channel();
        let look_up = LookUp {
            id: session.id.to_owned(),
            subject: session.subject.to_owned(),
            began: session.began,
            answer,
        };
        self.look_ups.send(look_up).await.map_err(|_| Unanswered)?;
        answered.await.unwrap_or(Err(Unanswered))
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a sign-out. If the state database does not answer now, a task tries again until it does.
    async fn store(&self, sign_out: SignOut) {
        if !self.state.is_on() {
            return;
        }
        let written = self
            .state
            .promptly(Purpose::SignOuts, sign_out.write(&self.state))
            .await;
        if written.is_some() {
            return;
        }
        let is_writing = {
            let mut remembered = self.remembered();
            remembered.put_off(sign_out);
            mem::replace(&mut remembered.is_writing, true)
        };
        if !is_writing {
            tokio::spawn(self.clone().write_unwritten());
        }
    }

    async fn write_unwritten(self) {
        loop {
            sleep(RETRY_AFTER).await;
            let unwritten = {
                let mut remembered = self.remembered();
                let unwritten = mem::take(&mut remembered.unwritten);
                if unwritten.is_empty() {
                    remembered.is_writing = false;
                    return;
                }
                unwritten
            };
            let mut is_away = false;
            for sign_out in unwritten {
                is_away = is_away || sign_out.write(&self.state).await.is_err();
                if is_away && Timestamp::now() < sign_out.until() {
                    self.remembered().put_off(sign_out);
                }
            }
        }
    }
}

/// Looks up all waiting sessions at once, again and again, until the last [`SignOuts`] is dropped.
async fn answer_look_ups(state: State, mut waiting: mpsc::Receiver<LookUp>) {
    let mut look_ups = Vec::new();
    while waiting.recv_many(&mut look_ups, LOOK_UPS_MAX).await > 0 {
        let ended = state
            .promptly(Purpose::Sessions, ended_of(&state, &look_ups))
            .await;
        for (place, look_up) in (1..).zip(look_ups.drain(..)) {
            let answer = ended.as_ref().map(|ended| ended.contains(&place));
            // An error means that the request has been given up.
            let _ = look_up.answer.send(answer.ok_or(Unanswered));
        }
    }
}

/// Returns the places of the sessions that have ended; the first has the place 1.
async fn ended_of(state: &State, look_ups: &[LookUp]) -> Result<Vec<i64>, StateError> {
    let column = |text: fn(&LookUp) -> String| look_ups.iter().map(text).collect::<Vec<_>>();
    let mut connection = state.connection(Purpose::Sessions).await?;
    let ended = query_scalar(
        "select asked.place from rows from (pg_catalog.unnest($1::pg_catalog.text[]), \
                                            pg_catalog.unnest($2::pg_catalog.text[]), \
                                            pg_catalog.unnest($3::pg_catalog.text[])) \
         with ordinality as asked (session, subject, began, place) \
         where exists (select from decant.ended_sessions e where e.session operator(pg_catalog.=) asked.session) \
         or exists (select from decant.ended_subjects e \
                    where (e.subject operator(pg_catalog.=) asked.subject or e.subject operator(pg_catalog.=) $4) \
                    and e.began_before operator(pg_catalog.>) asked.began::pg_catalog.timestamptz)",
    )
    .bind(column(|look_up| look_up.id.clone()))
    .bind(column(|look_up| look_up.subject.clone()))
    .bind(column(|look_up| look_up.began.to_string()))
    .bind(EVERYBODY)
    .fetch_all(&mut *connection)
    .await?;
    Ok(ended)
}

impl SignOut {
    fn until(&self) -> Timestamp {
        match self {
            Self::Session { session, .. } => session.until,
            Self::Subject { until, .. } => *until,
        }
    }

    /// Returns whether it ends only sessions of this subject that began before this time.
    fn is_within(&self, ended: &str, began_before: Timestamp) -> bool {
        match self {
            Self::Session { subject, session, .. } => subject == ended && session.began < began_before,
            Self::Subject { subject, before, .. } => subject == ended && *before <= began_before,
        }
    }

    async fn write(&self, state: &State) -> Result<(), StateError> {
        let statement = match self {
            Self::Session { id, session, .. } => query(
                "insert into decant.ended_sessions as ended (session, forget_at) \
                 values ($1, $2::pg_catalog.timestamptz) on conflict do nothing",
            )
            .bind(id)
            .bind(session.until.to_string()),
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
        let mut connection = state.connection(Purpose::SignOuts).await?;
        statement.execute(&mut *connection).await?;
        Ok(())
    }
}

impl Remembered {
    fn new(sessions_max: usize) -> Self {
        Self {
            sessions_max,
            subjects: HashMap::new(),
            unwritten: Vec::new(),
            is_writing: false,
        }
    }

    /// Returns what is to be written: the end of this session, or of all sessions of its subject.
    fn add_session(&mut self, session: SessionIdentity<'_>, until: Timestamp, now: Timestamp) -> SignOut {
        let SessionIdentity { id, subject, began } = session;
        let sessions_max = self.sessions_max;
        let ended = self.of_subject(subject, now);
        let session = EndedSession { began, until };
        ended.sessions.insert(id.to_owned(), session);
        ended.forget_at = ended.forget_at.max(until);
        if ended.sessions.len() > sessions_max {
            ended.sessions.retain(|_, session| session.until > now);
        }
        if ended.sessions.len() <= sessions_max {
            return SignOut::Session {
                id: id.to_owned(),
                subject: subject.to_owned(),
                session,
            };
        }
        // The clock of the server that started a session may be ahead.
        let last = ended.sessions.values().map(|session| session.began).max();
        let after_last = last.and_then(|last| last.checked_add(SignedDuration::from_millis(1)).ok());
        self.add_subject(subject, after_last.map_or(now, |after| after.max(now)), now)
    }

    /// Returns what is to be written.
    fn add_subject(&mut self, subject: &str, before: Timestamp, now: Timestamp) -> SignOut {
        let until = before.checked_add(LIFETIME_MAX).unwrap_or(Timestamp::MAX);
        let ended = self.of_subject(subject, now);
        ended.began_before = ended.began_before.max(before);
        ended.forget_at = ended.forget_at.max(until);
        ended.sessions.retain(|_, session| session.began >= before);
        SignOut::Subject {
            subject: subject.to_owned(),
            before,
            until,
        }
    }

    /// Returns the ended sessions of a subject, and forgets subjects whose sessions would all have ended by themselves.
    fn of_subject(&mut self, subject: &str, now: Timestamp) -> &mut Ended {
        self.subjects.retain(|_, ended| ended.forget_at > now);
        self.subjects.entry(subject.to_owned()).or_insert_with(|| Ended {
            began_before: Timestamp::MIN,
            sessions: HashMap::new(),
            forget_at: now,
        })
    }

    fn has(&self, session: SessionIdentity<'_>) -> bool {
        let has_ended = |subject| {
            self.subjects.get(subject).is_some_and(|ended| {
                session.began < ended.began_before || ended.sessions.contains_key(session.id)
            })
        };
        has_ended(session.subject) || has_ended(EVERYBODY)
    }

    /// Keeps a sign-out for later. The end of all sessions of a subject takes the place of what it contains.
    fn put_off(&mut self, sign_out: SignOut) {
        if let SignOut::Subject { subject, before, .. } = &sign_out {
            self.unwritten.retain(|other| !other.is_within(subject, *before));
        }
        self.unwritten.push(sign_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSIONS_MAX: usize = 1_000;

    #[tokio::test]
    async fn sign_outs_without_end_forget_none_and_use_a_bounded_memory() {
        let sign_outs = SignOuts::new(State::off(), SESSIONS_MAX);
        let began = Timestamp::now();
        let until = began + SignedDuration::from_hours(12);
        let session = |id, subject| SessionIdentity { id, subject, began };
        sign_outs.revoke(session("first", "hub:1"), until).await;
        sign_outs.revoke(session("other's", "hub:2"), until).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        let ids: Vec<_> = (0..10 * SESSIONS_MAX).map(|id| id.to_string()).collect();
        for id in &ids {
            sign_outs.revoke(session(id, "hub:1"), until).await;
        }
        for id in ids.iter().map(String::as_str).chain(["first"]) {
            assert_eq!(sign_outs.is_revoked(session(id, "hub:1")).await, Ok(true), "{id}");
        }
        assert_eq!(sign_outs.is_revoked(session("other's", "hub:2")).await, Ok(true));
        assert_eq!(sign_outs.is_revoked(session("kept", "hub:2")).await, Ok(false));
        assert!(sign_outs.remembered().subjects["hub:1"].sessions.len() <= SESSIONS_MAX);
        // The user signs in again.
        let later = SessionIdentity {
            began: Timestamp::now() + SignedDuration::from_secs(1),
            ..session("again", "hub:1")
        };
        assert_eq!(sign_outs.is_revoked(later).await, Ok(false));
    }

    #[tokio::test]
    async fn sign_outs_that_wait_for_the_database_are_bounded_too() {
        let mut remembered = Remembered::new(SESSIONS_MAX);
        let now = Timestamp::now();
        for id in 0..10 * SESSIONS_MAX {
            let session = SessionIdentity {
                id: &id.to_string(),
                subject: "hub:1",
                began: now,
            };
            let sign_out = remembered.add_session(session, now + SignedDuration::from_hours(1), now);
            remembered.put_off(sign_out);
        }
        assert!(remembered.unwritten.len() <= SESSIONS_MAX + 1);
    }
}
