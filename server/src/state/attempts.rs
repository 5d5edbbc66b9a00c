//! Wrong credentials, counted by address on all servers with the same state database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{query, query_as};

use super::database::State;

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
}

/// Counts the wrong credentials of each address in a minute. Clones share what they remember.
#[derive(Clone)]
pub struct Attempts {
    state: State,
    remembered: Arc<Mutex<HashMap<IpAddr, (Instant, u32)>>>,
}

impl Attempts {
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            state,
            remembered: Arc::default(),
        }
    }

    /// Counts one more wrong credential, and returns the count with it. While the state database is away, it is the count of
    /// this process. To let no more than the limit of simultaneous
    /// attempts through, count before the credential is looked at, and [`forgive`](Self::forgive) a right one.
    pub async fn record(&self, address: IpAddr) -> Failures {
        let own = self.record_own(address);
        let write = async {
            let mut connection = self.state.connection().await?;
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
        let shared = self.state.promptly(write).await;
        shared.map_or(own, |shared| larger(own, shared))
    }

    /// Takes back one that was counted.
    pub async fn forgive(&self, address: IpAddr) {
        if let Some((_, count)) = self.remembered().get_mut(&address) {
            *count = count.saturating_sub(1);
        }
        let write = async {
            let mut connection = self.state.connection().await?;
            query(
                "update decant.wrong_attempts set failures = failures operator(pg_catalog.-) 1 \
                 where address operator(pg_catalog.=) $1::pg_catalog.inet and failures operator(pg_catalog.>) 0",
            )
            .bind(address.to_string())
            .execute(&mut *connection)
            .await?;
            Ok(())
        };
        self.state.promptly(write).await;
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<IpAddr, (Instant, u32)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record_own(&self, address: IpAddr) -> Failures {
        let mut remembered = self.remembered();
        if remembered.len() >= ADDRESSES_MAX && !remembered.contains_key(&address) {
            remembered.retain(|_, (since, _)| since.elapsed() < WINDOW);
            if remembered.len() >= ADDRESSES_MAX {
                let oldest = remembered
                    .iter()
                    .min_by_key(|(_, (since, _))| *since)
                    .map(|(address, _)| *address);
                oldest.map(|address| remembered.remove(&address));
            }
        }
        let entry = remembered.entry(address).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 += 1;
        Failures {
            count: entry.1,
            window_left: WINDOW.saturating_sub(entry.0.elapsed()),
        }
    }
}

/// Returns the window as an interval of PostgreSQL.
fn window() -> String {
    format!("{} seconds", WINDOW.as_secs())
}

fn larger(own: Failures, shared: Failures) -> Failures {
    match shared.count > own.count {
        true => shared,
        false => own,
    }
}

/// Returns the failures of a row with their number and the age of the first in seconds.
fn failures((count, age): (i64, i64)) -> Failures {
    let age = Duration::from_secs(u64::try_from(age).unwrap_or(0));
    Failures {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        window_left: WINDOW.saturating_sub(age),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_address_has_its_count_without_a_database() {
        let attempts = Attempts::new(State::off());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!(attempts.record(one).await.count, 1);
        assert_eq!(attempts.record(one).await.count, 2);
        assert_eq!(attempts.record(other).await.count, 1);
        attempts.forgive(one).await;
        let counted = attempts.record(one).await;
        assert_eq!(counted.count, 2);
        assert!(counted.window_left > Duration::ZERO && counted.window_left <= WINDOW);
    }

    #[tokio::test]
    async fn the_addresses_that_are_remembered_are_bounded() {
        let attempts = Attempts::new(State::off());
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        for number in 0..=u32::try_from(ADDRESSES_MAX).unwrap() {
            attempts.record(address(number)).await;
        }
        assert_eq!(attempts.remembered().len(), ADDRESSES_MAX);
        // The first was dropped.
        assert_eq!(attempts.record(address(2)).await.count, 2);
    }
}
