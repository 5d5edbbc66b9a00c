//! The version of the raw-row stream, and the length of its lines.

/// The version of the raw-row stream that this crate writes and reads.
pub const VERSION: u32 = 1;

/// The longest header line, in bytes.
pub const HEADER_BYTES_MAX: usize = 1024 * 1024;

/// The longest row or control line, in bytes.
pub const ROW_BYTES_MAX: usize = 64 * 1024 * 1024;
