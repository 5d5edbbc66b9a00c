//! The rows that a visitor has ticked, by the values of one column.

use std::collections::BTreeSet;

use api::datasets::Dataset;

use crate::dataset::column_names;
use crate::filter_chip::joined;

/// The most values that a filter takes.
pub const TICKS_MAX: usize = 10_000;

/// The filter that asks for ticked rows, and the column whose values it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickFilter {
    pub filter: String,
    pub column: String,
}

impl TickFilter {
    /// Returns `None` for a dataset whose rows have no tick boxes.
    pub fn of_dataset(dataset: &Dataset) -> Option<Self> {
        dataset.filters.iter().find_map(|filter| {
            let column = filter.ticks.as_ref()?;
            let is_shown = column_names(dataset).any(|name| name == column);
            is_shown.then(|| Self {
                filter: filter.name.clone(),
                column: column.clone(),
            })
        })
    }
}

/// How many rows of a page are ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickedRows {
    None,
    Some,
    All,
}

/// Stay while the visitor turns pages, reloads the rows or changes the filters, until they are cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticks(BTreeSet<String>);

impl Ticks {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    pub fn set(&mut self, id: &str, is_ticked: bool) {
        match is_ticked {
            true => _ = self.0.insert(id.to_owned()),
            false => _ = self.0.remove(id),
        }
    }

    /// Returns how many of these rows are ticked. Without rows, none is.
    pub fn of(&self, ids: &[String]) -> TickedRows {
        match ids.iter().filter(|id| self.has(id)).count() {
            0 => TickedRows::None,
            ticked if ticked == ids.len() => TickedRows::All,
            _ => TickedRows::Some,
        }
    }

    /// Returns the value of the filter, as the address has it.
    pub fn value(&self) -> String {
        joined(&self.0.iter().cloned().collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::sample;
    use crate::selection::Selection;

    #[test]
    fn rows_have_tick_boxes_if_a_filter_declares_a_shown_column() {
        let mut dataset = sample();
        assert_eq!(TickFilter::of_dataset(&dataset), None);
        dataset.filters[2].ticks = Some("id".to_owned());
        assert_eq!(TickFilter::of_dataset(&dataset), None, "the column is hidden");
        dataset.filters[2].ticks = Some("user".to_owned());
        let filter = TickFilter::of_dataset(&dataset).unwrap();
        assert_eq!((&*filter.filter, &*filter.column), ("model", "user"));
    }

    #[test]
    fn ticks_of_a_page_are_counted_and_become_the_values_of_a_filter() {
        let page = ["a", "b,c"].map(str::to_owned);
        let mut ticks = Ticks::default();
        assert_eq!(ticks.of(&page), TickedRows::None);
        assert_eq!(ticks.of(&[]), TickedRows::None);
        ticks.set("b,c", true);
        assert_eq!(ticks.of(&page), TickedRows::Some);
        let mut selection = Selection::default();
        selection.filters.insert("ids".to_owned(), ticks.value());
        assert_eq!(selection.query(), "ids=b%2Cc&ids=b%2Cc");
        ticks.set("a", true);
        assert_eq!(ticks.of(&page), TickedRows::All);
        selection.filters.insert("ids".to_owned(), ticks.value());
        assert_eq!(selection.query(), "ids=a&ids=b%2Cc");
        ticks.set("a", false);
        assert_eq!((ticks.len(), ticks.has("a")), (1, false));
    }
}
