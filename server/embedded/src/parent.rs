//! Processes that end with this one, also when this one is killed.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::Signal;
use nix::unistd::{getpid, getppid};

/// Makes a program get this signal when the thread that spawns it ends, which it does at the latest with this process. On
/// other systems than Linux nothing changes.
#[expect(
    unsafe_code,
    reason = "a signal at the death of the parent can be requested between fork and exec only"
)]
#[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
pub fn end_with_parent(command: &mut Command, signal: Signal) {
    let parent = getpid();
    // SAFETY: the closure makes system calls only, all of which are async-signal-safe, and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            // The standard library has changed the user before this, which would have cleared the setting.
            #[cfg(target_os = "linux")]
            nix::sys::prctl::set_pdeathsig(signal)?;
            // If the parent died before that line, the signal never comes.
            if getppid() == parent {
                Ok(())
            } else {
                Err(io::Error::from_raw_os_error(nix::libc::ESRCH))
            }
        });
    }
}
