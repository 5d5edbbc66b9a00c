//! Restores and the databases that they leave as text.

use api::restore::{RestoreMode, SideDatabaseRole};

pub fn mode_title(mode: RestoreMode) -> &'static str {
    match mode {
        RestoreMode::Clean => "Replace the database",
        RestoreMode::Merge => "Merge missing rows",
    }
}

pub fn mode_description(mode: RestoreMode) -> &'static str {
    match mode {
        RestoreMode::Clean => {
            "The dump replaces all data. The current database is kept as a previous database, to which you can \
             roll back at any time. The switch interrupts running exports."
        }
        RestoreMode::Merge => {
            "Rows that are missing in the database are inserted. Existing rows stay unchanged, even if the dump has \
             other values; these conflicts are counted. The only way back is the safety dump."
        }
    }
}

pub fn side_database(role: SideDatabaseRole) -> &'static str {
    match role {
        SideDatabaseRole::Staging => "staging database of a running or interrupted restore",
        SideDatabaseRole::Previous => "replaced by a restore",
        SideDatabaseRole::RolledBack => "replaced by a roll-back",
    }
}
