//! The cases of the hub's log that even a small demo has.

use super::outcome::{Outcome, Usage};
use super::texts::{BLOCKS, ERRORS};

/// With fewer rows than these, the cases would be most of the demo.
const ROWS_MIN: u64 = 20;

/// A case that one of the first rows has. In all other rows cases come by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Tokens written to the cache, without a split into 5 minutes and 1 hour.
    UnsplitCache,
    /// An answer after retries.
    Retried,
    /// No counts of tokens.
    NoCounts,
    Deleted,
    NoSession,
    /// `provider_chain` is null.
    NoChain,
    /// `provider_chain` is no array, as in old rows.
    OldChain,
    Failed,
    /// No status: the provider has not answered.
    NoAnswer,
    Blocked,
}

/// Cases in the order of the rows. The errors come last.
const CASES: [Case; 10] = [
    Case::UnsplitCache,
    Case::Retried,
    Case::NoCounts,
    Case::Deleted,
    Case::NoSession,
    Case::NoChain,
    Case::OldChain,
    Case::Failed,
    Case::NoAnswer,
    Case::Blocked,
];

impl Case {
    /// Returns the case of the row at this position. Errors are not forced where their share is given.
    pub(crate) fn of_row(position: u64, rows: u64, has_share_of_errors: bool) -> Option<Self> {
        if rows < ROWS_MIN {
            return None;
        }
        let case = *CASES.get(usize::try_from(position).ok()?)?;
        let is_error = matches!(case, Self::Failed | Self::NoAnswer | Self::Blocked);
        (!(is_error && has_share_of_errors)).then_some(case)
    }

    /// Returns the outcome that belongs to the case. `None`: any.
    pub(crate) fn outcome(self) -> Option<Outcome> {
        match self {
            Self::UnsplitCache => Some(Outcome::Answered(Usage {
                // A multiple of 16: `Usage::has_split`.
                input: Some(16),
                output: Some(20),
                cache_write_5m: Some(5000),
                cache_write_1h: None,
                cache_read: Some(30),
            })),
            Self::Retried => Some(Outcome::Answered(Usage {
                input: Some(1001),
                output: Some(100),
                ..Usage::default()
            })),
            Self::NoCounts => Some(Outcome::Answered(Usage::default())),
            Self::Failed => Some(Outcome::Failed(Some(502), ERRORS[0])),
            Self::NoAnswer => Some(Outcome::Failed(None, ERRORS[3])),
            Self::Blocked => Some(Outcome::Blocked(&BLOCKS[0])),
            Self::Deleted | Self::NoSession | Self::NoChain | Self::OldChain => None,
        }
    }
}
