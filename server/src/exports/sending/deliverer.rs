//! Takes deliveries while there is room, until the process stops.

use std::sync::Arc;
use std::time::Duration;

use api::deliveries::DeliveryKind;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::attempt::Sender;
use super::claim::{Outbox, Outcome};
use crate::audit::Action;
use crate::exports::deliveries::record::DeliveryRecord;
use crate::exports::metrics::{DeliveryOutcome, ExportMetrics};
use crate::exports::notices::{Notice, Notices};
use crate::schedule::CALLER;
use crate::state::{State, StateError};

/// Deliveries that a process makes at the same time.
const AT_ONCE: usize = 4;

/// The shortest time between two looks, so that the progress of many exports causes few.
const LOOK_AFTER: Duration = Duration::from_millis(250);

/// The longest time of one attempt, with the reading of the file.
const ATTEMPT_MAX: Duration = Duration::from_secs(180);

/// The pause between attempts to record an end while the state database is away.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// Makes deliveries in this process.
pub struct Deliverer {
    outbox: Outbox,
    sender: Arc<Sender>,
    kinds: Vec<DeliveryKind>,
    notices: Notices,
    metrics: ExportMetrics,
    poll: Duration,
    stopping: CancellationToken,
    abort: CancellationToken,
}

impl Deliverer {
    /// `lease` is the time without a sign of life after which another worker gets a delivery, and `poll` the time between looks that
    /// nothing causes.
    #[must_use]
    pub fn new(
        state: State,
        sender: Sender,
        notices: Notices,
        metrics: ExportMetrics,
        (lease, poll): (Duration, Duration),
        (stopping, abort): (CancellationToken, CancellationToken),
    ) -> Self {
        let retry_after = sender.options.retry_after;
        let has_mail = sender.options.mail.is_some();
        Self {
            outbox: Outbox {
                state,
                lease,
                retry_after,
            },
            // A server that cannot send mail leaves it to the others.
            kinds: DeliveryKind::ALL
                .into_iter()
                .filter(|kind| has_mail || *kind != DeliveryKind::Email)
                .collect(),
            sender: Arc::new(sender),
            notices,
            metrics,
            poll,
            stopping,
            abort,
        }
    }

    /// Makes deliveries until the process stops, and waits for those that run.
    pub async fn run(self) {
        let this = Arc::new(self);
        let mut notices = this.notices.subscribe();
        let mut running = JoinSet::new();
        let mut is_away = false;
        while !this.stopping.is_cancelled() {
            let looked = this.look(&mut running).await;
            if let Err(error) = &looked
                && !is_away
            {
                tracing::error!(%error, "deliveries wait for the state database");
            }
            is_away = looked.is_err();
            let next = Instant::now() + this.poll;
            let wake = async {
                loop {
                    match notices.recv().await {
                        Ok(Notice::Changed(_)) | Err(RecvError::Lagged(_)) => return,
                        Ok(Notice::Queued | Notice::CancelAsked(_)) => {}
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            };
            tokio::select! {
                () = this.stopping.cancelled() => break,
                () = wake => {}
                Some(_) = running.join_next() => {}
                () = sleep_until(next) => continue,
            }
            sleep_until(Instant::now() + LOOK_AFTER).await;
        }
        while running.join_next().await.is_some() {}
    }

    /// Starts as many deliveries as there is room for.
    async fn look(self: &Arc<Self>, running: &mut JoinSet<()>) -> Result<(), StateError> {
        while running.try_join_next().is_some() {}
        while running.len() < AT_ONCE {
            let Some(delivery) = self.outbox.claim(&self.kinds).await? else {
                return Ok(());
            };
            let this = Arc::clone(self);
            running.spawn(async move { this.deliver(delivery).await });
        }
        Ok(())
    }

    async fn deliver(&self, delivery: DeliveryRecord) {
        let outcome = tokio::select! {
            outcome = self.sender.send(&delivery) => outcome,
            () = self.keep(&delivery) => return,
            () = sleep(ATTEMPT_MAX) => Outcome::Retry("It took too long".to_owned()),
            () = self.abort.cancelled() => Outcome::GivenBack,
        };
        loop {
            match self.outbox.end(&delivery, outcome.clone()).await {
                Ok(Some(outcome)) => return self.report(&delivery, &outcome),
                Ok(None) => return,
                Err(error) if self.abort.is_cancelled() => {
                    tracing::error!(delivery = %delivery.id, %error, "the end of a delivery is not recorded");
                    return;
                }
                Err(_) => sleep(RECORD_AGAIN).await,
            }
        }
    }

    /// Renews the lease until it is lost.
    async fn keep(&self, delivery: &DeliveryRecord) {
        let every = self.outbox.lease / 3;
        let mut beats = interval_at(Instant::now() + every, every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            // While the state database is away, no other worker gets the delivery either.
            if matches!(self.outbox.renew(delivery).await, Ok(false)) {
                return;
            }
        }
    }

    fn report(&self, delivery: &DeliveryRecord, outcome: &Outcome) {
        let DeliveryRecord {
            kind,
            export_id,
            schedule_id,
            attempts,
            ..
        } = delivery;
        let (export, to) = (export_id.map(|id| id.to_string()), delivery.public_target());
        let counted = match outcome {
            Outcome::Delivered => DeliveryOutcome::Delivered,
            Outcome::Failed(_) => DeliveryOutcome::Failed,
            Outcome::Cancelled(_) => DeliveryOutcome::Cancelled,
            Outcome::Retry(reason) => {
                tracing::warn!(delivery = %delivery.id, export, kind = kind.word(), to, attempt = attempts, reason, "a delivery is tried again");
                return;
            }
            Outcome::GivenBack => return,
        };
        self.metrics.delivery(*kind, counted);
        match outcome {
            Outcome::Failed(reason) | Outcome::Cancelled(reason) => {
                tracing::warn!(action = Action::ExportDeliveryFailed.name(), caller = CALLER, delivery = %delivery.id, export, schedule = schedule_id, kind = kind.word(), to, attempts, reason);
            }
            Outcome::Delivered | Outcome::Retry(_) | Outcome::GivenBack => {
                tracing::info!(action = Action::ExportDelivered.name(), caller = CALLER, delivery = %delivery.id, export, schedule = schedule_id, kind = kind.word(), to, attempts);
            }
        }
    }
}
