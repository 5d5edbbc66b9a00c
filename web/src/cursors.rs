//! The pages of the table. Keyset pagination only moves forward, so the page remembers the way back.

/// The start of a page after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageStart {
    /// The cursor of the last row of the page before.
    pub after: String,
    /// The number of rows on all pages before.
    pub rows_before: u64,
}

impl PageStart {
    /// Reads the notation of [`Self::in_address`]. Without a number the place is not known, and counts as 0.
    pub fn parse(text: &str) -> Self {
        // No cursor contains a point.
        let (after, rows_before) = text.split_once('.').unwrap_or((text, ""));
        Self {
            after: after.to_owned(),
            rows_before: rows_before.parse().unwrap_or(0),
        }
    }

    /// `MjAyNi0wMS0yOA.50`: the cursor and the number of rows before.
    pub fn in_address(&self) -> String {
        format!("{}.{}", self.after, self.rows_before)
    }
}

/// The starts of the visited pages, and the page on show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursors {
    starts: Vec<PageStart>,
    /// 0 is the first page, 1 the page of the first start.
    at: usize,
    /// Whether the page of the first start follows the first page. It does not after a link to a later page.
    is_complete: bool,
}

impl Default for Cursors {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Cursors {
    /// `start` is that of the page on show; `None`: the first page.
    pub fn new(start: Option<PageStart>) -> Self {
        let starts = Vec::from_iter(start);
        Self {
            at: starts.len(),
            is_complete: starts.is_empty(),
            starts,
        }
    }

    /// Returns the start of the page on show; `None` on the first page.
    pub fn current(&self) -> Option<&PageStart> {
        self.at.checked_sub(1).map(|at| &self.starts[at])
    }

    /// Returns the number of rows on all pages before.
    pub fn rows_before(&self) -> u64 {
        self.current().map_or(0, |start| start.rows_before)
    }

    pub fn is_first(&self) -> bool {
        self.at == 0
    }

    /// Returns whether the page before is known.
    pub fn has_previous(&self) -> bool {
        self.at > 1 || (self.at == 1 && self.is_complete)
    }

    /// Moves to the page after this cursor, if `rows` is the number of rows on the page on show.
    pub fn next(&mut self, after: String, rows: usize) {
        let rows_before = self.rows_before() + rows as u64;
        self.starts.truncate(self.at);
        self.is_complete |= self.at == 0;
        self.starts.push(PageStart { after, rows_before });
        self.at += 1;
    }

    /// Does nothing if the page before is not known.
    pub fn previous(&mut self) {
        if self.has_previous() {
            self.at -= 1;
        }
    }

    pub fn first(&mut self) {
        self.at = 0;
    }

    /// Moves to the page that an address names. The way back stays known if the page has been visited.
    pub fn go_to(&mut self, start: Option<PageStart>) {
        let Some(start) = start else { return self.first() };
        match self.starts.iter().position(|known| known.after == start.after) {
            Some(at) => self.at = at + 1,
            None => *self = Self::new(Some(start)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(after: &str, rows_before: u64) -> PageStart {
        PageStart {
            after: after.to_owned(),
            rows_before,
        }
    }

    #[test]
    fn the_way_back_is_the_way_there() {
        let mut cursors = Cursors::default();
        assert_eq!(cursors.current(), None);
        cursors.next("row 50".to_owned(), 50);
        cursors.next("row 100".to_owned(), 50);
        assert_eq!(cursors.current(), Some(&start("row 100", 100)));
        cursors.previous();
        assert_eq!(cursors.current(), Some(&start("row 50", 50)));
        assert!(cursors.has_previous());
        cursors.previous();
        cursors.previous();
        assert!(cursors.is_first() && !cursors.has_previous());
    }

    #[test]
    fn an_address_leads_to_a_visited_page_or_to_one_without_a_way_back() {
        let mut cursors = Cursors::default();
        cursors.next("a".to_owned(), 25);
        cursors.next("b".to_owned(), 25);
        cursors.go_to(Some(start("a", 25)));
        assert!(cursors.has_previous());
        cursors.go_to(Some(start("b", 50)));
        assert!(cursors.has_previous());
        cursors.go_to(None);
        assert!(cursors.is_first());

        cursors.go_to(Some(start("z", 500)));
        assert_eq!((cursors.rows_before(), cursors.has_previous()), (500, false));
        cursors.next("zz".to_owned(), 25);
        cursors.previous();
        assert!(!cursors.has_previous());
        cursors.first();
        cursors.next("a".to_owned(), 25);
        assert!(cursors.has_previous());
    }

    #[test]
    fn a_start_in_an_address_comes_back() {
        for one in [start("MjAyNi0wMS0yOA", 50), start("~MjAy", 0)] {
            assert_eq!(PageStart::parse(&one.in_address()), one);
        }
        assert_eq!(PageStart::parse("MjAy"), start("MjAy", 0));
    }
}
