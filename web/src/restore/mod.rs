//! The restore of a dump: the visitor chooses a file or a backup, the page checks and uploads it and follows
//! the restore.
//!
//! | module | contents |
//! |---|---|
//! | [`events`] | the events of a running restore |
//! | [`side_databases`] | databases that restores have left beside the live one |
//! | `source` | the dump: a file or a backup |
//! | `chosen_file` | a chosen file, which a worker checks before the upload |
//! | `upload` | the request and its streamed answer |
//! | `run` | the visitor's restore, one for the whole page |

pub mod events;
pub mod side_databases;

#[cfg(target_arch = "wasm32")]
pub(crate) mod chosen_file;
#[cfg(target_arch = "wasm32")]
pub(crate) mod run;
#[cfg(target_arch = "wasm32")]
pub(crate) mod source;
#[cfg(target_arch = "wasm32")]
mod upload;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    pub mode: RestoreMode,
    /// Restores no rows of `message_request`.
    pub skip_logs: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestoreMode {
    /// The dump replaces all data.
    #[default]
    Replace,
    /// The rows of the database stay; missing ones are inserted from the dump.
    Merge,
}

impl RestoreMode {
    /// In the order of the page.
    pub const ALL: &[Self] = &[Self::Replace, Self::Merge];

    /// Returns the name in test ids.
    pub fn word(self) -> &'static str {
        match self {
            Self::Replace => "clean",
            Self::Merge => "merge",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Replace => "Replace the database",
            Self::Merge => "Merge missing rows",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Replace => {
                "The dump replaces all data. The current database is kept as a previous database, to which you can roll \
                 back at any time. The switch interrupts running exports."
            }
            Self::Merge => {
                "Rows that are missing in the database are inserted. Existing rows stay unchanged, even if the dump has \
                 other values; these conflicts are counted. The only way back is the safety dump."
            }
        }
    }
}
