//! Looks for alerts every few seconds.

use std::time::Duration;

use api::alerts::{Alert, AlertStatus};
use sqlx::Connection;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Options, measure, record};
use crate::audit::Action;
use crate::exports::deliveries;
use crate::exports::error::ExportError;
use crate::exports::store::ExportStore;
use crate::free_space;
use crate::schedule::CALLER;
use crate::storage::Location;

/// Looks for alerts. Any number of servers may do so.
pub struct AlertWatch {
    pub store: ExportStore,
    /// Where the files are stored.
    pub location: Location,
    pub options: Options,
    /// The time between two looks.
    pub every: Duration,
}

impl AlertWatch {
    /// Looks until the future is dropped. While the state database is away, it reports nothing: `/readyz` shows that.
    pub async fn run(self) {
        let mut ticks = interval_at(Instant::now() + self.every, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "alerts wait for the state database");
            }
        }
    }

    async fn look(&self) -> Result<(), ExportError> {
        let disk = match &self.location {
            Location::Folder(folder) => free_space::used_percent(folder),
            Location::Bucket { .. } => None,
        };
        let alerts = self
            .store
            .run(async |connection| {
                let mut transaction = connection.begin().await?;
                if !record::lock(&mut transaction).await? {
                    return Ok(Vec::new());
                }
                let options = self.store.options();
                let findings = measure::measure(&mut transaction, options, self.options.window, disk).await?;
                let alerts = record::replace(&mut transaction, &findings).await?;
                if let Some(webhook) = &self.options.webhook {
                    deliveries::tell_of_alerts(&mut transaction, &alerts, webhook).await?;
                }
                transaction.commit().await?;
                Ok(alerts)
            })
            .await?;
        alerts.iter().for_each(report);
        Ok(())
    }
}

fn report(alert: &Alert) {
    let Alert {
        kind,
        status,
        message,
        since,
    } = alert;
    let (kind, state) = (kind.word(), status.word());
    match status {
        AlertStatus::Began => tracing::error!(
            action = Action::ExportAlert.name(),
            caller = CALLER,
            kind,
            state,
            reason = message,
            %since
        ),
        AlertStatus::Over => tracing::info!(
            action = Action::ExportAlert.name(),
            caller = CALLER,
            kind,
            state,
            reason = message,
            %since
        ),
    }
}
