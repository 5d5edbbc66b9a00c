//! What can be wrong with a dump, in words for those who took it.

use std::fmt;

use super::foreign::Foreign;
use super::limits::ITEM_BYTES_MAX;
use super::version::ArchiveVersion;

/// A file is no whole dump. Positions are counted in bytes from the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DumpError {
    /// There is not one byte.
    #[error("the file is empty; take the dump again")]
    Empty,
    /// The file is something else.
    #[error("the file is no dump in pg_dump's custom format: it is {0}")]
    NotAnArchive(Foreign),
    /// The archive's version is not known yet.
    #[error(
        "the dump was made by a newer PostgreSQL: its archive has version {found}, and this Decant reads up to {}; \
         update Decant",
        ArchiveVersion::NEWEST
    )]
    Newer {
        /// The version it has.
        found: String,
    },
    /// The archive's version is from before PostgreSQL 8.0.
    #[error(
        "the dump was made by a very old PostgreSQL: its archive has version {found}, and this Decant reads from {} \
         (PostgreSQL 8.0); restore it with a PostgreSQL of its time and dump anew",
        ArchiveVersion::OLDEST
    )]
    Older {
        /// The version it has.
        found: String,
    },
    /// The file ends too early.
    #[error("the dump ends in the middle of {part}, at byte {}: it is cut short; take the dump again", Grouped(*at))]
    CutShort {
        /// The length of the file.
        at: u64,
        /// In the middle of what.
        part: DumpPart,
    },
    /// The file ends where it might, but data is missing that its table of contents promises.
    #[error(
        "the dump ends at byte {} without the data of {name}{}: it is cut short; take the dump again",
        Grouped(*at), and_more(*more)
    )]
    DataMissing {
        /// The length of the file.
        at: u64,
        /// Whose data is missing.
        name: String,
        /// The data of how many others is missing, too.
        more: usize,
    },
    /// The file is not what pg_dump writes.
    #[error("the dump is damaged at byte {}: {fault}; take the dump again", Grouped(*at))]
    Damaged {
        /// How far it could be read.
        at: u64,
        /// What is wrong there.
        fault: Fault,
    },
}

/// A part of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DumpPart {
    /// What stands before the table of contents.
    Header,
    /// The table of contents.
    Contents {
        /// How many of its entries have been read.
        read: usize,
        /// How many it has.
        count: usize,
    },
    /// What stands before the data of a table.
    BlockHeader,
    /// The data of an entry.
    Data {
        /// What the entry is called.
        name: String,
    },
}

impl fmt::Display for DumpPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("its header"),
            Self::Contents { read, count } => {
                write!(f, "its table of contents ({read} of {count} entries are there)")
            }
            Self::BlockHeader => f.write_str("the mark before a table's data"),
            Self::Data { name } => write!(f, "the data of {name}"),
        }
    }
}

/// What is wrong at a place of a dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A number is none that can stand there.
    #[error("{what} cannot be {value}")]
    Number {
        /// What the number says.
        what: &'static str,
        /// What it is.
        value: i64,
    },
    /// An item of the table of contents does not end.
    #[error("an entry of the table of contents is longer than {ITEM_BYTES_MAX} bytes")]
    TooLong,
    /// An entry does not say what it is.
    #[error("an entry of the table of contents has no kind")]
    NoKind,
    /// Two entries have the same number.
    #[error("two entries of the table of contents have the number {id}")]
    SameNumber {
        /// The number.
        id: u32,
    },
    /// An entry says of itself that it has data, and that it has none.
    #[error("the table of contents contradicts itself about the data of {name}")]
    Contradiction {
        /// What the entry is called.
        name: String,
    },
    /// There is data that the table of contents does not know.
    #[error("there is data of an entry {id}, which the table of contents does not have")]
    UnknownEntry {
        /// The entry's number.
        id: i64,
    },
    /// There is data where none should be.
    #[error("there is data of {name} where there should be none, or it comes twice")]
    UnexpectedData {
        /// What the entry is called.
        name: String,
    },
    /// There are large objects in place of rows, or rows in place of large objects.
    #[error("the data of {name} is of the wrong kind")]
    WrongKind {
        /// What the entry is called.
        name: String,
    },
    /// The data is not where the table of contents says.
    #[error("the data of {name} should begin at byte {}", Grouped(*said))]
    Elsewhere {
        /// What the entry is called.
        name: String,
        /// Where its data should begin.
        said: u64,
    },
}

impl Fault {
    pub(super) fn number(what: &'static str, value: i64) -> Self {
        Self::Number { what, value }
    }
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => " and of 1 more".to_owned(),
        more => format!(" and of {more} more"),
    }
}

/// A number with a comma before every third digit from its end.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let head = (digits.len() - 1) % 3 + 1;
        f.write_str(&digits[..head])?;
        (head..digits.len())
            .step_by(3)
            .try_for_each(|at| write!(f, ",{}", &digits[at..at + 3]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in [
            (0, "0"),
            (12, "12"),
            (123, "123"),
            (1234, "1,234"),
            (1234567, "1,234,567"),
        ] {
            assert_eq!(Grouped(number).to_string(), text);
        }
    }
}
