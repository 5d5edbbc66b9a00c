//! Limits of the parser.

/// The deepest nesting of arrays and objects.
pub const DEPTH_MAX: usize = 512;
