//! PostgreSQL's programs on this machine.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::EmbeddedError;

/// The folder of one PostgreSQL version's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The folder with `initdb`, `postgres`, `psql` and the others.
    pub folder: PathBuf,
    /// As PostgreSQL writes it: `15.18`.
    pub version: String,
}

impl Binaries {
    /// Returns the major version, on which the format of the data depends: `15` of `15.18`.
    #[must_use]
    pub fn major(&self) -> &str {
        self.version
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default()
    }

    /// Returns the path of a program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn of_folder(folder: &Path) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        // `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
        let version = String::from_utf8(output.stdout)
            .ok()?
            .split_whitespace()
            .nth(2)?
            .to_owned();
        Some(Self {
            folder: folder.to_owned(),
            version,
        })
    }
}

/// Returns the programs to use: those in `PG_BIN_DIR` if that is set, or else those of the newest version installed, or else
/// those on the `PATH`.
///
/// # Errors
/// [`EmbeddedError::NoBinaries`] with advice to install them.
pub fn binaries() -> Result<Binaries, EmbeddedError> {
    let folders = program_folders();
    folders
        .iter()
        .find_map(|folder| Binaries::of_folder(folder))
        .ok_or_else(|| none_in(&folders))
}

/// Returns the programs that can run data of the major version `written_by`.
pub(crate) fn binaries_for(written_by: &str, data: &Path) -> Result<Binaries, EmbeddedError> {
    let folders = program_folders();
    let mut installed = Vec::new();
    for found in folders.iter().filter_map(|folder| Binaries::of_folder(folder)) {
        if found.major() == written_by {
            return Ok(found);
        }
        installed.push(found.version);
    }
    if installed.is_empty() {
        return Err(none_in(&folders));
    }
    Err(EmbeddedError::OtherVersion {
        folder: data.to_owned(),
        written_by: written_by.to_owned(),
        found: installed.join(", "),
    })
}

/// Returns the folders where PostgreSQL's programs may be, the preferred one first.
#[must_use]
pub fn program_folders() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os("PG_BIN_DIR").filter(|named| !named.is_empty()) {
        return vec![PathBuf::from(named)];
    }
    let mut folders = versions_in("/usr/lib/postgresql", "");
    folders.extend(versions_in("/usr", "pgsql-"));
    folders.extend(versions_in("/opt/homebrew/opt", "postgresql@"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has Perl wrappers for the client programs in /usr/bin, but none for `postgres`. Its link leads to the folder
    // of the real programs.
    let on_path =
        std::env::split_paths(&path).filter_map(|folder| folder.join("postgres").canonicalize().ok());
    folders.extend(on_path.filter_map(|program| program.parent().map(Path::to_owned)));
    folders
}

/// Returns the `bin` folders of `<parent>/<prefix><major version>`, the highest version first.
fn versions_in(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?,
                entry.path(),
            ))
        })
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(*version));
    versions
        .into_iter()
        .map(|(_, folder)| folder.join("bin"))
        .collect()
}

fn none_in(folders: &[PathBuf]) -> EmbeddedError {
    let mut looked_in: Vec<String> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    if std::env::var_os("PG_BIN_DIR").is_none_or(|named| named.is_empty()) {
        looked_in.extend(["/usr/lib/postgresql/*/bin".to_owned(), "PATH".to_owned()]);
    } else {
        looked_in[0] += " (PG_BIN_DIR)";
    }
    EmbeddedError::NoBinaries {
        looked_in: looked_in.join(", "),
    }
}
