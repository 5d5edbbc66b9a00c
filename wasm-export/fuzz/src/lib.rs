//! What the fuzz targets share.
//!
//! | module | what |
//! |---|---|
//! | [`pieces`] | bytes cut at any places |
//! | [`table`] | rows of any values, as a server sends them and as a file shows them |
//! | [`choices`] | any options |
//! | [`exporting`] | a stream becomes a file, however it is cut |
//! | [`reading`] | a file is read, however it is cut |
//! | [`reference`](mod@reference) | files read by readers that are not ours |
//!
//! `make fuzz` runs every target for `FUZZ_SECONDS`.

pub mod choices;
pub mod exporting;
pub mod pieces;
pub mod reading;
pub mod reference;
pub mod table;
