//! The rows of a document on the screen.

use super::{Folds, JsonLines, Matches, Piece};

/// A row on the screen: a line, or a part of a line that is longer than the screen is wide.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub line: usize,
    /// Whether the line begins here.
    pub is_first: bool,
    pub fold: FoldState,
    pub pieces: Vec<Piece>,
}

/// Whether a block begins in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldState {
    NoBlock,
    Open,
    Folded { hidden_lines: usize },
}

/// Returns the offsets of all rows that are at most `columns` wide and not folded away.
pub fn rows(lines: &JsonLines, folds: &Folds, columns: usize) -> Vec<u32> {
    let mut rows = Vec::with_capacity(lines.count());
    let mut line = 0;
    while line < lines.count() {
        let start = lines.start(line);
        rows.push(start as u32);
        let breaks = breaks(lines.line(line), columns.max(1));
        rows.extend(breaks.map(|at| (start + at) as u32));
        line = folds.end(line).unwrap_or(line + 1);
    }
    rows
}

/// Returns the offsets at which a line continues in another row.
fn breaks(line: &str, columns: usize) -> impl Iterator<Item = usize> {
    // No character is wider than its number of bytes, so that a short line is not looked at.
    let characters = if line.len() <= columns { "" } else { line };
    let mut width = 0;
    characters.char_indices().filter_map(move |(at, character)| {
        let wide = columns_of(character);
        let is_break = width + wide > columns && width > 0;
        width = if is_break { wide } else { width + wide };
        is_break.then_some(at)
    })
}

/// Returns the columns of a character: about, because fonts differ. Too many only leave room.
fn columns_of(character: char) -> usize {
    match character {
        '\0'..'\u{1100}' => 1,
        _ => 2,
    }
}

impl Row {
    /// Returns the row that begins at this offset; `next` is that of the row behind it.
    pub fn new(lines: &JsonLines, folds: &Folds, matches: &Matches, start: u32, next: Option<u32>) -> Self {
        let start = start as usize;
        let line = lines.line_at(start);
        let line_end = lines.end(line);
        let end = next.map_or(line_end, |next| line_end.min(next as usize));
        let is_first = lines.start(line) == start;
        let fold = match folds.end(line) {
            _ if !is_first || !lines.opens_block(line) => FoldState::NoBlock,
            None => FoldState::Open,
            Some(last) => FoldState::Folded {
                hidden_lines: last - line - 1,
            },
        };
        Self {
            line,
            is_first,
            fold,
            pieces: matches.pieces(lines.text(), start..end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::DOCUMENT;
    use super::*;

    fn texts(document: &str, folded: &[usize], columns: usize) -> Vec<String> {
        let lines = JsonLines::new(document.to_owned());
        let mut folds = Folds::default();
        for line in folded {
            folds.toggle(&lines, *line);
        }
        let rows = rows(&lines, &folds, columns);
        let rows = rows.iter().enumerate().map(|(index, start)| {
            let next = rows.get(index + 1).copied();
            let row = Row::new(&lines, &folds, &Matches::default(), *start, next);
            let text: String = row.pieces.into_iter().map(|piece| piece.text).collect();
            match (row.is_first, row.fold) {
                (false, _) => format!("+{text}"),
                (true, FoldState::Folded { hidden_lines }) => format!("{text}…{hidden_lines}"),
                (true, _) => text,
            }
        });
        rows.collect()
    }

    #[test]
    fn without_folds_and_long_lines_each_line_is_a_row() {
        assert_eq!(texts(DOCUMENT, &[], 80), DOCUMENT.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_folded_block_keeps_its_first_and_its_last_line() {
        let folded = texts(DOCUMENT, &[2, 3], 80);
        assert_eq!(
            folded,
            ["{", "  \"a\": 1,", "  \"b\": […5", "  ],", "  \"e\": []", "}"]
        );
        assert_eq!(texts(DOCUMENT, &[0], 80), ["{…9", "}"]);
    }

    #[test]
    fn a_long_line_is_wrapped_between_characters() {
        assert_eq!(texts("\"abcdefg\"", &[], 4), ["\"abc", "+defg", "+\""]);
        // A Chinese character has two columns.
        assert_eq!(texts("a中文é", &[], 3), ["a中", "+文é"]);
        assert_eq!(texts("中文", &[], 1), ["中", "+文"]);
        assert_eq!(texts("abcd", &[], 4), ["abcd"]);
    }
}
