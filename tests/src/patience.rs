//! Waiting for something, within a bound.

use std::time::{Duration, Instant};

/// Pause between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until `look` returns a value, and returns it. Panics after `patience`, with `what` in the message.
pub async fn wait_for<T>(what: &str, patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    wait_up_to(patience, &mut look)
        .await
        .unwrap_or_else(|| panic!("waited {patience:?} in vain for {what}"))
}

/// Waits until `look` returns a value, and returns it; `None` after `patience`.
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
