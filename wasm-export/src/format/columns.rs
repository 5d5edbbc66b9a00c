//! The columns of a file and their headings.

use std::ops::Range;

use crate::options::{HeaderStyle, Options, TimestampStyle};
use crate::rows::{Column, Header, Kind};

/// Why the chosen columns are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// A name is unknown, or that of a hidden column.
    #[error("there is no column `{name}`; there are {known}")]
    Unknown {
        /// The name that is unknown or hidden.
        name: String,
        /// The names that can be chosen.
        known: String,
    },
    /// A column is chosen twice.
    #[error("the column `{name}` is chosen twice; the columns are {known}")]
    Repeated {
        /// The name that comes twice.
        name: String,
        /// The names that can be chosen.
        known: String,
    },
    /// The list of columns is empty.
    #[error("no column is chosen; there are {known}")]
    Empty {
        /// The names that can be chosen.
        known: String,
    },
}

/// Returns the indexes in a row of the file's columns, in the file's order. Hidden columns are never among them.
///
/// # Errors
/// When `columns` is empty, or contains a name that is unknown, hidden or repeated.
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

/// Returns the longest ranges of consecutive positions.
pub(super) fn stretches(positions: &[usize]) -> Vec<Range<usize>> {
    let follow = |left: &usize, right: &usize| *right == *left + 1;
    positions
        .chunk_by(follow)
        .map(|chunk| chunk[0]..chunk[0] + chunk.len())
        .collect()
}

/// Returns the heading of a column. Local times name their zone: `Time (Asia/Shanghai)`.
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
