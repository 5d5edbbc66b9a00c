//! Limits of an archive, because its items are held in memory.

/// The longest item in bytes. An item is held in memory until it is complete. Definitions in PostgreSQL, the longest
/// items, seldom have a thousandth of this.
pub const ITEM_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The most entries. Before PostgreSQL 17 each large object has an entry, and all entries are held in memory.
pub const ENTRIES_MAX: usize = 10_000_000;
