//! The folder of PostgreSQL's socket. Only its owner may enter it; there is no other access control.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::address::PORT;
use super::error::{EmbeddedError, IoContext};

/// The longest path of a Unix socket, without the final NUL.
const SOCKET_PATH_MAX_BYTES: usize = 107;
/// The beginning of a short folder's path. A random number follows, so that no other user can guess it.
const SHORT_PREFIX: &str = "/tmp/decant-";

/// A folder with mode 0700. Dropping it removes a folder in `/tmp`.
#[derive(Debug)]
pub(crate) struct SocketFolder {
    path: PathBuf,
    /// The link to `path`, where that is in `/tmp`.
    link: Option<PathBuf>,
}

impl SocketFolder {
    /// Makes `<folder>/socket`. Where that path [cannot hold a socket](can_hold_socket), it becomes a link to a folder in `/tmp`.
    pub(crate) fn make(folder: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        let wanted = folder.join("socket");
        let making = || format!("make the socket folder {}", wanted.display());
        remove_leftover(&wanted).context(making)?;
        let made = if can_hold_socket(&wanted) {
            Self {
                path: wanted.clone(),
                link: None,
            }
        } else {
            let random = RandomState::new().hash_one(std::process::id());
            let path = PathBuf::from(format!("{SHORT_PREFIX}{random:016x}"));
            symlink(&path, &wanted).context(making)?;
            Self {
                path,
                link: Some(wanted.clone()),
            }
        };
        // This fails if another user has made a folder with that name. The mode applies from the first moment.
        DirBuilder::new().mode(0o700).create(&made.path).context(making)?;
        account.own(&made.path).context(making)?;
        Ok(made)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            let _ = fs::remove_dir_all(&self.path);
            let _ = fs::remove_file(link);
        }
    }
}

/// Returns whether the path is short enough for a socket, and plain enough to stand unquoted in PostgreSQL's list of folders
/// and in an address. The client library takes a comma there as the end of the path, quoted or not.
fn can_hold_socket(folder: &Path) -> bool {
    let socket = folder.join(format!(".s.PGSQL.{PORT}"));
    let bytes = socket.as_os_str().as_bytes();
    bytes.len() <= SOCKET_PATH_MAX_BYTES
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(byte))
}

/// Removes the socket folder of an earlier start, also a folder in `/tmp` that a killed Decant left.
fn remove_leftover(wanted: &Path) -> io::Result<()> {
    let removed = match fs::read_link(wanted) {
        Ok(short) => {
            if short
                .as_os_str()
                .as_bytes()
                .starts_with(OsStr::new(SHORT_PREFIX).as_bytes())
            {
                let _ = fs::remove_dir_all(&short);
            }
            fs::remove_file(wanted)
        }
        Err(_) => fs::remove_dir_all(wanted),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
