//! The operating-system user that PostgreSQL runs as: the user of this process, unless that is root.

use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use nix::unistd::{Uid, User, geteuid};

use super::environment::program_environment;
use super::error::EmbeddedError;
use super::parent::end_with_parent;

/// The user that runs PostgreSQL's programs.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// The user of this process.
    Own,
    /// Another user, because PostgreSQL refuses to run as root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Returns the user of this process. For root it returns the owner of existing data, or else `postgres` or `nobody`.
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

    /// Makes the account the owner of a folder.
    pub(crate) fn own(&self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => chown(folder, Some(*uid), Some(*gid)),
        }
    }

    /// Returns a command that runs a PostgreSQL program as this account. The program ends when the thread that spawns it
    /// ends, and sees none of Decant's settings in its environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(program_environment());
        // Ctrl-C at the terminal goes to a process group. Decant handles it alone, because streams must end first.
        command.env("LC_ALL", "C").current_dir("/").process_group(0);
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        end_with_parent(&mut command, Signal::SIGINT);
        command
    }

    /// Checks that the account may enter `folder` and run `program`.
    ///
    /// # Errors
    /// [`EmbeddedError::Unreachable`] with the folder that is closed to it.
    pub(crate) fn check_access(&self, program: &Path, folder: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { name, uid, gid } = self else {
            return Ok(());
        };
        // Only the kernel knows about access lists, so the check enters the folder as the account.
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

/// Returns the outermost folder above `wanted` that its permissions close to this user.
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
