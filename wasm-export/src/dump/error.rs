//! Errors of dumps, with advice for the administrator.

use std::fmt;

use super::foreign::Foreign;
use super::limits::ITEM_BYTES_MAX;
use super::version::ArchiveVersion;

/// Why a file is not a whole dump. Offsets are bytes from the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DumpError {
    /// The file has no bytes.
    #[error("the file is empty; take the dump again")]
    Empty,
    /// The file has another format.
    #[error("the file is not a dump in pg_dump's custom format: it is {0}")]
    NotAnArchive(Foreign),
    /// The archive's version is newer than those that Decant reads.
    #[error(
        "the dump was made by a newer PostgreSQL: its archive has version {found}, and this Decant reads up to {}; \
         update Decant",
        ArchiveVersion::NEWEST
    )]
    Newer {
        /// The version of the archive, `1.17`.
        found: String,
    },
    /// The archive's version is older than PostgreSQL 8.0.
    #[error(
        "the dump was made by a very old PostgreSQL: its archive has version {found}, and this Decant reads from {} \
         (PostgreSQL 8.0); restore it with a PostgreSQL of that time and dump it again",
        ArchiveVersion::OLDEST
    )]
    Older {
        /// The version of the archive, `1.9`.
        found: String,
    },
    /// The file ends within an item or its data.
    #[error("the dump ends in the middle of {part}, at byte {}: it is cut short; take the dump again", Grouped(*at))]
    CutShort {
        /// The length of the file.
        at: u64,
        /// The part that is incomplete.
        part: DumpPart,
    },
    /// The file ends between two blocks, but the table of contents announces more data.
    #[error(
        "the dump ends at byte {} without the data of {name}{}: it is cut short; take the dump again",
        Grouped(*at), and_more(*more)
    )]
    DataMissing {
        /// The length of the file.
        at: u64,
        /// The first entry whose data is missing.
        name: String,
        /// Number of other entries whose data is missing.
        more: usize,
    },
    /// The file contains bytes that pg_dump does not write.
    #[error("the dump is damaged at byte {}: {fault}; take the dump again", Grouped(*at))]
    Damaged {
        /// Offset of the fault.
        at: u64,
        /// The fault at that offset.
        fault: Fault,
    },
}

impl DumpError {
    /// Returns whether the file is a dump in another format, or a compressed file that may contain a dump.
    pub fn is_foreign_dump(&self) -> bool {
        matches!(
            self,
            Self::NotAnArchive(Foreign::TableOfContents | Foreign::Tar | Foreign::Sql | Foreign::Packed(_))
        )
    }
}

/// A part of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DumpPart {
    /// The part before the table of contents.
    Header,
    /// The table of contents.
    Contents {
        /// Number of entries that have been read.
        read: usize,
        /// Number of entries that the archive announces.
        count: usize,
    },
    /// The type and dump id before the data of an entry.
    BlockHeader,
    /// The data of an entry.
    Data {
        /// The title of the entry.
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
            Self::BlockHeader => f.write_str("the header of a table's data"),
            Self::Data { name } => write!(f, "the data of {name}"),
        }
    }
}

/// A fault in the contents of a dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A number is out of range.
    #[error("{what} cannot be {value}")]
    Number {
        /// The meaning of the number.
        what: &'static str,
        /// The value in the file.
        value: i64,
    },
    /// An item of the table of contents exceeds the limit.
    #[error("an entry of the table of contents is longer than {ITEM_BYTES_MAX} bytes")]
    TooLong,
    /// An entry has no kind.
    #[error("an entry of the table of contents has no kind")]
    NoKind,
    /// Two entries have the same dump id.
    #[error("two entries of the table of contents have the number {id}")]
    SameNumber {
        /// The dump id of both entries.
        id: u32,
    },
    /// An entry is marked both as having data and as having none.
    #[error("the table of contents contradicts itself about the data of {name}")]
    Contradiction {
        /// The title of the entry.
        name: String,
    },
    /// A block refers to an entry that the table of contents lacks.
    #[error("there is data of entry {id}, which the table of contents lacks")]
    UnknownEntry {
        /// The dump id in the block.
        id: i64,
    },
    /// An entry has data although it should have none, or has it twice.
    #[error("there is data of {name} where there should be none, or it comes twice")]
    UnexpectedData {
        /// The title of the entry.
        name: String,
    },
    /// A block contains large objects instead of rows, or rows instead of large objects.
    #[error("the data of {name} is of the wrong kind")]
    WrongKind {
        /// The title of the entry.
        name: String,
    },
    /// The data is not at the offset in the table of contents.
    #[error("the data of {name} should begin at byte {}", Grouped(*said))]
    Elsewhere {
        /// The title of the entry.
        name: String,
        /// The offset in the table of contents.
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
