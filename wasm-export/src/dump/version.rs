//! The versions of the archive format.

use std::fmt;

use serde::{Serialize, Serializer};

/// The version of an archive's format, whose first number is always 1. It differs from PostgreSQL's: many releases
/// write the same version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchiveVersion {
    /// The second number of the version.
    pub minor: u8,
    /// The third number of the version.
    pub revision: u8,
}

impl ArchiveVersion {
    /// The oldest version that Decant reads: PostgreSQL 8.0.
    pub const OLDEST: Self = Self::from_minor(10);
    /// Entries have a section: PostgreSQL 8.4.
    pub(super) const WITH_SECTION: Self = Self::from_minor(11);
    /// Entries have a table access method: PostgreSQL 12. The versions between changed no layout.
    pub(super) const WITH_ACCESS_METHOD: Self = Self::from_minor(14);
    /// The header contains the method of compression instead of its level: PostgreSQL 16.
    pub(super) const WITH_COMPRESSION: Self = Self::from_minor(15);
    /// Entries have a relation kind: PostgreSQL 17.
    pub(super) const WITH_RELATION_KIND: Self = Self::from_minor(16);
    /// The newest version that Decant reads: PostgreSQL 17 and 18.
    pub const NEWEST: Self = Self {
        minor: 16,
        revision: u8::MAX,
    };

    const fn from_minor(minor: u8) -> Self {
        Self { minor, revision: 0 }
    }
}

impl fmt::Display for ArchiveVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

impl Serialize for ArchiveVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
