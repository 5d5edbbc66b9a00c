//! Starts a restore in a task of its own, which takes the lock, reports the events and records the outcome.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    OnDisconnect, ProgressReporter, RestoreError, RestoreEvent, RestoreOptions, RestoreStatus, Restored,
};
use crate::audit::Action;
use crate::database::Database;
use crate::database::lock::{LockGuard, Operation};
use crate::database::operation_record::Outcome;

/// Capacity of the event channel. When it is full, progress events are dropped; the last event is not.
const EVENTS: usize = 256;

impl Database {
    /// Starts to restore a file, and returns the receiver of the restore's events. `stop` ends the restore as long as the
    /// database is unchanged; dropping the receiver ends it, too, if the options say so ([`OnDisconnect::Stop`]).
    ///
    /// # Errors
    /// [`RestoreError::Conflict`]: another operation holds the lock. [`RestoreError::Database`].
    pub async fn restore(
        self: Arc<Self>,
        file: impl AsRef<Path> + Send + Sync + 'static,
        options: RestoreOptions,
        caller: &str,
        stop: CancellationToken,
    ) -> Result<mpsc::Receiver<RestoreEvent>, RestoreError> {
        let caller = caller.to_owned();
        tracing::info!(action = Action::DatabaseImportInitiated.name(), caller, ?options);
        let lock = self.lock.acquire(Operation::Import, &caller).await?;
        let (sender, events) = mpsc::channel(EVENTS);
        let status = RestoreStatus {
            mode: options.mode,
            rows: 0,
        };
        let record = self.last_restore.begin(&caller, status);
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            let restoring = self.restore_until_disconnect(&lock, file.as_ref(), options, &sender, &stop);
            let event = match restoring.await {
                Ok(restored) => {
                    let rows = restored.tables.values().map(|table| table.inserted).sum();
                    record.update(|status| status.rows = rows);
                    record.end(Outcome::Complete);
                    tracing::info!(
                        action = Action::DatabaseImportComplete.name(),
                        caller,
                        previous = restored.previous.as_deref()
                    );
                    RestoreEvent::Complete(restored)
                }
                Err(error) => {
                    tracing::error!(action = Action::DatabaseImportError.name(), caller, %error);
                    let message = error.to_string();
                    record.end(Outcome::Failed {
                        reason: message.clone(),
                    });
                    RestoreEvent::Error { message }
                }
            };
            self.generation.fetch_add(1, Ordering::Relaxed);
            lock.release().await;
            // Waits for a free place in the channel, so that the last event is not lost.
            let _ = sender.send(event).await;
        });
        Ok(events)
    }

    async fn restore_until_disconnect(
        &self,
        lock: &LockGuard,
        file: &Path,
        options: RestoreOptions,
        sender: &mpsc::Sender<RestoreEvent>,
        stop: &CancellationToken,
    ) -> Result<Restored, RestoreError> {
        let reporter = ProgressReporter {
            action: Action::DatabaseImportProgress,
            events: sender.clone(),
        };
        let stop = stop.child_token();
        let mut restoring = pin!(self.run_restore(lock, file, options, &reporter, &stop));
        tokio::select! {
            restored = &mut restoring => restored,
            () = sender.closed(), if self.on_disconnect == OnDisconnect::Stop => {
                stop.cancel();
                // Not dropped: after the swap has begun, the restore goes on to its end.
                restoring.await.map_err(RestoreError::after_disconnect)
            }
        }
    }
}
