//! Processes that stop for a while, as on a machine that is suspended.

use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Stops the process by SIGSTOP: its connections stay open, and it answers nothing until [`go_on`].
pub fn stop(process: &Child) {
    signal(process, Signal::SIGSTOP);
}

/// Lets a process that [`stop`] has stopped run on, by SIGCONT.
pub fn go_on(process: &Child) {
    signal(process, Signal::SIGCONT);
}

fn signal(process: &Child, signal: Signal) {
    kill(Pid::from_raw(process.id().cast_signed()), signal).expect("the process runs");
}
