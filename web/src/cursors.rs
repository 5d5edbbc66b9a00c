//! Where the table's pages begin. Keyset paging knows only the way forward; this remembers the way back.

/// The cursors of the pages from the first to the one on show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    after: Vec<String>,
}

impl Cursors {
    /// The cursor after which the page on show begins; `None` for the first page.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.after.last().map(String::as_str)
    }

    /// How many pages lie before the one on show.
    #[must_use]
    pub fn pages_before(&self) -> usize {
        self.after.len()
    }

    /// Goes to the page after the row `cursor`.
    pub fn next(&mut self, cursor: String) {
        self.after.push(cursor);
    }

    /// Goes back one page; on the first one nothing happens.
    pub fn previous(&mut self) {
        self.after.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_the_way_there() {
        let mut cursors = Cursors::default();
        assert_eq!(cursors.current(), None);
        cursors.next("row 50".to_owned());
        cursors.next("row 100".to_owned());
        assert_eq!((cursors.current(), cursors.pages_before()), (Some("row 100"), 2));
        cursors.previous();
        assert_eq!(cursors.current(), Some("row 50"));
        cursors.previous();
        cursors.previous();
        assert_eq!((cursors.current(), cursors.pages_before()), (None, 0));
    }
}
