//! The pages that the routes lead to.

pub mod background_export;
pub mod bundle;
pub mod database;
pub mod dataset;
pub mod export_permissions;
pub mod exports;
pub mod log_cleanup;
pub mod probes;
pub mod schedules;
pub mod session_requests;
pub mod sign_in;
pub mod statistics;
