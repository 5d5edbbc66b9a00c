//! SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed terminal) during a command: it stops early, and still cleans up.

use std::error::Error;
use std::fs;
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

/// Returns a token that the first of SIGINT, SIGTERM and SIGHUP cancels. SIGHUP counts unless this process was started with it
/// ignored, as by `nohup`. A second SIGINT or SIGTERM ends the program at once. A second SIGHUP does not: the kernel and the
/// shell of a closed terminal each send one.
///
/// # Errors
/// The error of the system that refuses to register a handler.
pub fn cancelled_by_signal() -> std::io::Result<CancellationToken> {
    let hangup = SignalKind::hangup();
    let hangups = match is_ignored(hangup) {
        true => None,
        false => Some(signal(hangup)?),
    };
    cancelled_by(hangups)
}

/// As [`cancelled_by_signal`] without SIGHUP, at which `decant serve` reads the definitions of datasets again.
///
/// # Errors
/// The error of the system that refuses to register a handler.
pub fn cancelled_by_stop_signal() -> std::io::Result<CancellationToken> {
    cancelled_by(None)
}

fn cancelled_by(hangups: Option<Signal>) -> std::io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = either(&mut interrupt, &mut terminate) => {}
            () = received(hangups) => {}
        }
        cancelled.cancel();
        either(&mut interrupt, &mut terminate).await;
        exit(EXIT_CODE.into());
    });
    Ok(stop)
}

/// Returns whether this process ignores the signal. tokio's handler would replace that.
fn is_ignored(signal: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Bit 0 is signal 1 (proc_pid_status(5)).
    mask.is_some_and(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
}

/// Waits for the signal, for ever without one.
async fn received(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
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
