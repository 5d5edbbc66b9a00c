//! The pages.

pub mod dataset;
pub mod sign_in;
