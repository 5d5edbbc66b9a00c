//! SIGINT (Ctrl-C) and SIGTERM during a command: it stops early, and still cleans up.

use std::error::Error;
use std::process::exit;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::outcome::Outcome;

/// Shells return 128 plus the signal's number for a program that a signal has ended. SIGINT is 2.
pub const EXIT_CODE: u8 = 128 + 2;

/// A command that a signal has stopped.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Interrupted(String);

/// Returns a token that the first signal cancels. A second signal ends the program at once.
///
/// # Errors
/// The error of the system that refuses to register a handler.
pub fn cancelled_by_signal() -> std::io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        cancelled.cancel();
        either(&mut interrupt, &mut terminate).await;
        exit(EXIT_CODE.into());
    });
    Ok(stop)
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Replaces the error of a command that was stopped: it failed because of the signal, whatever the error is.
pub fn or_interrupted(stop: &CancellationToken, outcome: Outcome) -> Outcome {
    outcome.map_err(|error| match stop.is_cancelled() {
        true => Interrupted("stopped before the end".to_owned()).into(),
        false => error,
    })
}

/// Returns the error of a command whose message names the consequences of a stop.
pub fn failure(stop: &CancellationToken, message: String) -> Box<dyn Error> {
    match stop.is_cancelled() {
        true => Interrupted(message).into(),
        false => message.into(),
    }
}
