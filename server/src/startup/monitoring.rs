//! The metrics that only a server has.

use std::sync::Arc;

use crate::database::Database;
use crate::metrics::{Collectors, asked_gauge};
use crate::shares::Shares;

/// Returns the metrics of a server beside those of its workers.
pub fn of_server(database: &Database, export_shares: &Arc<Shares>) -> Collectors {
    let shares = Arc::clone(export_shares);
    let direct = asked_gauge(
        "decant_direct_exports_running",
        "Exports that requests to this process make now, with those that wait for a connection to the database.",
        move || shares.in_use(),
    );
    vec![Box::new(database.lock_metric.clone()), Box::new(direct)]
}
