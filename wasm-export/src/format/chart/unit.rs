//! The units of the numbers in a chart.

use crate::language::Language;

/// What a chart counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Rows, or other things.
    #[default]
    Count,
    /// Bytes, shown as `18.2 MB`.
    Bytes,
}

impl Unit {
    /// Returns a number as people write it.
    pub(super) fn text(self, number: u64, language: Language) -> String {
        match self {
            Self::Count => language.integer(number),
            Self::Bytes => language.bytes(number),
        }
    }
}
