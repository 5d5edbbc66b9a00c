//! Looks for schedules whose time has come, every few seconds.

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::exports::store::ExportStore;

/// Creates the exports of schedules whose time has come, until the future is dropped. Any number of servers may do so.
pub async fn run(store: ExportStore) {
    let every = store.options().schedule_tick;
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_away = false;
    loop {
        ticks.tick().await;
        let started = store.start_due_runs().await;
        if let Err(error) = &started
            && !is_away
        {
            tracing::error!(%error, "schedules wait for the state database");
        }
        is_away = started.is_err();
    }
}
