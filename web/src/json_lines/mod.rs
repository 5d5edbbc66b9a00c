//! A laid-out JSON document as lines that a page folds, wraps, searches and shows a few at a time.
//!
//! - `rows`: the lines that are not folded away, wrapped to the width of the page.
//! - `search`: the places of a text.
//! - `scroll`: the rows that are in view.

mod rows;
mod scroll;
mod search;

pub use rows::{FoldState, Row, rows};
pub use scroll::Scroll;
pub use search::{Mark, Matches, Piece};

use std::collections::BTreeMap;

/// A document as [`Pretty`](wasm_export::pretty::Pretty) lays it out: each block is indented by two spaces, and only the line
/// of its first bracket ends with one.
#[derive(Debug)]
pub struct JsonLines {
    text: String,
    /// Offset of each line.
    starts: Vec<u32>,
}

impl JsonLines {
    pub fn new(text: String) -> Self {
        let behind_line_ends = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            // A document in a browser is smaller than 4 GB.
            .map(|(at, _)| at as u32 + 1);
        let starts = std::iter::once(0).chain(behind_line_ends).collect();
        Self { text, starts }
    }

    /// Returns the lines of a member of a laid-out object, without their indentation; `None` if the object does not end with
    /// this member.
    pub fn last_member(document: &str, name: &str) -> Option<Self> {
        let (_, member) = document.split_once(&format!("\n  \"{name}\": "))?;
        let value = member.strip_suffix("\n}")?;
        // Line ends are between tokens only, and each is followed by the indentation.
        Some(Self::new(value.replace("\n  ", "\n")))
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the number of lines.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Returns the line that contains this offset.
    pub fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start as usize <= offset) - 1
    }

    pub fn line(&self, line: usize) -> &str {
        &self.text[self.start(line)..self.end(line)]
    }

    fn start(&self, line: usize) -> usize {
        self.starts[line] as usize
    }

    /// Returns the offset behind the last character of the line.
    fn end(&self, line: usize) -> usize {
        match self.starts.get(line + 1) {
            Some(next) => *next as usize - 1,
            None => self.text.len(),
        }
    }

    /// Returns whether an array or object with contents begins in this line.
    pub fn opens_block(&self, line: usize) -> bool {
        // A text ends with its quote, so that a bracket at the end is one.
        self.line(line).ends_with(['{', '['])
    }

    /// Returns the line with the last bracket of the block that begins in this line.
    fn block_end(&self, line: usize) -> Option<usize> {
        if !self.opens_block(line) {
            return None;
        }
        let depth = self.indent(line);
        (line + 1..self.count()).find(|later| self.indent(*later) == depth)
    }

    fn indent(&self, line: usize) -> usize {
        let line = self.line(line);
        line.len() - line.trim_start_matches(' ').len()
    }
}

/// The blocks that are folded: the first line of each with its last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds(BTreeMap<usize, usize>);

impl Folds {
    /// Returns folds of all blocks directly within the outermost one.
    pub fn all(lines: &JsonLines) -> Self {
        let mut folds = BTreeMap::new();
        let mut line = 1;
        while line < lines.count() {
            match lines.block_end(line) {
                Some(end) => {
                    folds.insert(line, end);
                    line = end + 1;
                }
                None => line += 1,
            }
        }
        Self(folds)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Folds the block that begins in this line, or unfolds it.
    pub fn toggle(&mut self, lines: &JsonLines, line: usize) {
        if self.0.remove(&line).is_none()
            && let Some(end) = lines.block_end(line)
        {
            self.0.insert(line, end);
        }
    }

    /// Unfolds every block that hides this line.
    pub fn reveal(&mut self, line: usize) {
        self.0.retain(|first, last| !(*first < line && line < *last));
    }

    /// Returns the last line of the block that is folded into this line.
    fn end(&self, line: usize) -> Option<usize> {
        self.0.get(&line).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const DOCUMENT: &str = r#"{
  "a": 1,
  "b": [
    {
      "c": "[",
      "d": {}
    },
    2
  ],
  "e": []
}"#;

    #[test]
    fn lines_are_found_by_number_and_by_offset() {
        let lines = JsonLines::new(DOCUMENT.to_owned());
        assert_eq!(lines.count(), 11);
        assert_eq!((lines.line(0), lines.line(10)), ("{", "}"));
        assert_eq!(lines.line(4), r#"      "c": "[","#);
        let offset = DOCUMENT.find("\"d\"").unwrap();
        assert_eq!(lines.line_at(offset), 5);
        assert_eq!((lines.line_at(0), lines.line_at(1), lines.line_at(2)), (0, 0, 1));
        assert_eq!(lines.line_at(DOCUMENT.len()), 10);
        assert_eq!(JsonLines::new("1".to_owned()).count(), 1);
    }

    #[test]
    fn a_member_is_taken_out_of_its_document() {
        let member = |name| JsonLines::last_member(DOCUMENT, name).map(|lines| lines.text);
        assert_eq!(member("e").as_deref(), Some("[]"));
        assert_eq!(member("f"), None);
        let document = "{\n  \"s\": \"\\n  \\\"b\\\": \",\n  \"b\": {\n    \"b\": [\n      1\n    ]\n  }\n}";
        let lines = JsonLines::last_member(document, "b").unwrap();
        assert_eq!(lines.text(), "{\n  \"b\": [\n    1\n  ]\n}");
    }

    #[test]
    fn a_block_ends_at_its_own_bracket() {
        let lines = JsonLines::new(DOCUMENT.to_owned());
        let ends: Vec<_> = (0..lines.count()).map(|line| lines.block_end(line)).collect();
        let mut expected = vec![None; 11];
        (expected[0], expected[2], expected[3]) = (Some(10), Some(8), Some(6));
        assert_eq!(ends, expected);
    }

    #[test]
    fn blocks_fold_and_unfold_and_a_line_within_is_revealed() {
        let lines = JsonLines::new(DOCUMENT.to_owned());
        let mut folds = Folds::default();
        for line in [2, 3, 1] {
            folds.toggle(&lines, line);
        }
        assert_eq!(folds, Folds(BTreeMap::from([(2, 8), (3, 6)])));
        folds.reveal(7);
        assert_eq!(folds, Folds(BTreeMap::from([(3, 6)])));
        folds.reveal(3);
        folds.reveal(6);
        assert!(!folds.is_empty());
        folds.toggle(&lines, 3);
        assert!(folds.is_empty());
        assert_eq!(Folds::all(&lines), Folds(BTreeMap::from([(2, 8)])));
        assert!(Folds::all(&JsonLines::new("{}".to_owned())).is_empty());
    }
}
