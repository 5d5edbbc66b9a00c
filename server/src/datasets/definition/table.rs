//! The columns that the page's table shows at first. Files have all default columns.

use std::ops::RangeInclusive;

use api::datasets::{ColumnRole, TableColumn};

use super::{Column, Definition};

/// The number of columns of a table whose definition chooses none.
const COLUMNS_MAX: usize = 8;

/// The widths in pixels that a column may have.
const WIDTHS: RangeInclusive<u16> = 40..=800;

impl Column {
    pub(super) fn check_table(&self) -> Result<(), String> {
        let name = &self.name;
        match self.width {
            Some(width) if !WIDTHS.contains(&width) => Err(format!(
                "the `width` of the column `{name}` is {width}; it is a number of pixels from {} to {}",
                WIDTHS.start(),
                WIDTHS.end()
            )),
            _ if self.table == Some(true) && (self.hidden || self.secret || self.system) => Err(format!(
                "the column `{name}` is hidden, secret or of the system, so `table` cannot be true"
            )),
            _ => Ok(()),
        }
    }

    fn is_always_in_files(&self) -> bool {
        !self.hidden && !self.secret && !self.system && self.when.is_none()
    }
}

impl Definition {
    /// Returns the columns of the table: the time and the status first, then the others in the order of the file.
    ///
    /// They are the columns with `table = true`. Where none has it, they are the columns of every file but those with
    /// `table = false`, and where none has the key, the first eight of them. A caller who sees only their own rows is not shown
    /// whose they are.
    #[must_use]
    pub fn table(&self, sees_all_rows: bool) -> Vec<TableColumn> {
        let any = |wanted: Option<bool>| self.columns.iter().any(|column| column.table == wanted);
        let (has_chosen, has_left_out) = (any(Some(true)), any(Some(false)));
        let is_shown = |column: &&Column| match has_chosen {
            true => column.table == Some(true),
            false => column.table != Some(false) && column.is_always_in_files(),
        };
        let is_for_caller = |column: &&Column| sees_all_rows || column.role != Some(ColumnRole::Owner);
        let columns_max = match has_chosen || has_left_out {
            true => usize::MAX,
            false => COLUMNS_MAX,
        };
        let columns = self.columns.iter().filter(is_shown).filter(is_for_caller);
        let mut columns: Vec<&Column> = columns.take(columns_max).collect();
        columns.sort_by_key(|column| match column.role {
            Some(ColumnRole::Time) => 0,
            Some(ColumnRole::Status) => 1,
            _ => 2,
        });
        let shown = columns.into_iter().map(|column| TableColumn {
            name: column.name.clone(),
            width: column.width,
            role: column.role,
            tones: column.tones.clone(),
        });
        shown.collect()
    }
}
