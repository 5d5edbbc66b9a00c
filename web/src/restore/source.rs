//! The dump that a restore reads.

use web_sys::File;

#[derive(Clone, Debug)]
pub enum RestoreSource {
    File(File),
    Backup {
        name: String,
        /// Restores it although its manifest is not authentic or it is not encrypted.
        unverified: bool,
    },
}

impl RestoreSource {
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Backup { name, .. } => name.clone(),
        }
    }
}
