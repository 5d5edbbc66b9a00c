//! How much of an archive is held in memory.

/// No item of an archive may be longer: it is held in memory until it has come whole. PostgreSQL's definitions, the
/// longest of what is held, seldom have a thousandth of it.
pub const ITEM_BYTES_MAX: usize = 64 * 1024 * 1024;

/// No archive has more entries: before PostgreSQL 17 each large object has one, and so many are held in memory.
pub const ENTRIES_MAX: usize = 10_000_000;
