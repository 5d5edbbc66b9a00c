//! A value that is made anew when it is too old, such as the result of a check that many clients ask for.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The last value, and when it was made.
#[derive(Debug)]
pub struct Kept<T> {
    age_max: Duration,
    last: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Kept<T> {
    /// Keeps each value for `age_max`.
    #[must_use]
    pub fn new(age_max: Duration) -> Self {
        Self {
            age_max,
            last: Mutex::default(),
        }
    }

    /// Returns the last value, or awaits a new one if that is too old. Callers at the same time share one.
    pub async fn get(&self, new: impl Future<Output = T>) -> T {
        let mut last = self.last.lock().await;
        if let Some((at, value)) = &*last
            && at.elapsed() < self.age_max
        {
            return value.clone();
        }
        let value = new.await;
        *last = Some((Instant::now(), value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_kept_for_its_time() {
        let kept = Kept::new(Duration::from_secs(60));
        assert_eq!(kept.get(async { 1 }).await, 1);
        assert_eq!(kept.get(async { 2 }).await, 1);
        let not_kept = Kept::new(Duration::ZERO);
        assert_eq!(not_kept.get(async { 1 }).await, 1);
        assert_eq!(not_kept.get(async { 2 }).await, 2);
    }
}
