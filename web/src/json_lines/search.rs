//! The places of a text in a document.

use std::ops::Range;

/// Limits the memory of a search: four bytes a place.
const MATCHES_MAX: usize = 100_000;

/// The places of a text in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Byte offsets in the document, ascending.
    places: Vec<u32>,
    /// Length of the text in bytes.
    length: usize,
    /// Index of the place that the visitor looks at.
    current: usize,
}

/// A piece of a row with one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub mark: Mark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    None,
    Match,
    Current,
}

impl Matches {
    /// Returns the places of a text, in upper or lower case of ASCII letters. The current one is the first behind `from`.
    pub fn find(document: &str, text: &str, from: usize) -> Self {
        let places = places(document.as_bytes(), text.as_bytes());
        let current = places.partition_point(|place| (*place as usize) < from);
        Self {
            current: if current < places.len() { current } else { 0 },
            places,
            length: text.len(),
        }
    }

    /// Returns the offset of the current place.
    pub fn current(&self) -> Option<usize> {
        self.places.get(self.current).map(|place| *place as usize)
    }

    /// Goes to the next place, or to the one before. The first follows the last.
    pub fn step(&mut self, is_forward: bool) {
        let count = self.places.len();
        if count > 0 {
            let step = if is_forward { 1 } else { count - 1 };
            self.current = (self.current + step) % count;
        }
    }

    /// Returns the number of the current place, from 1, and the number of places; `None` if there is none.
    pub fn position(&self) -> Option<(usize, usize)> {
        (!self.places.is_empty()).then_some((self.current + 1, self.places.len()))
    }

    /// Returns whether the document may have more places.
    pub fn is_cut(&self) -> bool {
        self.places.len() == MATCHES_MAX
    }

    /// Returns a part of the document, cut where a place begins or ends.
    pub(super) fn pieces(&self, document: &str, range: Range<usize>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut push = |range: Range<usize>, mark| {
            if !range.is_empty() {
                let text = document[range].to_owned();
                pieces.push(Piece { text, mark });
            }
        };
        let first = self
            .places
            .partition_point(|place| *place as usize + self.length <= range.start);
        let mut at = range.start;
        for (index, place) in self.places.iter().enumerate().skip(first) {
            let place = *place as usize;
            if place >= range.end {
                break;
            }
            // A place may begin in the row before, and end in the row behind.
            let (begin, end) = (place.max(at), (place + self.length).min(range.end));
            push(at..begin, Mark::None);
            let is_current = index == self.current;
            push(begin..end, if is_current { Mark::Current } else { Mark::Match });
            at = end;
        }
        push(at..range.end, Mark::None);
        pieces
    }
}

/// Returns the offsets of a text; places do not overlap.
fn places(document: &[u8], text: &[u8]) -> Vec<u32> {
    let mut places = Vec::new();
    let Some(first) = text.first().map(u8::to_ascii_lowercase) else {
        return places;
    };
    let mut at = 0;
    while let Some(candidate) = document.get(at..at + text.len()) {
        // The first byte decides for almost all places.
        if candidate[0].to_ascii_lowercase() == first && candidate.eq_ignore_ascii_case(text) {
            places.push(at as u32);
            if places.len() == MATCHES_MAX {
                break;
            }
            at += text.len();
        } else {
            at += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(matches: &Matches, document: &str, range: Range<usize>) -> String {
        let pieces = matches.pieces(document, range).into_iter();
        let text = |piece: Piece| match piece.mark {
            Mark::None => piece.text,
            Mark::Match => format!("[{}]", piece.text),
            Mark::Current => format!("<{}>", piece.text),
        };
        pieces.map(text).collect()
    }

    #[test]
    fn a_text_is_found_in_any_case_and_the_places_are_stepped_through() {
        let document = "Abc abC 中文ABC";
        let mut matches = Matches::find(document, "aBc", 1);
        assert_eq!(matches.position(), Some((2, 3)));
        assert_eq!(
            marked(&matches, document, 0..document.len()),
            "[Abc] <abC> 中文[ABC]"
        );
        matches.step(true);
        assert_eq!(matches.current(), document.find("ABC"));
        matches.step(true);
        assert_eq!(matches.position(), Some((1, 3)));
        matches.step(false);
        assert_eq!(matches.position(), Some((3, 3)));
        assert_eq!(Matches::find(document, "abc", 100).position(), Some((1, 3)));
        assert_eq!(Matches::find(document, "文", 0).current(), document.find('文'));
    }

    #[test]
    fn nothing_is_found_of_no_text_and_of_an_unknown_one() {
        for text in ["", "x", "abcdefgh"] {
            let mut matches = Matches::find("abc", text, 0);
            matches.step(true);
            assert_eq!((matches.position(), matches.current()), (None, None));
            assert_eq!(marked(&matches, "abc", 0..3), "abc");
        }
    }

    #[test]
    fn a_place_may_reach_over_the_end_of_a_row() {
        let matches = Matches::find("xxabcdyy", "abcd", 0);
        let parts = [0..4, 4..5, 5..8].map(|range| marked(&matches, "xxabcdyy", range));
        assert_eq!(parts, ["xx<ab>", "<c>", "<d>yy"]);
    }

    #[test]
    fn places_do_not_overlap_and_their_number_is_bounded() {
        assert_eq!(Matches::find("aaaaa", "aa", 0).position(), Some((1, 2)));
        let many = Matches::find(&"a".repeat(MATCHES_MAX + 5), "a", 0);
        assert_eq!(many.position(), Some((1, MATCHES_MAX)));
        assert!(many.is_cut());
    }
}
