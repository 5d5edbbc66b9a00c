//! The cursors of the table. Keyset pagination only moves forward, so the page remembers the way back.

/// One cursor for each page after the first, up to the page on show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    after: Vec<String>,
}

impl Cursors {
    /// Returns the cursor before the page on show; `None` on the first page.
    pub fn current(&self) -> Option<&str> {
        self.after.last().map(String::as_str)
    }

    pub fn pages_before(&self) -> usize {
        self.after.len()
    }

    /// Moves to the page after the row of `cursor`.
    pub fn next(&mut self, cursor: String) {
        self.after.push(cursor);
    }

    /// Does nothing on the first page.
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
