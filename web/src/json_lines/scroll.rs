//! The rows that are in view.

use std::ops::Range;

/// The greatest height of an element that every browser can lay out, in CSS pixels. Firefox allows 17.8 million.
const HEIGHT_MAX: f64 = 8_000_000.0;

/// A scrolled list of rows of equal height, in CSS pixels. If it is higher than browsers can lay out, scrolling by a pixel
/// passes more than a pixel of rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scroll {
    pub rows: usize,
    pub row_height: f64,
    /// Height of the part of the page that shows rows.
    pub view_height: f64,
}

impl Scroll {
    /// Returns the height of the element that is scrolled.
    pub fn height(self) -> f64 {
        self.full_height().min(HEIGHT_MAX)
    }

    /// Returns the rows in view, whole or in part.
    pub fn visible(self, scroll_top: f64) -> Range<usize> {
        let first = match self.is_scaled() {
            false => (scroll_top / self.row_height).floor(),
            true => (scroll_top / (self.height() - self.view_height) * self.last_first()).round(),
        };
        // The casts of a browser's numbers saturate.
        let first = (first as usize).min(self.rows);
        let count = (self.view_height / self.row_height).ceil() as usize + 1;
        first..self.rows.min(first + count)
    }

    /// Returns the place of the first visible row in the element.
    pub fn offset(self, scroll_top: f64) -> f64 {
        match self.is_scaled() {
            false => self.visible(scroll_top).start as f64 * self.row_height,
            true => scroll_top,
        }
    }

    /// Returns where to scroll to so that this row is the first in view.
    pub fn to_row(self, row: usize) -> f64 {
        let row = row as f64;
        match self.is_scaled() {
            false => row * self.row_height,
            true => row / self.last_first() * (self.height() - self.view_height),
        }
    }

    fn full_height(self) -> f64 {
        self.rows as f64 * self.row_height
    }

    fn is_scaled(self) -> bool {
        self.full_height() > HEIGHT_MAX
    }

    /// Returns the first row in view at the end of the list.
    fn last_first(self) -> f64 {
        self.rows as f64 - (self.view_height / self.row_height).floor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Scroll = Scroll {
        rows: 1_000,
        row_height: 20.0,
        view_height: 100.0,
    };

    const LONG: Scroll = Scroll {
        rows: 10_000_000,
        ..SHORT
    };

    #[test]
    fn a_list_that_fits_scrolls_by_pixels() {
        assert_eq!(SHORT.height(), 20_000.0);
        assert_eq!(SHORT.visible(0.0), 0..6);
        assert_eq!((SHORT.visible(30.0), SHORT.offset(30.0)), (1..7, 20.0));
        assert_eq!(SHORT.visible(19_900.0), 995..1_000);
        assert_eq!(SHORT.visible(1e9), 1_000..1_000);
        assert_eq!(SHORT.to_row(50), 1_000.0);
        let few = Scroll { rows: 2, ..SHORT };
        assert_eq!(few.visible(0.0), 0..2);
    }

    #[test]
    fn a_list_higher_than_browsers_allow_reaches_every_row() {
        assert_eq!(LONG.height(), HEIGHT_MAX);
        let end = LONG.height() - LONG.view_height;
        assert_eq!(LONG.visible(0.0), 0..6);
        assert_eq!(LONG.visible(end), 9_999_995..10_000_000);
        for row in [0, 1, 2, 1_234_567, 9_999_990, 9_999_995] {
            assert_eq!(LONG.visible(LONG.to_row(row)).start, row);
        }
        assert_eq!(LONG.offset(end), end);
    }
}
