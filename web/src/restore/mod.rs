//! A dump on its way back into the database: chosen, looked into, sent, restored.
//!
//! | module | what |
//! |---|---|
//! | [`told`] | what a restore tells of itself in them |
//! | [`copies`] | the databases that restores have left beside the live one |
//! | `chosen` | the file that the visitor has chosen, looked into by a worker |
//! | `upload` | the file on its way, and the answer as it comes |
//! | `run` | the visitor's restore, for the whole page |

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

/// What is to become of a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    /// What becomes of the data that are there.
    pub mode: RestoreMode,
    /// Leave out the rows of the log.
    pub skip_logs: bool,
}

/// What becomes of the data that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestoreMode {
    /// The dump takes their place.
    #[default]
    Replace,
    /// They stay, and what is missing comes from the dump.
    Merge,
}

impl RestoreMode {
    /// Both, in the order of the page.
    pub const ALL: &[Self] = &[Self::Replace, Self::Merge];

    /// The word for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Replace => "clean",
            Self::Merge => "merge",
        }
    }

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Replace => "Replace the database",
            Self::Merge => "Add what is missing",
        }
    }

    /// What it does.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Replace => {
                "The dump takes the place of everything there is. The database as it is now is kept beside it, and can be \
                 put back at any time. Running exports are broken off when the two change places."
            }
            Self::Merge => {
                "What is in the dump and not in the database is inserted. Rows that are there stay as they are, even \
                 where the dump has them otherwise; those are counted. There is no way back but the safety dump."
            }
        }
    }
}
