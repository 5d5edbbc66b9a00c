//! The pages.

pub mod dataset;
pub mod session_requests;
pub mod sign_in;
