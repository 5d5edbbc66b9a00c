//! The dump that a restore reads.

use web_sys::File;

#[derive(Clone, Debug)]
pub enum RestoreSource {
    /// A file on the visitor's disk. The page uploads it.
    File(File),
    /// The name of a backup in the server's storage.
    Backup(String),
}

impl RestoreSource {
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Backup(name) => name.clone(),
        }
    }
}
