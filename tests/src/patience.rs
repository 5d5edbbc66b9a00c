//! Waiting for something, within a bound.

use std::time::{Duration, Instant};

/// How often a condition is looked at again.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until `look` finds something, and gives it back.
///
/// # Panics
/// After `patience`, naming `what` was waited for.
pub async fn wait_for<T>(what: &str, patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    wait_up_to(patience, &mut look)
        .await
        .unwrap_or_else(|| panic!("waited {patience:?} in vain for {what}"))
}

/// Waits until `look` finds something; `None` after `patience`.
pub async fn wait_up_to<T>(patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if since.elapsed() > patience {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
