//! Wrong credentials, counted by address on all servers with the same state database.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{query, query_as};

use super::database::{Purpose, State};
use crate::recent_map::RecentMap;

/// The time in which wrong credentials are counted; it begins with the first.
const WINDOW: Duration = Duration::from_secs(60);

/// The most addresses that the process itself remembers. When there are more, the oldest are dropped.
const ADDRESSES_MAX: usize = 10_000;

/// The wrong credentials of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    pub count: u32,
    /// Until the count begins anew.
    pub window_left: Duration,
    /// Whether the last one is counted in the state database, too.
    is_shared: bool,
}

/// An attempt whose credential is not looked up yet. It counts as wrong until it ends.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    address: IpAddr,
    max: u32,
    failures: Failures,
}

impl Attempt {
    /// Returns the wrong credentials of the address, this one included.
    pub fn failures(&self) -> Failures {
        self.failures
    }
}

/// Counts the wrong credentials of each address in a minute. Clones share what they remember.
#[derive(Clone)]
pub struct Attempts {
    state: State,
    remembered: Arc<Mutex<RecentMap<IpAddr, Own>>>,
}

/// The wrong credentials of an address that this process has seen.
#[derive(Debug)]
struct Own {
    since: Instant,
    count: u32,
}

impl Attempts {
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            state,
            remembered: Arc::new(Mutex::new(RecentMap::new(ADDRESSES_MAX, WINDOW))),
        }
    }

    /// Counts a wrong credential, and returns the count with it.
    ///
    /// The count is this process's own if that is more than `max`, or while the state database is away. So an address causes
    /// at most `max` writes a minute.
    pub async fn record(&self, address: IpAddr, max: u32) -> Failures {
        let own = self.record_own(address);
        self.record_shared(address, own, max).await
    }

    /// Counts an attempt before its credential is looked up, so that no more than `max` simultaneous attempts pass. End it with
    /// [`fail`](Self::fail) or [`forgive`](Self::forgive).
    ///
    /// The state database is written only if this process knows another attempt of the address, wrong or not yet looked up. A
    /// right credential usually costs no write.
    pub async fn begin(&self, address: IpAddr, max: u32) -> Attempt {
        let own = self.record_own(address);
        let failures = match own.count {
            1 => own,
            _ => self.record_shared(address, own, max).await,
        };
        Attempt {
            address,
            max,
            failures,
        }
    }

    /// Ends an attempt whose credential was wrong, and returns the count with it.
    pub async fn fail(&self, attempt: Attempt) -> Failures {
        let Attempt {
            address,
            max,
            failures,
        } = attempt;
        match failures.is_shared {
            true => failures,
            false => self.record_shared(address, failures, max).await,
        }
    }

    /// Ends an attempt whose credential was right or could not be looked up: it does not count.
    pub async fn forgive(&self, attempt: Attempt) {
        let Attempt {
            address, failures, ..
        } = attempt;
        if let Some(own) = self.remembered().get_mut(&address) {
            own.count = own.count.saturating_sub(1);
        }
        if !failures.is_shared {
            return;
        }
        let write = async {
            let mut connection = self.state.connection(Purpose::Attempts).await?;
            query(
                "update decant.wrong_attempts set failures = failures operator(pg_catalog.-) 1 \
                 where address operator(pg_catalog.=) $1::pg_catalog.inet and failures operator(pg_catalog.>) 0",
            )
            .bind(address.to_string())
            .execute(&mut *connection)
            .await?;
            Ok(())
        };
        self.state.promptly(Purpose::Attempts, write).await;
    }

    /// Counts one more in the state database, unless `own` is more than `max`, and returns the larger one of its count and `own`.
    async fn record_shared(&self, address: IpAddr, own: Failures, max: u32) -> Failures {
        if own.count > max {
            return own;
        }
        let write = async {
            let mut connection = self.state.connection(Purpose::Attempts).await?;
            let row = query_as(
                "insert into decant.wrong_attempts as known (address, since, failures) \
                 values ($1::pg_catalog.inet, pg_catalog.now(), 1) on conflict on constraint wrong_attempts_pkey do update set \
                 failures = case when known.since operator(pg_catalog.<=) \
                                      (pg_catalog.now() operator(pg_catalog.-) $2::pg_catalog.interval) \
                                 then 1 else known.failures operator(pg_catalog.+) 1 end, \
                 since = case when known.since operator(pg_catalog.<=) \
                                   (pg_catalog.now() operator(pg_catalog.-) $2::pg_catalog.interval) \
                              then pg_catalog.now() else known.since end \
                 returning failures, extract(epoch from pg_catalog.now() operator(pg_catalog.-) since)::bigint",
            )
            .bind(address.to_string())
            .bind(window())
            .fetch_one(&mut *connection)
            .await?;
            Ok(failures(row))
        };
        match self.state.promptly(Purpose::Attempts, write).await {
            None => own,
            Some(shared) if shared.count > own.count => shared,
            Some(_) => Failures {
                is_shared: true,
                ..own
            },
        }
    }

    fn remembered(&self) -> MutexGuard<'_, RecentMap<IpAddr, Own>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record_own(&self, address: IpAddr) -> Failures {
        let mut remembered = self.remembered();
        let own = remembered.get_or_insert_with(address, || Own {
            since: Instant::now(),
            count: 0,
        });
        own.count += 1;
        Failures {
            count: own.count,
            window_left: WINDOW.saturating_sub(own.since.elapsed()),
            is_shared: false,
        }
    }
}

/// Returns the window as an interval of PostgreSQL.
fn window() -> String {
    format!("{} seconds", WINDOW.as_secs())
}

/// Returns the failures of a row with their number and the age of the first in seconds.
fn failures((count, age): (i64, i64)) -> Failures {
    let age = Duration::from_secs(u64::try_from(age).unwrap_or(0));
    Failures {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        window_left: WINDOW.saturating_sub(age),
        is_shared: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_address_has_its_count_without_a_database() {
        let attempts = Attempts::new(State::off());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!(attempts.record(one, 10).await.count, 1);
        assert_eq!(attempts.record(one, 10).await.count, 2);
        assert_eq!(attempts.record(other, 10).await.count, 1);
        let attempt = attempts.begin(one, 10).await;
        assert_eq!(attempt.failures().count, 3);
        attempts.forgive(attempt).await;
        let attempt = attempts.begin(one, 10).await;
        let counted = attempts.fail(attempt).await;
        assert_eq!(counted.count, 3);
        assert!(counted.window_left > Duration::ZERO && counted.window_left <= WINDOW);
    }
}
