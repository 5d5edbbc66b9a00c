//! A value that is made anew when it is too old, such as the result of a check that many clients ask for.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The last value, and when it was made.
#[derive(Debug)]
pub struct Cached<T> {
    age_max: Duration,
    last: Arc<Mutex<Option<(Instant, T)>>>,
}

impl<T: Clone + Send + 'static> Cached<T> {
    /// Keeps each value for `age_max`.
    #[must_use]
    pub fn new(age_max: Duration) -> Self {
        Self {
            age_max,
            last: Arc::default(),
        }
    }

    /// Returns the last value, or awaits a new one if that is too old. Callers at the same time share one. It is made in a task of
    /// its own, so that a caller who goes away does not throw it away.
    ///
    /// # Panics
    /// If `new` does.
    pub async fn get(&self, new: impl Future<Output = T> + Send + 'static) -> T {
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if let Some((at, value)) = &*last
            && at.elapsed() < self.age_max
        {
            return value.clone();
        }
        let making = tokio::spawn(async move {
            let value = new.await;
            *last = Some((Instant::now(), value.clone()));
            value
        });
        match making.await {
            Ok(value) => value,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // The runtime shuts down.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_kept_for_its_time() {
        let cached = Cached::new(Duration::from_secs(60));
        assert_eq!(cached.get(async { 1 }).await, 1);
        assert_eq!(cached.get(async { 2 }).await, 1);
        let not_cached = Cached::new(Duration::ZERO);
        assert_eq!(not_cached.get(async { 1 }).await, 1);
        assert_eq!(not_cached.get(async { 2 }).await, 2);
    }

    #[tokio::test]
    async fn the_value_of_a_caller_who_goes_away_is_kept() {
        let cached = Cached::new(Duration::from_secs(60));
        let slow = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            1
        };
        let gone = tokio::time::timeout(Duration::from_millis(1), cached.get(slow)).await;
        assert!(gone.is_err());
        assert_eq!(cached.get(async { 2 }).await, 1);
    }
}
