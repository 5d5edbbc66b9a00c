//! `decant work`.

use super::interrupt::cancelled_by_stop_signal;
use super::outcome::Outcome;
use super::standard_streams::print;
use crate::config::Settings;
use crate::startup::WorkProcess;
use crate::telemetry;

/// Makes background exports until SIGINT or SIGTERM.
pub async fn run(settings: Settings) -> Outcome {
    telemetry::start_log(&settings.log)?;
    // Before anything is started, so that a signal during the start is not lost.
    let stop = cancelled_by_stop_signal()?;
    let process = tokio::select! {
        process = WorkProcess::build(settings) => process?,
        () = stop.cancelled() => return Ok(()),
    };
    match process.address() {
        None => print("Decant waits for background exports")?,
        Some(address) => print(format_args!(
            "Decant waits for background exports; health and metrics are at http://{address}"
        ))?,
    }
    process.run_until_stopped(stop.cancelled()).await;
    Ok(())
}
