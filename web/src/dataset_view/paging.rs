//! The pages of the table.

use leptos::prelude::*;

use super::DatasetView;
use crate::cursors::Cursors;

impl DatasetView {
    pub fn to_first_page(self) {
        self.open_row.set(None);
        self.cursors.set(Cursors::default());
    }

    pub fn to_previous_page(self) {
        self.open_row.set(None);
        self.cursors.update(Cursors::previous);
    }

    pub fn to_next_page(self) {
        let next = self.page.with(|page| {
            let page = page?;
            Some((page.next.clone()?, page.rows.len()))
        });
        if let Some((cursor, rows)) = next {
            self.open_row.set(None);
            self.cursors.update(|cursors| cursors.next(cursor, rows));
        }
    }
}
