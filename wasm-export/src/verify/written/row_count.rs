//! The outcome of a count.

/// The number of rows of a file without damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowCount {
    /// Headings, sums and facts about the file are no rows.
    Rows(u64),
    /// The reason why they cannot be counted: a sentence without an end.
    Unknown(&'static str),
}
