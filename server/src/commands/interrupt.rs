//! Ctrl-C, and SIGTERM, while a command works: it ends early, but not without clearing up.

use std::error::Error;
use std::process::exit;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Outcome;

/// What a shell calls the end by SIGINT, and so do we.
pub const EXIT_CODE: u8 = 128 + 2;

/// A command that was told to stop, and what that means.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Interrupted(String);

/// Cancelled by the first signal to stop. A second one ends the program at once.
///
/// # Errors
/// The system gives no signals.
pub fn told_to_stop() -> std::io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        told.cancel();
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

/// Work that makes a file, and failed because it was told to stop, has no other reason to tell.
pub fn unless_stopped(stop: &CancellationToken, outcome: Outcome) -> Outcome {
    outcome.map_err(|error| match stop.is_cancelled() {
        true => Interrupted("stopped before the end".to_owned()).into(),
        false => error,
    })
}

/// Work that failed with a text that says what stopping it means.
pub fn failed(stop: &CancellationToken, said: String) -> Box<dyn Error> {
    match stop.is_cancelled() {
        true => Interrupted(said).into(),
        false => said.into(),
    }
}
