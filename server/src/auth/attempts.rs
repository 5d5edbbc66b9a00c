//! Wrong credentials are counted by address, so that nobody can try many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;

use crate::error::ApiError;

/// The time in which wrong credentials are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// The most addresses that are remembered; when there are more, the oldest go.
const ADDRESSES_MAX: usize = 10_000;

/// The wrong credentials of the last minute.
#[derive(Debug)]
pub struct Attempts {
    wrong_max: u32,
    wrong: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Attempts {
    /// Lets `wrong_max` wrong credentials a minute pass from one address.
    #[must_use]
    pub fn new(wrong_max: u32) -> Self {
        Self {
            wrong_max,
            wrong: Mutex::default(),
        }
    }

    /// Lets a credential be looked at, unless there have been too many wrong ones.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] with the time to wait.
    pub fn admit(&self, address: IpAddr) -> Result<(), ApiError> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        match wrong.get(&address) {
            Some((since, count)) if *count >= self.wrong_max && since.elapsed() < WINDOW => {
                Err(ApiError::TooManyAttempts {
                    wait: WINDOW.saturating_sub(since.elapsed()),
                })
            }
            _ => Ok(()),
        }
    }

    /// Counts a wrong credential and gives the answer to it.
    pub fn refuse(&self, address: IpAddr, request: &HttpRequest) -> ApiError {
        tracing::warn!(action = "credential_refused", %address, path = request.path());
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= ADDRESSES_MAX && !wrong.contains_key(&address) {
            wrong.retain(|_, (since, _)| since.elapsed() < WINDOW);
            if wrong.len() >= ADDRESSES_MAX {
                let oldest = wrong
                    .iter()
                    .min_by_key(|(_, (since, _))| *since)
                    .map(|(address, _)| *address);
                oldest.map(|address| wrong.remove(&address));
            }
        }
        let entry = wrong.entry(address).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 += 1;
        ApiError::InvalidCredentials
    }
}
