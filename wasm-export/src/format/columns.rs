//! Which columns a file has, and what stands above them.

use std::ops::Range;

use crate::options::{HeaderStyle, Options, TimestampStyle};
use crate::rows::{Column, Header, Kind};

/// The options choose columns that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// There is no such column.
    #[error("there is no column `{name}`; there are {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The columns there are.
        known: String,
    },
    /// A column is chosen twice.
    #[error("the column `{name}` is chosen twice; the columns are {known}")]
    Repeated {
        /// Its name.
        name: String,
        /// The columns there are.
        known: String,
    },
    /// The choice is empty.
    #[error("no column is chosen; there are {known}")]
    Empty {
        /// The columns there are.
        known: String,
    },
}

/// Where in a row the columns of the file stand, in the file's order. Hidden columns never do.
///
/// # Errors
/// When `columns` is empty, or names a column that is unknown, hidden or named before.
pub fn chosen_columns(header: &Header, columns: Option<&[String]>) -> Result<Vec<usize>, ColumnError> {
    let shown = || {
        header
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !column.hidden)
    };
    let Some(names) = columns else {
        return Ok(shown().map(|(position, _)| position).collect());
    };
    let known = || {
        shown()
            .map(|(_, column)| format!("`{}`", column.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut chosen = Vec::with_capacity(names.len());
    for name in names {
        let Some((position, _)) = shown().find(|(_, column)| column.name == *name) else {
            return Err(ColumnError::Unknown {
                name: name.clone(),
                known: known(),
            });
        };
        if chosen.contains(&position) {
            return Err(ColumnError::Repeated {
                name: name.clone(),
                known: known(),
            });
        }
        chosen.push(position);
    }
    if chosen.is_empty() {
        Err(ColumnError::Empty { known: known() })
    } else {
        Ok(chosen)
    }
}

/// The longest stretches of positions that follow each other.
pub(super) fn stretches(positions: &[usize]) -> Vec<Range<usize>> {
    let follow = |left: &usize, right: &usize| *right == *left + 1;
    positions
        .chunk_by(follow)
        .map(|chunk| chunk[0]..chunk[0] + chunk.len())
        .collect()
}

/// What stands above a column. Times on the wall of a zone name the zone: `Time (Asia/Shanghai)`.
#[must_use]
pub fn heading(column: &Column, options: &Options) -> String {
    if options.header == HeaderStyle::Name {
        return column.name.clone();
    }
    let label = column.label_in(options.language.as_deref());
    if column.kind == Kind::Timestamp && options.timestamps == TimestampStyle::Local {
        format!("{label} ({})", options.zone)
    } else {
        label.to_owned()
    }
}
