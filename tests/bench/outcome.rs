//! The result of a measurement.

/// Every error ends the bench with its message, so no kind is distinguished.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
