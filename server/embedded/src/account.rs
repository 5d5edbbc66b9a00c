//! The operating-system user that PostgreSQL runs as: ourselves, unless we are root.

use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use nix::unistd::{Uid, User, geteuid, getpid, getppid};

use super::EmbeddedError;

/// Who runs PostgreSQL's programs.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// The user who runs Decant.
    Own,
    /// Another one, since PostgreSQL refuses to run as root.
    Other {
        /// For people.
        name: String,
        uid: u32,
        gid: u32,
    },
}

impl Account {
    /// Ourselves; for root the owner of the data if there is any already, else `postgres`, else `nobody`.
    pub(crate) fn choose(data: &Path) -> Result<Self, EmbeddedError> {
        if !geteuid().is_root() {
            return Ok(Self::Own);
        }
        if let Ok(owned) = std::fs::metadata(data)
            && owned.uid() != 0
        {
            let user = User::from_uid(Uid::from_raw(owned.uid())).ok().flatten();
            let name = user.map_or_else(|| owned.uid().to_string(), |user| user.name);
            return Ok(Self::Other {
                name,
                uid: owned.uid(),
                gid: owned.gid(),
            });
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::Other {
                name: user.name,
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            })
            .ok_or(EmbeddedError::NoAccount)
    }

    /// Gives the account a folder that we made.
    pub(crate) fn own(&self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => chown(folder, Some(*uid), Some(*gid)),
        }
    }

    /// A PostgreSQL program run by this account. It ends when the thread that spawns it ends, is out of reach of the
    /// terminal's Ctrl-C (which is ours to handle: streams end first), and sees none of our `PG…` variables.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").current_dir("/").process_group(0);
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        end_with_us(&mut command);
        command
    }

    /// Fails with a clear error if the account may not enter `folder` or not run `program`.
    pub(crate) fn check_reach(&self, program: &Path, folder: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { name, uid, gid } = self else {
            return Ok(());
        };
        // Asked of the kernel, since only it knows about access lists: the folder is entered as the account.
        let outcome = self
            .command(program)
            .arg("--version")
            .current_dir(folder)
            .output();
        let Err(source) = outcome else { return Ok(()) };
        let shut = |wanted: &Path| blocked_by(wanted, *uid, *gid).map(|folder| (folder, wanted.to_owned()));
        match shut(folder).or_else(|| shut(program)) {
            Some((blocked_by, wanted)) => Err(EmbeddedError::Unreachable {
                account: name.clone(),
                blocked_by,
                wanted,
            }),
            None => Err(EmbeddedError::Io {
                doing: format!("run {} as `{name}` in {}", program.display(), folder.display()),
                source,
            }),
        }
    }
}

/// The outermost folder above `wanted` that its permissions close to this user.
fn blocked_by(wanted: &Path, uid: u32, gid: u32) -> Option<PathBuf> {
    let mut above: Vec<&Path> = wanted.ancestors().skip(1).collect();
    above.reverse();
    let closed = above.into_iter().find(|folder| {
        std::fs::metadata(folder).is_ok_and(|folder| {
            let enter = match () {
                () if folder.uid() == uid => 0o100,
                () if folder.gid() == gid => 0o010,
                () => 0o001,
            };
            folder.mode() & enter == 0
        })
    });
    closed.map(Path::to_owned)
}

#[expect(
    unsafe_code,
    reason = "asking for a signal at our own death is only possible between fork and exec"
)]
fn end_with_us(command: &mut Command) {
    let us = getpid();
    // SAFETY: the closure makes system calls only, all of which are async-signal-safe, and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            // After the user was changed, which would have cleared it.
            #[cfg(target_os = "linux")]
            nix::sys::prctl::set_pdeathsig(Signal::SIGINT)?;
            // If we died before that line, the signal will never come.
            if getppid() == us {
                Ok(())
            } else {
                Err(io::Error::from_raw_os_error(nix::libc::ESRCH))
            }
        });
    }
}
