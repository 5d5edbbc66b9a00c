//! Why something is refused.

use api::exports::ExportType;

use super::right::Right;

/// A row of permissions refuses what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an administrator does not let you {} `{name}` ({}) as {format}{}", right.words(), kind.word(), advice(*.of_raw_rows))]
pub struct NotPermitted {
    pub right: Right,
    pub kind: ExportType,
    /// A dataset, or a bundle.
    pub name: String,
    pub format: String,
    /// Raw rows were asked for, of which a file of any format can be made.
    pub of_raw_rows: bool,
}

fn advice(of_raw_rows: bool) -> &'static str {
    match of_raw_rows {
        true => {
            ". Raw rows can be made into a file of any format, so they need the right to each; ask for a file of a format that you may \
             export"
        }
        false => "",
    }
}

/// A selection has more rows than the caller may export at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the selection has {rows} rows, and you may export at most {max} at once; narrow it with filters or `limit`"
)]
pub struct TooManyRows {
    pub rows: u64,
    pub max: u64,
}

impl TooManyRows {
    /// Compares a number of rows with the greatest one.
    ///
    /// # Errors
    /// [`TooManyRows`]
    pub fn check(rows: u64, max: u64) -> Result<(), Self> {
        match rows > max {
            true => Err(Self { rows, max }),
            false => Ok(()),
        }
    }
}
